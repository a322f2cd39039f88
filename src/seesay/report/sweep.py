"""What a sweep found: mean and spread of each point over its seeds, as tables, plots and a page."""

from __future__ import annotations

import csv
import html
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seesay.errors import UsageError
from seesay.evaluation.captions import write_whole
from seesay.evaluation.measures import Value, show, training_figures
from seesay.evaluation.systems import read_entrant
from seesay.evaluation.tasks import CAPTIONS, LABELS, VIEWS, View
from seesay.report import sweep_plots as plots
from seesay.report.compare_page import markdown_table, plain_table
from seesay.report.page import page

if TYPE_CHECKING:
    from seesay.experiments.sweep import Outcome
    from seesay.experiments.trials import Trial


@dataclass(frozen=True)
class Row:
    """One point, over its seeds.

    Attributes:
        point: its settings.
        seeds: how many runs.
        mean: of each figure.
        spread: sample standard deviation of each; nan with a single run.
    """

    point: Mapping[str, Any]
    seeds: int
    mean: Mapping[str, float]
    spread: Mapping[str, float]


def figures_of(outcome: Outcome) -> dict[str, float]:
    """Every number known of a run: its scores on dev, also of each class, parameters, seconds and speed of training."""
    if outcome.scores is None:
        return {}
    found = {k: float(v) for k, v in outcome.scores.items() if isinstance(v, (int, float))}
    found |= {f"class {label}": share for label, share in outcome.scores.get("per_class", {}).items()}
    entrant = read_entrant(str(outcome.run), outcome.run.name)
    counts = entrant.parameters()
    if None not in counts:
        found["parameters"] = float(sum(filter(None, counts)))
    view = VIEWS[entrant.task]
    if view is CAPTIONS:
        found["perplexity"] = math.exp(min(found["loss"], 700.0))
    seconds, speed = training_figures(entrant.history)
    rate = f"training_{view.learned}_per_second"
    more = {"epochs": float(len(entrant.history)), "training_seconds": seconds, rate: speed}
    return found | {k: v for k, v in more.items() if v is not None}


def summarize(outcomes: Sequence[Outcome]) -> list[Row]:
    """Mean and sample standard deviation of every figure, for each point with a finished run, in order of coming."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.scores is not None:
            groups.setdefault(json.dumps(outcome.point, sort_keys=True), []).append(outcome)
    rows = []
    for group in groups.values():
        each = [figures_of(outcome) for outcome in group]
        common = [key for key in each[0] if all(key in figures for figures in each)]
        values = {key: [figures[key] for figures in each] for key in common}
        spread = {k: statistics.stdev(v) if len(v) > 1 else math.nan for k, v in values.items()}
        rows.append(Row(group[0].point, len(group), {k: statistics.fmean(v) for k, v in values.items()}, spread))
    return rows


def write_sweep(
    title: str,
    outcomes: Sequence[Outcome],
    out: Path,
    signature: str = "",
    trials: Sequence[Trial] = (),
    view: View = CAPTIONS,
) -> list[Row]:
    """Write `index.html`, `sweep.md`, `summary.csv`, `runs.csv` and a plot for each key into `out`.

    Args:
        title: of the page.
        outcomes: of all runs.
        out: a folder that exists.
        signature: how scores were computed; "" takes it from the outcomes.
        trials: of a search; they come as a table and a plot of their own.
        view: of the runs' task.

    Raises:
        UsageError: `out` cannot be written.
    """
    rows = summarize(outcomes)
    signature = signature or next((o.scores.get("signature", "") for o in outcomes if o.scores), "")
    try:
        _write_runs(out / "runs.csv", outcomes)
        _write_summary(out / "summary.csv", rows)
        pictures = plots.draw(rows, trials, out, view)
        failed = [f"{o.run.relative_to(out)}: {o.error}" for o in outcomes if o.error]
        write_whole(out / "sweep.md", _markdown(title, rows, trials, failed, list(pictures), signature, view))
        write_whole(out / "index.html", _page(title, rows, trials, failed, pictures, signature, view))
    except OSError as error:
        raise UsageError(f"{error.filename or out}: cannot be written ({error.strerror or error})") from error
    return rows


def table_of(rows: Sequence[Row], view: View = CAPTIONS, bold: str = "{}") -> tuple[list[str], list[list[str]]]:
    """Heading and lines of the summary: settings, seeds, and mean ± spread of each column that has values."""
    keys = list(dict.fromkeys(key for row in rows for key in row.point))
    shown = [c for c in view.columns if any(c[0] in row.mean for row in rows)]
    lines = [[*(_text(row.point.get(key)) for key in keys), str(row.seeds)] for row in rows]
    for key, _, unit, digits, better in shown:
        cells = [show_spread(row.mean.get(key), row.spread.get(key, math.nan), unit, digits) for row in rows]
        best = max((row.mean[key] * better for row in rows if key in row.mean), default=0.0) if better else math.nan
        apart = len(set(cells)) > 1
        for line, row, cell in zip(lines, rows, cells, strict=True):
            line.append(bold.format(cell) if apart and row.mean.get(key, math.nan) * better == best else cell)
    return [*keys, "seeds", *(heading for _, heading, _, _, _ in shown)], lines


def show_spread(mean: float | None, spread: float, unit: str, digits: int) -> str:
    """`0.4123 ± 0.0045`; without the spread where it is not known or the figure never differs."""
    text = show(mean, unit, digits)
    if mean is None or math.isnan(spread) or unit == "numbers":
        return text
    return f"{text} ± {show(spread, unit, digits)}"


def trial_table(trials: Sequence[Trial], view: View = CAPTIONS) -> tuple[list[str], list[list[str]]]:
    """All trials, the best first."""
    keys = list(dict.fromkeys(key for trial in trials for key in trial.point))
    ranked = sorted(trials, key=lambda t: (t.state != "complete", -(t.value if t.value is not None else -1.0)))
    lines = [
        [str(t.number), t.state, *(_text(t.point.get(key)) for key in keys), show(t.value), t.error] for t in ranked
    ]
    return ["trial", "state", *keys, f"{view.score} on dev", "error"], lines


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)


def _page(
    title: str,
    rows: Sequence[Row],
    trials: Sequence[Trial],
    failed: Sequence[str],
    pictures: Mapping[str, str],
    signature: str,
    view: View,
) -> str:
    body = [f"<h1>{html.escape(title)}</h1>"]
    body += [f'<img class=plot alt="{html.escape(name)}" src="{address}">' for name, address in pictures.items()]
    if trials:
        body += ["<h2>Trials</h2>", plain_table(*trial_table(trials, view))]
    if rows:
        body += ["<h2>Points</h2>", plain_table(*table_of(rows, view))]
    body.append(f"<p class=soft>{view.note}</p>")
    if failed:
        body += ["<h2>Failed</h2><ul>", *(f"<li>{html.escape(line)}</li>" for line in failed), "</ul>"]
    body.append(f"<p class=soft>{html.escape(signature)}</p>")
    return page(title, "\n".join(body))


def _markdown(
    title: str,
    rows: Sequence[Row],
    trials: Sequence[Trial],
    failed: Sequence[str],
    pictures: Sequence[str],
    signature: str,
    view: View,
) -> str:
    parts = [f"# {title}", *(f"![{name}]({name})" for name in pictures)]
    if trials:
        parts += ["## Trials", markdown_table(*trial_table(trials, view))]
    if rows:
        parts += ["## Points", markdown_table(*table_of(rows, view, "**{}**"))]
    parts.append(view.note)
    if failed:
        parts += ["## Failed", "\n".join(f"- {line}" for line in failed)]
    return "\n\n".join([*parts, f"`{signature}`"] if signature else parts) + "\n"


def _write_runs(file: Path, outcomes: Sequence[Outcome]) -> None:
    keys = list(dict.fromkeys(key for o in outcomes for key in o.point))
    each = [figures_of(o) for o in outcomes]
    names = list(dict.fromkeys(name for figures in each for name in figures))
    with file.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow([*keys, "seed", "folder", "error", *names])
        for o, figures in zip(outcomes, each, strict=True):
            values: list[Value] = [figures.get(name, "") for name in names]
            where = f"{o.run.parent.name}/{o.run.name}"
            table.writerow([*(_plain(o.point, key) for key in keys), o.seed, where, o.error, *values])


def _write_summary(file: Path, rows: Sequence[Row]) -> None:
    keys = list(dict.fromkeys(key for row in rows for key in row.point))
    names = list(dict.fromkeys(name for row in rows for name in row.mean))
    with file.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow([*keys, "seeds", *(f"{LABELS.get(n, n)} {what}" for n in names for what in ("mean", "sd"))])
        for row in rows:
            both = [[row.mean.get(n, ""), row.spread.get(n, "")] for n in names]
            numbers = ["" if isinstance(v, float) and math.isnan(v) else v for pair in both for v in pair]
            table.writerow([*(_plain(row.point, key) for key in keys), row.seeds, *numbers])


def _plain(point: Mapping[str, Any], key: str) -> str:
    if key not in point:
        return ""
    return point[key] if isinstance(point[key], str) else json.dumps(point[key])
