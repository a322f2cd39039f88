"""How well labels are recognized: accuracy, per class, confusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import seesay
from seesay.errors import DataError, UsageError
from seesay.metrics.result import Floats, Result
from seesay.metrics.scores import Scores, references_digest
from seesay.text import tokenize

TOP = 5
"""Classes of each clip among which the right one counts for top-5."""


@dataclass(frozen=True, eq=False)
class Recognition:
    """Scores of predicted labels.

    Attributes:
        top_1: share of clips whose likeliest label is right, 0 to 1.
        top_k: the same for the `k` likeliest.
        k: that number.
        macro_f1: mean over classes of the harmonic mean of precision and recall.
        per_class: share of each class's clips that are right.
        confusion: (classes, classes) counts, rows are the truth.
        classes: names, in the order of `confusion`.
    """

    top_1: float
    top_k: float
    k: int
    macro_f1: float
    per_class: dict[str, float]
    confusion: NDArray[np.int64]
    classes: tuple[str, ...]


def recognition(
    references: Sequence[str], probabilities: NDArray[np.floating], classes: Sequence[str], k: int = TOP
) -> Recognition:
    """Score predictions.

    Args:
        references: the right label of each of N clips.
        probabilities: (N, C), one column for each class.
        classes: the C class names.
        k: for `top_k`; at most C counts.

    Raises:
        DataError: nothing to score, shapes that do not fit, or a label that is no class.
        UsageError: k below 1, or a class named twice.
    """
    probabilities = np.asarray(probabilities)
    if k < 1 or len(set(classes)) < len(classes):
        raise UsageError(
            f"recognition: k is {k} and the classes are {list(classes)}; k must be 1 or more, classes differ"
        )
    if not len(references) or probabilities.shape != (len(references), len(classes)):
        raise DataError(
            f"recognition: probabilities of shape {probabilities.shape} for {len(references)} labels and "
            f"{len(classes)} classes; expected ({len(references)}, {len(classes)}), and one clip or more"
        )
    if not np.isfinite(probabilities).all():
        raise DataError("recognition: some probabilities are not numbers; the model's output is broken")
    index = {name: i for i, name in enumerate(classes)}
    strange = sorted(set(references) - set(index))
    if strange:
        raise DataError(f"recognition: {strange[0]!r} is not among the classes {', '.join(classes)}")
    right = np.array([index[label] for label in references])
    order = np.argsort(-probabilities, axis=1, kind="stable")  # of equals the first, as `likeliest` has it
    k = min(k, len(classes))
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (right, order[:, 0]), 1)
    hits = confusion.diagonal().astype(float)
    present, predicted = confusion.sum(1), confusion.sum(0)
    return Recognition(
        float((order[:, 0] == right).mean()),
        float((order[:, :k] == right[:, None]).any(1).mean()),
        k,
        float((2 * hits / np.maximum(present + predicted, 1)).mean()),
        dict(zip(classes, (hits / np.maximum(present, 1)).tolist(), strict=True)),
        confusion,
        tuple(classes),
    )


def likeliest(probabilities: NDArray[np.floating], classes: Sequence[str], k: int = TOP) -> dict[str, float]:
    """The k likeliest of C classes and their probabilities, likeliest first; of equals the first.

    Args:
        probabilities: (C,).
        classes: the C class names.
        k: how many; at most C.
    """
    order = np.argsort(-probabilities, kind="stable")[:k]
    return {classes[i]: float(probabilities[i]) for i in order}


def score_labels(
    references: Mapping[str, str], predictions: Mapping[str, Sequence[str]], classes: Sequence[str]
) -> Scores:
    """`recognition`'s figures from ranked labels alone, in the form that `seesay.metrics.compare` takes.

    Args:
        references: clip id to its right label.
        predictions: the same ids to labels, the likeliest first: `TOP` of them, or as many as there are classes.
        classes: names of all classes.

    Returns:
        Scores "top-1", "top-5", "per class" (the mean over the classes there are) and "macro F1" (over all classes),
        0 to 1. Of single clips the two latter say whether the label is right.

    Raises:
        DataError: nothing to score, a clip without labels, or a label that is no class.
    """
    index = {name: i for i, name in enumerate(classes)}
    strange = next(
        (label for i in references for label in (references[i], *predictions.get(i, ())) if label not in index), None
    )
    if strange is not None:
        raise DataError(f"score_labels: {strange!r} is not among the classes {', '.join(classes)}")
    lacking = next((item for item in references if not predictions.get(item)), None)
    if lacking is not None or not references:
        raise DataError(f"score_labels: no label for {lacking!r}" if references else "score_labels: nothing to score")
    eye = np.eye(len(classes))
    right = eye[[index[references[item]] for item in references]]
    first = eye[[index[predictions[item][0]] for item in references]]
    hits = (right * first).sum(1)
    among = np.array([references[item] in predictions[item][:TOP] for item in references], float)
    counts = np.concatenate([right * first, right, first], 1)  # of each class: right ones, clips, times it was said
    results = {
        "top-1": Result.mean(hits),
        "top-5": Result.mean(among),
        "per class": Result.pooled(counts, _mean_recall, hits),
        "macro F1": Result.pooled(counts, _macro_f1, hits),
    }
    digest = labels_digest(references)
    return Scores(
        {name: result.corpus for name, result in results.items()},
        {name: dict(zip(references, result.items.tolist(), strict=True)) for name, result in results.items()},
        recognition_signature(references, len(classes)),
        results,
        digest,
    )


def labels_digest(references: Mapping[str, str]) -> str:
    """Twelve hex digits that differ where the clips or their labels do, in whatever order they come."""
    return references_digest({item: [tokenize(label)] for item, label in references.items()})


def recognition_signature(references: Mapping[str, str], classes: int) -> str:
    """How accuracy was computed, and on what: put it beside reported scores."""
    counts = (f"items={len(references)}", f"classes={classes}", f"references=labels,sha256={labels_digest(references)}")
    return " | ".join(("accuracy", "scale=0-1", *counts, f"seesay={seesay.__version__}"))


def _mean_recall(sums: Floats) -> Floats:
    right, there, _ = np.split(sums, 3, axis=1)
    present = there > 0
    shares: Floats = (right / np.maximum(there, 1)).sum(1, where=present) / present.sum(1)
    return shares


def _macro_f1(sums: Floats) -> Floats:
    right, there, predictions = np.split(sums, 3, axis=1)
    means: Floats = (2 * right / np.maximum(there + predictions, 1)).mean(1)
    return means
