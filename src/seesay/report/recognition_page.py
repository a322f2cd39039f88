"""The page of a recognizer's evaluation."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seesay.evaluation.recognition import RecognitionEvaluation
from seesay.metrics.recognition import Recognition
from seesay.report.page import page
from seesay.report.plots import write_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NUMBERED = 30  # classes in a confusion matrix whose counts are written into it


def confusion_picture(scores: Recognition, file: Path) -> str:
    """The confusion matrix as an address that a page can carry; nothing where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        return ""
    return write_png(confusion_matrix(scores), file)


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
    """Scores, accuracy of each class, and the confusion matrix."""
    figures = "".join(f"<tr><th>{name}</th><td>{value:.4f}</td></tr>" for name, value in found.figures.items())
    classes = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{int(row.sum())}</td><td>{share:.4f}</td></tr>"
        for (name, share), row in zip(found.scores.per_class.items(), found.scores.confusion, strict=True)
    )
    title = f"{found.model} on {found.split}, {found.count} {found.modality}s"
    notes = "".join(f"<p class=soft>{html.escape(note)}</p>" for note in found.notes)
    picture = (
        f'<h2>What is taken for what</h2><img class=wide alt="Confusion matrix" src="{confusion}">' if confusion else ""
    )
    return page(
        title,
        f"<h1>{html.escape(title)}</h1>{notes}<table>{figures}</table>"
        "<h2>Each class</h2><table class=figures>"
        f"<thead><tr><th>class</th><th>{found.modality}s</th><th>accuracy</th></tr></thead>"
        f"<tbody>{classes}</tbody></table>{picture}",
    )
