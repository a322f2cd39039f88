"""What a sweep found: mean and spread of each point over its seeds, as tables, plots and a page."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seesay.evaluation.measures import show
from seesay.evaluation.tasks import CAPTIONS, LABELS, TaskSpec
from seesay.experiments.outcome import Outcome, Trial
from seesay.experiments.summary import PointSummary, SweepResult, figures_of
from seesay.files import write_csv, write_whole
from seesay.metrics.figures import figure_of, for_people, shown
from seesay.report import sweep_plots as plots
from seesay.report.compare_page import markdown_table
from seesay.report.page import page, plain_table, plot, verdict


def write_sweep(found: SweepResult, out: Path) -> Path:
    """Write `index.html`, `sweep.md`, `summary.csv`, `runs.csv` and a plot for each key into `out`, which exists.

    Returns:
        The page.
    """
    rows, trials, spec = found.rows, found.trials, found.plan.spec
    signature = next((o.scores.get("signature", "") for o in found.outcomes if o.scores), "")
    _write_runs(out / "runs.csv", found.outcomes)
    _write_summary(out / "summary.csv", rows)
    pictures = plots.draw(rows, trials, out, spec)
    failed = [f"{o.run.relative_to(out)}: {o.error}" for o in found.outcomes if o.error]
    write_whole(out / "sweep.md", _markdown(found.title, rows, trials, failed, list(pictures), signature, spec))
    page = out / "index.html"
    write_whole(page, _page(found.title, rows, trials, failed, pictures, signature, spec))
    return page


def table_of(
    rows: Sequence[PointSummary], spec: TaskSpec = CAPTIONS, bold: str = "{}"
) -> tuple[list[str], list[list[str]]]:
    """Heading and lines of the summary: settings, seeds, and mean ± spread of each column that has values."""
    keys = list(dict.fromkeys(key for row in rows for key in row.point))
    shown = [c for c in spec.columns if any(c.key in row.mean for row in rows)]
    lines = [[*(_text(row.point.get(key)) for key in keys), str(row.seeds)] for row in rows]
    for figure in shown:
        key, better = figure.key, figure.better
        cells = [
            show_spread(row.mean.get(key), row.spread.get(key, math.nan), figure.unit, figure.digits) for row in rows
        ]
        best = max((row.mean[key] * better for row in rows if key in row.mean), default=0.0) if better else math.nan
        apart = len(set(cells)) > 1
        for line, row, cell in zip(lines, rows, cells, strict=True):
            line.append(bold.format(cell) if apart and row.mean.get(key, math.nan) * better == best else cell)
    return [*keys, "seeds", *(figure.label for figure in shown)], lines


def show_spread(mean: float | None, spread: float, unit: str, digits: int) -> str:
    """`0.4123 ± 0.0045`; without the spread where it is not known or the figure never differs."""
    text = show(mean, unit, digits)
    if mean is None or math.isnan(spread) or unit == "numbers":
        return text
    return f"{text} ± {show(spread, unit, digits)}"


def trial_table(trials: Sequence[Trial], spec: TaskSpec = CAPTIONS) -> tuple[list[str], list[list[str]]]:
    """All trials, the best first."""
    keys = list(dict.fromkeys(key for trial in trials for key in trial.point))
    unit = figure_of(spec.score).unit
    ranked = sorted(trials, key=lambda t: (t.state != "complete", -(t.value if t.value is not None else -1.0)))
    lines = [
        [str(t.number), t.state, *(_text(t.point.get(key)) for key in keys), show(t.value, unit, 1), t.error]
        for t in ranked
    ]
    return ["trial", "state", *keys, f"{spec.score} on dev", "error"], lines


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)


def _page(
    title: str,
    rows: Sequence[PointSummary],
    trials: Sequence[Trial],
    failed: Sequence[str],
    pictures: Mapping[str, str],
    signature: str,
    spec: TaskSpec,
) -> str:
    body = [f"<h1>{html.escape(title)}</h1>", verdict(verdict_of(rows, trials, spec))]
    body += [plot(svg, _about(name)) for name, svg in pictures.items()]
    if trials:
        body += ["<h2>Trials</h2>", plain_table(*trial_table(trials, spec), "trials")]
    if rows:
        body += ["<h2>Points</h2>", plain_table(*table_of(rows, spec), "points")]
    body.append(f"<p class=soft>{spec.note}</p>")
    if failed:
        body += ["<h2>Failed</h2><ul>", *(f"<li>{html.escape(line)}</li>" for line in failed), "</ul>"]
    body.append(f"<p class=soft>{html.escape(for_people(signature))}</p>")
    return page(title, "\n".join(body))


def verdict_of(rows: Sequence[PointSummary], trials: Sequence[Trial], spec: TaskSpec) -> str:
    """Which point is best, and how far ahead of the next it is."""
    name, label = spec.score, LABELS.get(spec.score, spec.score)
    if trials:
        known = [t for t in trials if t.value is not None]
        if not known:
            return "No trial came to an end."
        best = max(known, key=lambda t: t.value or 0.0)
        return f"Best of {len(trials)} trials: {_point(best.point)}, {label} {shown(name, best.value)} on dev."
    ranked = sorted((row for row in rows if name in row.mean), key=lambda row: -row.mean[name])
    if not ranked:
        return "No run came to an end."
    unit, digits = figure_of(name).unit, figure_of(name).digits
    spreads = [show_spread(row.mean[name], row.spread.get(name, math.nan), unit, digits) for row in ranked[:2]]
    texts = [f"{_point(row.point)}, {label} {spread}" for row, spread in zip(ranked, spreads, strict=False)]
    seeds = "one seed" if ranked[0].seeds == 1 else f"{ranked[0].seeds} seeds"
    then = f"; then {texts[1]}" if len(texts) > 1 else ""
    luck = " One seed does not tell settings from luck." if ranked[0].seeds == 1 else ""
    return f"Best on dev, {seeds}: {texts[0]}{then}.{luck}"


def _point(point: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_text(value)}" for key, value in point.items()) or "the recipe"


def _about(name: str) -> str:
    return "The trials in their order" if name == "trials.png" else f"Scores {Path(name).stem.replace('-', ' ', 1)}"


def _markdown(
    title: str,
    rows: Sequence[PointSummary],
    trials: Sequence[Trial],
    failed: Sequence[str],
    pictures: Sequence[str],
    signature: str,
    spec: TaskSpec,
) -> str:
    parts = [f"# {title}", verdict_of(rows, trials, spec), *(f"![{name}]({name})" for name in pictures)]
    if trials:
        parts += ["## Trials", markdown_table(*trial_table(trials, spec))]
    if rows:
        parts += ["## Points", markdown_table(*table_of(rows, spec, "**{}**"))]
    parts.append(spec.note)
    if failed:
        parts += ["## Failed", "\n".join(f"- {line}" for line in failed)]
    return "\n\n".join([*parts, f"`{for_people(signature)}`"] if signature else parts) + "\n"


def _write_runs(file: Path, outcomes: Sequence[Outcome]) -> None:
    keys = list(dict.fromkeys(key for o in outcomes for key in o.point))
    each = [figures_of(o) for o in outcomes]
    names = list(dict.fromkeys(name for figures in each for name in figures))
    rows: list[list[Any]] = [[*keys, "seed", "folder", "error", *names]]
    for o, figures in zip(outcomes, each, strict=True):
        values = [figures.get(name, "") for name in names]
        where = f"{o.run.parent.name}/{o.run.name}"
        rows.append([*(_plain(o.point, key) for key in keys), o.seed, where, o.error, *values])
    write_csv(file, rows)


def _write_summary(file: Path, rows: Sequence[PointSummary]) -> None:
    keys = list(dict.fromkeys(key for row in rows for key in row.point))
    names = list(dict.fromkeys(name for row in rows for name in row.mean))
    heading = [*keys, "seeds", *(f"{LABELS.get(n, n)} {what}" for n in names for what in ("mean", "sd"))]
    lines: list[list[Any]] = [heading]
    for row in rows:
        both = [[row.mean.get(n, ""), row.spread.get(n, "")] for n in names]
        numbers = ["" if isinstance(v, float) and math.isnan(v) else v for pair in both for v in pair]
        lines.append([*(_plain(row.point, key) for key in keys), row.seeds, *numbers])
    write_csv(file, lines)


def _plain(point: Mapping[str, Any], key: str) -> str:
    if key not in point:
        return ""
    return point[key] if isinstance(point[key], str) else json.dumps(point[key])
