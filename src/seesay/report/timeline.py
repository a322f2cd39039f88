"""A clip's activities over time, plotted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seesay.report.plots import style, write_plot

SHOWN = 6


def plot(rows: Sequence[tuple[float, NDArray[np.float32]]], labels: Sequence[str], title: str, file: Path) -> Figure:
    """Draw the classes that are likeliest at some moment, and write the picture.

    Args:
        rows: seconds and probabilities (C,), in order; one or more.
        labels: the C classes.
        title: of the picture.
        file: a .png.
    """
    seconds = [second for second, _ in rows]
    probabilities = np.stack([each for _, each in rows])
    peaks = probabilities.max(0)
    chosen = np.argsort(-peaks, kind="stable")[:SHOWN]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    for index, place in enumerate(chosen):
        axes.plot(seconds, probabilities[:, place], label=labels[place], **style(index))
    axes.set(xlabel="seconds", ylabel="probability", ylim=(0, 1), title=title)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", frameon=False, fontsize=9)
    write_plot(figure, file)
    return figure
