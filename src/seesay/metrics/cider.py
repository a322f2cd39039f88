"""CIDEr-D and CIDEr (Vedantam et al. 2015) with the references' side prepared once.

The number that the COCO caption tools print as "CIDEr" is CIDEr-D: counts clipped, and a Gaussian penalty on the
difference in length. `CiderD` computes that one. `Cider` is the metric of the paper's section 4 without either (and,
as everything here, without stemming); it is not comparable with published "CIDEr" figures.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seesay.errors import DataError, UsageError
from seesay.metrics.result import Result, Tokens
from seesay.text import tokenize

_ORDER = 4
Ngram: TypeAlias = tuple[str, ...]


class _Item(NamedTuple):
    """One item's references, R of them with U distinct n-grams among them."""

    rows: dict[Ngram, int]
    weights: NDArray[np.float64]  # (U, R) tf-idf
    norms: NDArray[np.float64]  # (order, R)
    lengths: NDArray[np.float64]  # (R,) words less one: the COCO tools count bigrams


class CiderD:
    """CIDEr-D: tf-idf cosine of n-grams with counts clipped and a Gaussian penalty on length; equals the COCO tools.

    Vedantam et al. 2015, section 4 and the appendix on CIDEr-D. Document frequencies are those of the references
    given here. Items are prepared when they are first scored and then kept, so the same object can reward training.

    Args:
        references: captions of each item, as text or as token lists; at least two items.
        sigma: width of the length penalty, in words.

    Raises:
        UsageError: for fewer than two items: every n-gram would be in every document and weigh nothing.
        DataError: for an item without references.
    """

    name = "CIDEr-D"
    _clip = True

    def __init__(self, references: Mapping[str, Sequence[str | Tokens]], sigma: float = 6.0) -> None:
        if len(references) < 2:
            raise UsageError(
                f"{self.name}: {len(references)} item(s) with references; document frequencies need two or more, "
                "so score more items together or leave CIDEr out"
            )
        self.sigma = sigma
        self.signature = f"{self.name}(order={_ORDER},{self._penalty()}df={len(references)} reference sets)"
        self._tokens = {item: [_tokens(text) for text in texts] for item, texts in references.items()}
        frequency: Counter[Ngram] = Counter()
        for item, captions in self._tokens.items():
            if not captions:
                raise DataError(f"{self.name}: item {item!r} has no reference; give it one or leave it out")
            frequency.update({ngram for caption in captions for ngram in _ngrams(caption)})
        self._unseen = math.log(len(references))
        self._weight = {ngram: self._unseen - math.log(count) for ngram, count in frequency.items()}
        self._items: dict[str, _Item] = {}

    def score_items(self, hypotheses: Iterable[tuple[str, Tokens]]) -> NDArray[np.float64]:
        """Score of each (item id, token list), in the order given: (hypotheses,) float64, 0 to 10.

        An id may come several times, for several captions of one item.

        Raises:
            DataError: for an id without references.
        """
        return np.array([self._score(item, tokens) for item, tokens in hypotheses], dtype=np.float64)

    def __call__(self, hypotheses: Mapping[str, Tokens]) -> dict[str, Result]:
        """Scores of one token list for each id, under the metric's name; the corpus score is the mean of the items'."""
        items = self.score_items(hypotheses.items())
        return {self.name: Result(float(items.mean()), items)}

    def _score(self, item: str, tokens: Tokens) -> float:
        known = self._items.get(item) or self._prepare(item)
        norms = [0.0] * _ORDER
        rows: list[int] = []
        values: list[float] = []
        orders: list[int] = []
        for ngram, count in _ngrams(tokens).items():
            value = count * self._weight.get(ngram, self._unseen)
            order = len(ngram) - 1
            norms[order] += value * value
            row = known.rows.get(ngram)
            if row is not None:
                rows.append(row)
                values.append(value)
                orders.append(order)
        if not rows:
            return 0.0
        weights = known.weights[rows]
        own = np.array(values)[:, None]
        products = (np.minimum(own, weights) if self._clip else own) * weights
        dots = np.zeros_like(known.norms)
        np.add.at(dots, orders, products)
        scale = np.sqrt(norms)[:, None] * known.norms
        cosines = np.divide(dots, scale, out=dots, where=scale != 0).mean(axis=0)
        if self._clip:
            cosines = cosines * np.exp(-((max(0, len(tokens) - 1) - known.lengths) ** 2) / (2 * self.sigma**2))
        return 10.0 * float(cosines.mean())

    def _prepare(self, item: str) -> _Item:
        captions = self._tokens.get(item)
        if captions is None:
            raise DataError(f"{self.name}: item {item!r} has no references; give them when the metric is made")
        rows: dict[Ngram, int] = {}
        counts = [_ngrams(caption) for caption in captions]
        for count in counts:
            for ngram in count:
                rows.setdefault(ngram, len(rows))
        weights = np.zeros((len(rows), len(captions)))
        for column, count in enumerate(counts):
            for ngram, times in count.items():
                weights[rows[ngram], column] = times * self._weight[ngram]
        norms = np.zeros((_ORDER, len(captions)))
        np.add.at(norms, [len(ngram) - 1 for ngram in rows], weights**2)
        lengths = np.array([max(0, len(caption) - 1) for caption in captions], dtype=np.float64)
        self._items[item] = prepared = _Item(rows, weights, np.sqrt(norms), lengths)
        return prepared

    def _penalty(self) -> str:
        return f"clipped,sigma={self.sigma:g},"


class Cider(CiderD):
    """Plain CIDEr: as `CiderD`, counts not clipped and length not penalised. Named "CIDEr-plain" in reports.

    Vedantam et al. 2015, eq. 2 and 3, without stemming, times 10. Not the "CIDEr" of the COCO tools.
    """

    name = "CIDEr-plain"
    _clip = False

    def _penalty(self) -> str:
        return ""


def _tokens(caption: str | Tokens) -> Tokens:
    return tokenize(caption) if isinstance(caption, str) else caption


def _ngrams(tokens: Tokens) -> Counter[Ngram]:
    """Every n-gram of one to four words with its count."""
    words = tuple(tokens)
    size = len(words)
    return Counter([words[i : i + n] for n in range(1, _ORDER + 1) for i in range(size - n + 1)])
