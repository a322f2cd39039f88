"""Activities of a whole split: saved first, then scored, then shown."""

from __future__ import annotations

import csv
import html
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seesay.data import Sample, read_dataset
from seesay.data.sample import source_of
from seesay.errors import DataError, MediaError, UsageError
from seesay.evaluation.captions import write_whole
from seesay.media import decode_ahead
from seesay.media.modality import Modality
from seesay.metrics.recognition import Recognition, recognition, recognition_signature
from seesay.report.page import page
from seesay.runtime.loading import load_recognizer
from seesay.runtime.recognizer import CLIPS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NUMBERED = 30  # classes in a confusion matrix whose counts are written into it


@dataclass(frozen=True)
class RecognitionReport:
    """What `evaluate_recognition` found.

    Attributes:
        model: the model's name.
        split: which split, of how many clips.
        scores: accuracy and the rest; see `seesay.metrics.recognition`.
        notes: a line on clips passed over.
        signature: how the scores were computed, and on what.
        modality: what they are: clips, or texts or sounds.
    """

    model: str
    split: str
    clips: int
    scores: Recognition
    notes: tuple[str, ...] = ()
    signature: str = ""
    modality: Modality = "clip"

    def to_json(self) -> dict[str, Any]:
        """Scores by their names, and the rest beside them."""
        found = self.scores
        return {
            **self.figures,
            "per_class": found.per_class,
            "classes": list(found.classes),
            "confusion": found.confusion.tolist(),
            "model": self.model,
            "split": self.split,
            f"{self.modality}s": self.clips,
            "signature": self.signature,
            "notes": list(self.notes),
        }

    @property
    def figures(self) -> dict[str, float]:
        """Accuracy, of the likeliest and among the k likeliest; its mean over the classes there are; macro F1."""
        there = [
            found for found, row in zip(self.scores.per_class.values(), self.scores.confusion, strict=True) if row.sum()
        ]
        return {
            "top-1": self.scores.top_1,
            "top-5": self.scores.top_k,
            "per class": float(np.mean(there)),
            "macro F1": self.scores.macro_f1,
        }


def evaluate_recognition(
    model: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    data: str,
    split: str,
    out: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> RecognitionReport:
    """Recognize a split and score it.

    Writes to `out`: `predictions.json` before anything is scored, `scores.json`, `per_clip.csv` (or `per_text.csv`,
    `per_sound.csv`), `confusion.png` and `report.html`. A clip that does not open is passed over and counted in
    `notes`.

    Args:
        model: an exported recognizer's name, folder or .zip, or a list of them, whose probabilities are averaged.
        data: `FORMAT:PATH`, labeled.
        split: train, dev or test.
        out: a folder, made if need be.
        on_progress: told clips done and clips in all.

    Raises:
        DataError: no such split, a clip without a label or with one the model does not know, or not one clip opens.
        UsageError: `out` cannot be written.
    """
    recognizer = load_recognizer(model)
    samples = read_dataset(data).split(split)
    for sample in samples:
        if sample.label not in recognizer.labels:
            known = ", ".join(recognizer.labels)
            raise DataError(f"{sample.media}: its class is {sample.label!r}, and {recognizer.name} knows {known}")
    rows: dict[int, NDArray[np.float32]] = {}
    broken: list[MediaError] = []
    kind = recognizer.modality
    for indices, pixels, faults in decode_ahead(
        map(source_of, samples), recognizer.preprocessing, CLIPS, on_error="yield"
    ):
        broken += [error for _, error in faults]
        if indices:
            rows |= dict(zip(indices, recognizer.probabilities(pixels), strict=True))
        on_progress(len(rows) + len(broken), len(samples))
    if not rows:
        raise DataError(f"{data}: not one {kind} of {split!r} opens, for example {broken[0]}")
    kept = [samples[i] for i in sorted(rows)]
    probabilities = np.stack([rows[i] for i in sorted(rows)])
    try:
        out.mkdir(parents=True, exist_ok=True)
        said = [
            {"id": s.id, "predictions": [one.to_json() for one in recognizer.best(p)]}
            for s, p in zip(kept, probabilities, strict=True)
        ]
        write_whole(out / "predictions.json", json.dumps(said, ensure_ascii=False, indent=0))
        scores = recognition([str(s.label) for s in kept], probabilities, recognizer.labels)
        signature = recognition_signature({s.id: str(s.label) for s in kept}, len(recognizer.labels))
        first = f", the first: {broken[0]}" if broken else ""
        notes = (f"{len(broken)} of {len(samples)} {kind}s do not open and are passed over{first}",) if broken else ()
        found = RecognitionReport(recognizer.name, split, len(kept), scores, notes, signature, kind)
        write_whole(out / "scores.json", json.dumps(found.to_json(), ensure_ascii=False, indent=1))
        _write_clips(out / f"per_{kind}.csv", kept, probabilities, recognizer.labels)
        write_whole(out / "report.html", recognition_page(found, _picture(scores, out / "confusion.png")))
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
    return found


def _write_clips(
    file: Path, samples: list[Sample], probabilities: NDArray[np.float32], labels: tuple[str, ...]
) -> None:
    with file.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["id", "label", "predicted", *labels])
        for sample, each in zip(samples, probabilities, strict=True):
            likeliest = labels[int(each.argmax())]
            table.writerow([sample.id, sample.label, likeliest, *(f"{p:.6f}" for p in each)])


def _picture(scores: Recognition, file: Path) -> str:
    """The confusion matrix as an address that a page can carry; nothing where matplotlib is not installed."""
    try:
        from seesay.report.plots import write_png

        return write_png(confusion_matrix(scores), file)
    except ModuleNotFoundError:
        return ""


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
    axes.set(xlabel="said", ylabel="true")
    if len(names) <= _MOST_NUMBERED:
        for row, column in zip(*counts.nonzero(), strict=True):
            light = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=light, fontsize=8)
    figure.colorbar(drawn, ax=axes, shrink=0.8, label="share of the class")
    return figure


def recognition_page(found: RecognitionReport, confusion: str) -> str:
    """Scores, accuracy of each class, and the confusion matrix."""
    figures = "".join(f"<tr><th>{name}</th><td>{value:.4f}</td></tr>" for name, value in found.figures.items())
    classes = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{int(row.sum())}</td><td>{share:.4f}</td></tr>"
        for (name, share), row in zip(found.scores.per_class.items(), found.scores.confusion, strict=True)
    )
    title = f"{found.model} on {found.split}, {found.clips} {found.modality}s"
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
