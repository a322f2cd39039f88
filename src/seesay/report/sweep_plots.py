"""A sweep's plots: each figure against each setting, and a search's trials."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seesay.evaluation.tasks import TaskSpec
from seesay.metrics.figures import scale_of
from seesay.report.plots import COLORS, legend, panels, style, write_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seesay.experiments.outcome import Trial
    from seesay.experiments.summary import PointSummary

SERIES = 7
"""More choices of the other settings than this are not told apart, but averaged."""


def draw(rows: Sequence[PointSummary], trials: Sequence[Trial], out: Path, spec: TaskSpec) -> dict[str, str]:
    """Write the plots into `out`: file name to what a page shows."""
    made = {}
    keys = [] if trials else list(dict.fromkeys(key for row in rows for key in row.point))
    for key in keys:
        name = f"against-{re.sub(r'[^A-Za-z0-9._-]+', '_', key)}.png"
        made[name] = write_plot(against(key, rows, spec), out / name)
    if trials:
        made["trials.png"] = write_plot(trial_plot(trials, spec), out / "trials.png")
    return made


def against(key: str, rows: Sequence[PointSummary], spec: TaskSpec) -> Figure:
    """Mean ± spread of each figure against one setting: lines for numbers, bars for names.

    With other settings varied too there is a series for each choice of them, or, past seven, their mean and the
    spread over them.
    """
    rows = [row for row in rows if key in row.point]
    values = list(dict.fromkeys(json.dumps(row.point[key]) for row in rows))
    numbers = [number(json.loads(value)) for value in values]
    series = _series(key, rows)
    shown = [(k, title) for k, title in spec.panels if _moves(k, series.values())] or [spec.panels[0]]
    figure, made = panels([title for _, title in shown])
    for axes, (figure_key, _) in zip(made, shown, strict=True):
        table = {
            name: {json.dumps(row.point[key]): (row.mean, row.spread) for row in group}
            for name, group in series.items()
            if name
        } or _averaged(key, rows)
        scale = scale_of(figure_key)
        points = {
            name: [
                (i, scale * each[v][0][figure_key], scale * each[v][1].get(figure_key, math.nan))
                for i, v in enumerate(values)
                if v in each and figure_key in each[v][0]
            ]
            for name, each in table.items()
        }
        if None in numbers:
            _bars(axes, points, [str(json.loads(v)) for v in values])
        else:
            _lines(axes, points, [n for n in numbers if n is not None])
        axes.set_xlabel(key)
    if len(series) > 1:
        legend(figure, made[0])
    return figure


def _moves(figure: str, series: Iterable[Sequence[PointSummary]]) -> bool:
    """Whether a figure changes with the setting at all: a beam leaves the perplexity and the training time alone."""
    return any(len({row.mean[figure] for row in rows if figure in row.mean}) > 1 for rows in series)


def _series(key: str, rows: Sequence[PointSummary]) -> dict[str, list[PointSummary]]:
    """Rows by the choice of the other settings; one nameless series where there are too many."""
    found: dict[str, list[PointSummary]] = {}
    for row in rows:
        others = {k: v for k, v in row.point.items() if k != key}
        found.setdefault(", ".join(f"{k.split('.')[-1]}={v}" for k, v in others.items()) or "all", []).append(row)
    return found if len(found) <= SERIES else {"": list(rows)}


def _averaged(
    key: str, rows: Sequence[PointSummary]
) -> dict[str, dict[str, tuple[Mapping[str, float], Mapping[str, float]]]]:
    groups: dict[str, list[PointSummary]] = {}
    for row in rows:
        groups.setdefault(json.dumps(row.point[key]), []).append(row)
    found: dict[str, tuple[Mapping[str, float], Mapping[str, float]]] = {}
    for value, group in groups.items():
        names = [n for n in group[0].mean if all(n in row.mean for row in group)]
        means = {n: [row.mean[n] for row in group] for n in names}
        spreads = {n: statistics.stdev(v) if len(v) > 1 else math.nan for n, v in means.items()}
        found[value] = ({n: statistics.fmean(v) for n, v in means.items()}, spreads)
    return {"mean over the other settings": found}


Points = Mapping[str, Sequence[tuple[int, float, float]]]
"""Series to place of the value, mean and spread."""


def _lines(axes: Axes, points: Points, numbers: Sequence[float]) -> None:
    from matplotlib.ticker import NullLocator

    places = sorted(set(numbers))
    log = len(places) > 2 and places[0] > 0 and places[-1] / places[0] >= 20
    for index, (name, each) in enumerate(points.items()):
        ordered = sorted(each, key=lambda p: numbers[p[0]])
        aside = 0.012 * (index - (len(points) - 1) / 2)  # of the axis' width, so that bars do not hide each other
        if log:
            x = [numbers[i] * (places[-1] / places[0]) ** aside for i, _, _ in ordered]
        else:
            x = [numbers[i] + (places[-1] - places[0]) * aside for i, _, _ in ordered]
        spread = [0.0 if math.isnan(s) else s for _, _, s in ordered]
        y = [mean for _, mean, _ in ordered]
        axes.errorbar(x, y, yerr=spread if any(spread) else None, label=name, capsize=4, **style(index))
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    if len(places) <= 8:
        axes.set_xticks(places, [f"{place:g}" for place in places])


def _bars(axes: Axes, points: Points, names: Sequence[str]) -> None:
    width = 0.8 / len(points)
    for index, (name, each) in enumerate(points.items()):
        x = [i + (index - (len(points) - 1) / 2) * width for i, _, _ in each]
        y = [mean for _, mean, _ in each]
        spread = [0.0 if math.isnan(s) else s for _, _, s in each]
        axes.bar(
            x,
            y,
            width * 0.92,
            yerr=spread if any(spread) else None,
            capsize=4,
            label=name,
            color=COLORS[index % len(COLORS)],
        )
        if len(points) * len(names) <= 6:
            for place, mean, above in zip(x, y, spread, strict=True):
                axes.annotate(
                    f"{mean:.3g}", (place, mean + above), (0, 3), textcoords="offset points", ha="center", fontsize=9
                )
    axes.margins(y=0.12)
    axes.set_ylim(bottom=0, top=1 if not any(mean for each in points.values() for _, mean, _ in each) else None)
    axes.set_axisbelow(True)
    axes.grid(axis="x", visible=False)
    long = max(map(len, names)) > 12 and len(names) > 2
    axes.set_xticks(range(len(names)), names, rotation=30 if long else 0, ha="right" if long else "center")


def trial_plot(trials: Sequence[Trial], spec: TaskSpec) -> Figure:
    """The score of the trials as they came, with the best so far, and against each setting."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

    keys = list(dict.fromkeys(key for trial in trials for key in trial.point))
    figure, made = panels(["trials in order", *keys])
    scale = scale_of(spec.score)
    known = [t for t in trials if t.value is not None]
    looks: dict[str, dict[str, Any]] = {
        "complete": {"color": COLORS[0], "marker": "o"},
        "pruned": {"color": COLORS[4], "marker": "x"},
    }
    for axes, key in zip(made, [None, *keys], strict=True):
        values = list(dict.fromkeys(str(t.point.get(key or "")) for t in known))
        numeric = all(number(t.point.get(key or "")) is not None for t in known)
        for state, look in looks.items():
            chosen = [t for t in known if t.state == state]
            if key is None:
                x: list[float] = [float(t.number) for t in chosen]
            elif numeric:
                x = [number(t.point[key]) or 0.0 for t in chosen]
            else:
                x = [float(values.index(str(t.point.get(key)))) for t in chosen]
            axes.plot(
                x, [scale * (t.value or 0.0) for t in chosen], linestyle="none", label=state if chosen else None, **look
            )
        axes.set_ylabel(f"dev {spec.score}")
        if key is None:
            done = [t for t in known if t.state == "complete"]
            best = [scale * max(t.value or 0.0 for t in done[: i + 1]) for i in range(len(done))]
            axes.step([t.number for t in done], best, where="post", color=COLORS[1], label="best so far")
            axes.set_xlabel("trial")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        elif not numeric:
            axes.set_xticks(range(len(values)), values)
            axes.set_xlim(-0.5, len(values) - 0.5)
        else:
            x = [number(t.point[key]) or 0.0 for t in known]
            if x and min(x) > 0 and max(x) / min(x) >= 20:
                axes.set_xscale("log")
                axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
                axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
                axes.xaxis.set_minor_locator(NullLocator())
    legend(figure, made[0])
    return figure


def number(value: Any) -> float | None:
    """A value as a number, where it is one; YAML takes `1e-3` for text."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
