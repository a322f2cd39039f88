"""Plots for pages and files: readable without color, and with any kind of color sight."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seesay.evaluation.tasks import LABELS
from seesay.files import write_whole
from seesay.metrics import Difference
from seesay.metrics.figures import scale_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette without its yellow, which is lost on white; told apart by every common kind of color sight.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", ":", "-.")
CURVES = (
    ("loss", "loss, as trained on"),
    ("dev loss", "dev loss (nats per token)"),
    ("dev CIDEr-D", "dev CIDEr-D"),
    ("dev Bleu_4", "dev BLEU-4"),
    ("dev ROUGE_L", "dev ROUGE-L"),
    ("dev top-1", "dev accuracy"),
    ("dev top-5", "dev accuracy among the five likeliest"),
    ("dev per class", "dev accuracy, mean over classes"),
    ("dev distinct", "distinct captions on dev, %"),
    ("captions_per_second", "training speed (captions/s)"),
    ("waiting_share", "waiting for data, % of time"),
    ("reward", "reward (CIDEr-D of samples)"),
    ("unfinished", "samples without an end, %"),
)
_OF_CLIPS = {"dev loss": "dev loss (nats per clip)", "captions_per_second": "training speed (clips/s)"}
"""Titles that are others where labels are learned."""


def style(index: int) -> dict[str, Any]:
    """Color, marker and line of the series with this number: no two alike up to 28."""
    kinds = len(COLORS)
    return {
        "color": COLORS[index % kinds],
        "marker": MARKERS[index % kinds],
        "linestyle": LINES[index // kinds % len(LINES)],
        "markersize": 5,
    }


def panels(titles: Sequence[str], columns: int = 3) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each title, `columns` beside each other."""
    from matplotlib.figure import Figure

    columns = min(columns, len(titles))
    rows = math.ceil(len(titles) / columns)
    figure = Figure(figsize=(4.2 * columns, 3.1 * rows + 0.5), layout="constrained")
    made = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, title in zip(made, titles, strict=False):
        axes.set_title(title, fontsize=10)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in made[len(titles) :]:
        axes.set_visible(False)
    return figure, made[: len(titles)]


def legend(figure: Figure, axes: Axes, columns: int = 4) -> None:
    """One legend for all panels, below them."""
    handles, labels = axes.get_legend_handles_labels()
    longest = max(map(len, labels), default=0)
    fitting = max(1, min(columns, 120 // (longest + 6)))
    figure.legend(handles, labels, loc="outside lower center", ncols=fitting, frameon=False, fontsize=9)


def curves(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure | None:
    """Each run's figures over its epochs, a panel for each figure that any run has; None where there are no epochs."""
    from matplotlib.ticker import MaxNLocator

    keys = {key for rows in histories.values() for row in rows for key in row}
    titles = dict(CURVES) | (_OF_CLIPS if "dev top-1" in keys else {})
    shown = [(key, title) for key, title in titles.items() if key in keys]
    if not shown:
        return None
    figure, made = panels([title for _, title in shown])
    for axes, (key, title) in zip(made, shown, strict=True):
        for index, (name, rows) in enumerate(histories.items()):
            scale = 100 if "%" in title else scale_of(key.removeprefix("dev "))
            points = [(row["epoch"], scale * row[key]) for row in rows if key in row]
            axes.plot([x for x, _ in points], [y for _, y in points], label=name, **style(index))
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if key in ("dev distinct", "waiting_share", "captions_per_second", "unfinished"):
            axes.set_ylim(bottom=0)
    legend(figure, made[0])
    return figure


def differences(found: Mapping[str, Mapping[str, Difference]], first: str) -> Figure:
    """For each score, how far each run lies from the first, with its 95 % interval; hollow where it may be luck."""
    scores = list(dict.fromkeys(score for each in found.values() for score in each))
    figure, (axes,) = panels([f"difference from {first}, with its 95 % interval"])
    figure.set_size_inches(8.4, 1.6 + len(scores) * (0.25 + 0.2 * len(found)))
    apart = 0.8 / max(1, len(found))
    for index, (name, each) in enumerate(found.items()):
        look = style(index + 1) | {"linestyle": "none"}
        for row, score in enumerate(scores):
            if score not in each:
                continue
            d = each[score]
            y = row + (index - (len(found) - 1) / 2) * apart
            axes.plot([100 * d.low, 100 * d.high], [y, y], color=look["color"], linewidth=2)
            inside = look["color"] if d.p < 0.05 else "white"
            axes.plot(
                [100 * (d.first - d.second)], [y], label=name if row == 0 else None, markerfacecolor=inside, **look
            )
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(range(len(scores)), [LABELS.get(score, score) for score in scores])
    axes.set_ylim(len(scores) - 0.5, -0.5)
    axes.set_xlabel("points (score × 100); right of the line is better; hollow: p ≥ 0.05, may be luck")
    axes.grid(axis="y", visible=False)
    if len(found) > 1:
        legend(figure, axes)
    else:
        axes.set_title(f"{next(iter(found))}: difference from {first}, with its 95 % interval", fontsize=10)
    return figure


def write_plot(figure: Figure, file: Path) -> str:
    """Save a figure as PNG, and give it back as SVG for a page, its words as text."""
    import matplotlib

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, facecolor="white")
    write_whole(file, buffer.getvalue())
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": file.name}):
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", facecolor="white", metadata={"Date": None})
    return drawn.getvalue()
