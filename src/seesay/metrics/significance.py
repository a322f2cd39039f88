"""Is one system better than another, or was it luck? Paired bootstrap over items (Koehn 2004; Efron and Tibshirani)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seesay.errors import DataError, UsageError
from seesay.metrics.result import Floats
from seesay.metrics.scores import Scores

_SETS_AT_ONCE = 100
_NOTHING = 1e-6
"""Smaller differences are none: where no four words match, BLEU is made of the smoothing's constants alone."""


@dataclass(frozen=True)
class Difference:
    """First system's score less the second's.

    Attributes:
        first: corpus score of the first system.
        second: corpus score of the second.
        low: lower end of the 95 % interval of first - second.
        high: upper end.
        p: two-sided: how often chance alone would turn the sign, over all sets drawn (never exactly 0).
    """

    first: float
    second: float
    low: float
    high: float
    p: float


def compare(first: Scores, second: Scores, *, samples: int = 1000, seed: int = 0) -> dict[str, Difference]:
    """Draw items with repetition, the same ones for both systems, and score each set as a corpus.

    Corpus scores such as BLEU's are computed anew for every set from what they are made of; they are not means of
    item scores. CIDEr's document frequencies stay those of all items.

    Args:
        first: scores of the first system, from `score`.
        second: scores of the second, for the same items and metrics.
        samples: sets drawn.
        seed: of the draw.

    Returns:
        For each score both systems have, the difference with its interval.

    Raises:
        DataError: the two are of different items, or were scored against different references.
    """
    if samples < 1:
        raise UsageError(f"compare: samples is {samples}; it must be 1 or more, 1,000 is usual")
    items = next(iter(first.items.values()), {}).keys()
    others = next(iter(second.items.values()), {}).keys()
    if list(items) != list(others):
        raise DataError("compare: the two systems must be scored on the same items, in the same order")
    if first.references and second.references and first.references != second.references:
        raise DataError(
            f"compare: the two systems were scored against different references ({first.references} and "
            f"{second.references}) of the same items; score both against the same ones"
        )
    names = [name for name in first.results if name in second.results]
    draws = _draw(len(items), samples, seed)
    if not names:
        raise DataError("compare: the two systems were scored by different metrics")
    found = {}
    for name in names:
        one, two = first.results[name], second.results[name]
        gaps = np.concatenate([one.combine(d @ one.statistics) - two.combine(d @ two.statistics) for d in draws])
        gaps[np.abs(gaps) < _NOTHING] = 0
        low, high = np.quantile(gaps, [0.025, 0.975]).tolist()
        turned = min((gaps <= 0).sum(), (gaps >= 0).sum())
        p = min(1.0, 2 * (turned + 1) / (samples + 1))
        found[name] = Difference(one.corpus, two.corpus, low, high, float(p))
    return found


def _draw(items: int, samples: int, seed: int) -> list[Floats]:
    """How often each item is in each set: parts of (samples, items)."""
    chance = np.random.default_rng(seed)
    sizes = [min(_SETS_AT_ONCE, samples - done) for done in range(0, samples, _SETS_AT_ONCE)]
    return [
        np.stack([np.bincount(chance.integers(0, items, items), minlength=items) for _ in range(size)]).astype(float)
        for size in sizes
    ]


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> tuple[int, int, float]:
    """The exact test of McNemar (1947): do two recognizers differ in how often they are right of the same items?

    Only items of which one alone is right tell the two apart; were both equally good, each of these would be a toss of
    a coin.

    Args:
        first: whether the first is right, for each item.
        second: the same of the second.

    Returns:
        Items of which the first alone is right, those of which the second alone is, and the two-sided p.
    """
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    tosses = only_first + only_second
    tail = sum(math.comb(tosses, i) for i in range(min(only_first, only_second) + 1))
    return only_first, only_second, min(1.0, 2 * tail / 2**tosses)
