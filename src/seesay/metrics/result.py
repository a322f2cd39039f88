"""What every metric gives, and the tokens it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from seesay.errors import UsageError

Tokens: TypeAlias = Sequence[str]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Result:
    """One metric's scores.

    Args:
        corpus: score of all items together, in natural units (0 to 1, CIDEr 0 to 10).
        items: score of each item, in the order given: (items,) float64.
        statistics: (items, S) what the corpus score is made of; adds up over items.
        combine: sums of statistics (sets, S) to corpus scores (sets,): the score of any choice of items, an item
            counted as often as it was chosen.
    """

    corpus: float
    items: Floats
    statistics: Floats = field(repr=False)
    combine: Callable[[Floats], Floats] = field(repr=False)

    @classmethod
    def mean(cls, items: Floats) -> Result:
        """Of a metric whose corpus score is the mean of its items' scores."""
        statistics = np.stack([items, np.ones_like(items)], axis=1)
        return cls(float(items.mean()), items, statistics, _ratio)

    @classmethod
    def pooled(cls, statistics: Floats, combine: Callable[[Floats], Floats], items: Floats) -> Result:
        """Of a metric whose corpus score comes from counts added up over items."""
        return cls(float(combine(statistics.sum(axis=0, keepdims=True))[0]), items, statistics, combine)


def _ratio(sums: Floats) -> Floats:
    return sums[:, 0] / sums[:, 1]


def check_tokens(hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> None:
    """Refuse text where token lists belong, and sides that do not fit.

    Raises:
        UsageError: one line that says which.
    """
    if len(hypotheses) != len(references) or not len(hypotheses):
        raise UsageError(
            f"{len(hypotheses)} hypotheses and {len(references)} lists of references; expected as many, and one or more"
        )
    for i, (hypothesis, texts) in enumerate(zip(hypotheses, references, strict=True)):
        if isinstance(hypothesis, str) or isinstance(texts, str) or any(isinstance(text, str) for text in texts):
            raise UsageError(
                f"item {i} is text where token lists belong; use seesay.metrics.score, or tokenize it first"
            )
        if not len(texts):
            raise UsageError(f"item {i} has no reference; give it one or leave it out")
