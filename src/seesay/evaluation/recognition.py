"""Labels of a whole split: saved first, then scored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.data import Sample, read_dataset
from seesay.data.identity import overlap_note
from seesay.data.sample import source_of
from seesay.engines import open_networks
from seesay.errors import DataError, MediaError
from seesay.evaluation.saving import save_predictions
from seesay.media import decode_ahead
from seesay.media.modality import Modality
from seesay.metrics.recognition import Recognition, recognition, recognition_signature
from seesay.progress import ProgressCallback, silent
from seesay.runtime.loading import load_recognizer
from seesay.runtime.recognizer import CLIPS


@dataclass(frozen=True, eq=False)
class RecognitionEvaluation:
    """What `evaluate_recognition` found.

    Attributes:
        model: the model's name.
        split: which split, of how many clips.
        scores: accuracy and the rest; see `seesay.metrics.recognition`.
        notes: a line on clips passed over.
        signature: how the scores were computed, and on what.
        modality: what they are: clips, or texts or sounds.
        predictions: id and likeliest labels of each, as JSON.
        samples: those that were recognized.
        probabilities: (samples, classes) float32; None where they are not at hand.
    """

    model: str
    split: str
    count: int
    scores: Recognition
    notes: tuple[str, ...] = ()
    signature: str = ""
    modality: Modality = "clip"
    predictions: tuple[dict[str, Any], ...] = ()
    samples: tuple[Sample, ...] = ()
    probabilities: NDArray[np.float32] | None = None

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
            "modality": self.modality,
            "count": self.count,
            f"{self.modality}s": self.count,
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
    *,
    predictions: Path | None = None,
    on_progress: ProgressCallback = silent,
) -> RecognitionEvaluation:
    """Recognize a split and score it; `seesay.report.write` writes what comes of it.

    A clip that does not open is passed over and counted in `notes`.

    Args:
        model: an exported recognizer's name, folder or .zip, or a list of them, whose probabilities are averaged.
        data: `FORMAT:PATH`, labeled.
        split: train, dev or test.
        predictions: a file for the labels, written before anything is scored; None saves none.
        on_progress: called with clips done and clips in all.

    Raises:
        DataError: no such split, a clip without a label or with one the model does not know, or not one clip opens.
        UsageError: `predictions` cannot be written.
    """
    recognizer = load_recognizer(model, networks=open_networks)
    samples = read_dataset(data, default_splits=True).split(split)
    for sample in samples:
        if sample.label not in recognizer.labels:
            known = ", ".join(recognizer.labels)
            raise DataError(f"{sample.media}: its class is {sample.label!r}, and {recognizer.name} knows {known}")
    rows: dict[int, NDArray[np.float32]] = {}
    broken: list[MediaError] = []
    modality = recognizer.modality
    for indices, pixels, faults in decode_ahead(
        map(source_of, samples), recognizer.preprocessing, CLIPS, on_error="yield"
    ):
        broken += [error for _, error in faults]
        if indices:
            rows |= dict(zip(indices, recognizer.probabilities(pixels), strict=True))
        on_progress(len(rows) + len(broken), len(samples))
    if not rows:
        raise DataError(f"{data}: not one {modality} of {split!r} opens, for example {broken[0]}")
    kept = [samples[i] for i in sorted(rows)]
    probabilities = np.stack([rows[i] for i in sorted(rows)])
    labels = [
        {"id": s.id, "predictions": [one.to_json() for one in recognizer.best(p)]}
        for s, p in zip(kept, probabilities, strict=True)
    ]
    save_predictions(predictions, labels)
    passed_over = []
    if broken:
        passed_over = [
            f"{len(broken)} of {len(samples)} {modality}s do not open and are passed over, the first: {broken[0]}"
        ]
    return RecognitionEvaluation(
        recognizer.name,
        split,
        len(kept),
        recognition([str(s.label) for s in kept], probabilities, recognizer.labels),
        (*passed_over, *overlap_note(recognizer.name, kept, recognizer.artifact.manifest.training, modality)),
        recognition_signature({s.id: str(s.label) for s in kept}, len(recognizer.labels)),
        modality,
        tuple(labels),
        tuple(kept),
        probabilities,
    )
