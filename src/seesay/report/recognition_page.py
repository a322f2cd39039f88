"""The page of a recognizer's evaluation."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seesay.evaluation.recognition import RecognitionEvaluation
from seesay.metrics.figures import figure_of, for_people, shown
from seesay.metrics.recognition import Recognition
from seesay.report.page import page, plain_table, plot, verdict
from seesay.report.plots import write_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NUMBERED = 30  # classes in a confusion matrix whose counts are written into it


def confusion_picture(scores: Recognition, file: Path) -> str:
    """The confusion matrix as a page shows it; nothing where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        return ""
    return write_plot(confusion_matrix(scores), file)


def confusion_matrix(scores: Recognition) -> Figure:
    """Rows are what clips show, columns what the model says; shaded by the share of the row, counts written in."""
    from matplotlib.figure import Figure

    counts, names = scores.confusion, scores.classes
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = min(16.0, 2.8 + 0.42 * len(names))
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xlabel="predicted", ylabel="true")
    if len(names) <= _MOST_NUMBERED:
        for row, column in zip(*counts.nonzero(), strict=True):
            light = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=light, fontsize=8)
    figure.colorbar(drawn, ax=axes, shrink=0.8, label="share of the class")
    return figure


def recognition_page(found: RecognitionEvaluation, confusion: str) -> str:
    """A sentence, scores, accuracy of each class, and the confusion matrix."""
    figures = [[figure_of(n).label, shown(n, v), figure_of(n).meaning] for n, v in found.figures.items()]
    classes = [
        [name, str(int(row.sum())), shown("top-1", share) if row.sum() else "–"]
        for (name, share), row in zip(found.scores.per_class.items(), found.scores.confusion, strict=True)
    ]
    title = f"{found.model} on {found.split}, {found.count:,} {found.modality}s"
    notes = "".join(f"<p>⚠ {html.escape(note)}</p>" for note in found.notes)
    what = "Rows are the right classes, columns what the model says"
    picture = f"<h2>What is taken for what</h2><p>{what}.</p>{plot(confusion, f'Confusion matrix. {what}')}"
    return page(
        title,
        f"<h1>{html.escape(title)}</h1>{verdict(verdict_of(found))}{notes}"
        f"{plain_table(['', found.model, 'what it says'], figures, 'scores')}"
        f"<h2>Each class</h2>{plain_table(['class', f'{found.modality}s', 'accuracy'], classes, 'accuracy by class')}"
        f'{picture if confusion else ""}<p class="soft">{html.escape(for_people(found.signature))}</p>',
    )


def verdict_of(found: RecognitionEvaluation) -> str:
    """What the scores come to, in a sentence."""
    text = f"{found.model} names the right class of {shown('top-1', found.scores.top_1)} % of {found.count:,} "
    text += f"{found.modality}s"
    there = [
        (share, name)
        for (name, share), row in zip(found.scores.per_class.items(), found.scores.confusion, strict=True)
        if row.sum()
    ]
    share, name = min(there)
    return f"{text}; weakest is {name!r}, {shown('top-1', share)} %." if len(there) > 1 and share < 1 else f"{text}."
