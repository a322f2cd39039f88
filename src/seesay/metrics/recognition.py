"""How well labels are recognised: accuracy, per class, confusion; by scikit-learn (extra `metrics`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seesay.errors import DataError, MissingPartError, UsageError


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
    truth: Sequence[str], probabilities: NDArray[np.floating], classes: Sequence[str], k: int = 5
) -> Recognition:
    """Score predictions.

    Args:
        truth: the right label of each of N clips.
        probabilities: (N, C), one column for each class.
        classes: the C class names.
        k: for `top_k`; at most C counts.

    Raises:
        DataError: nothing to score, shapes that do not fit, or a label that is no class.
        UsageError: k below 1, or a class named twice.
        MissingPartError: scikit-learn is not installed.
    """
    try:
        from sklearn.metrics import confusion_matrix, f1_score, recall_score, top_k_accuracy_score
    except ModuleNotFoundError as error:
        raise MissingPartError(f"this needs {error.name}: pip install 'seesay[metrics]'") from None
    probabilities = np.asarray(probabilities)
    if k < 1 or len(set(classes)) < len(classes):
        raise UsageError(
            f"recognition: k is {k} and the classes are {list(classes)}; k must be 1 or more, classes differ"
        )
    if not len(truth) or probabilities.shape != (len(truth), len(classes)):
        raise DataError(
            f"recognition: probabilities of shape {probabilities.shape} for {len(truth)} labels and "
            f"{len(classes)} classes; expected ({len(truth)}, {len(classes)}), and one clip or more"
        )
    if not np.isfinite(probabilities).all():
        raise DataError("recognition: some probabilities are not numbers; the model's output is broken")
    index = {name: i for i, name in enumerate(classes)}
    strange = sorted(set(truth) - set(index))
    if strange:
        raise DataError(f"recognition: {strange[0]!r} is not among the classes {', '.join(classes)}")
    right = np.array([index[label] for label in truth])
    best, every = probabilities.argmax(axis=1), np.arange(len(classes))
    k = min(k, len(classes))
    # Two classes are a special case in scikit-learn, and with k = C every answer is right.
    among = float(top_k_accuracy_score(right, probabilities, k=k, labels=every)) if 1 < k < len(classes) else 1.0
    top_1 = float((best == right).mean())
    recalls = recall_score(right, best, labels=every, average=None, zero_division=0)
    return Recognition(
        top_1,
        top_1 if k == 1 else among,
        k,
        float(f1_score(right, best, labels=every, average="macro", zero_division=0)),
        dict(zip(classes, recalls.tolist(), strict=True)),
        confusion_matrix(right, best, labels=every),
        tuple(classes),
    )
