"""CIDEr-D and CIDEr (Vedantam et al. 2015) with the references' side prepared once.

The number that the COCO caption tools print as "CIDEr" is CIDEr-D: counts clipped, and a Gaussian penalty on the
difference in length. `CiderD` computes that one. `Cider` is the metric of the paper's section 4 without either (and,
as everything here, without stemming); it is not comparable with published "CIDEr" figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seesay.errors import DataError, UsageError
from seesay.metrics.frequencies import CountedFrequencies, Frequencies
from seesay.metrics.ngrams import ORDER, Captions, Counts, References, add_up, count_ngrams, find, ordering, spans
from seesay.metrics.registry import POINTS, Figure, Metric, Scored, Texts, register
from seesay.metrics.result import Floats, Result, Tokens
from seesay.text import tokenize

_MEANING = "agreement with people's words, rare ones count more; higher is better, above 100 too"


class CiderD:
    """CIDEr-D: tf-idf cosine of n-grams with counts clipped and a Gaussian penalty on length; equals the COCO tools.

    Vedantam et al. 2015, section 4 and the appendix on CIDEr-D. All that depends on the references alone is computed
    once, so that the same object can reward training.

    Args:
        references: captions of each item, as text or as token lists; at least two items.
        sigma: width of the length penalty, in words.
        frequencies: stored document frequencies (see `Frequencies`); None counts them in these references.

    Raises:
        UsageError: for fewer than two items: every n-gram would be in every document and weigh nothing.
        DataError: for an item without references.
    """

    name = "CIDEr-D"
    _clip = True

    def __init__(
        self,
        references: References | Mapping[str, Sequence[str | Tokens]],
        sigma: float = 6.0,
        frequencies: Frequencies | CountedFrequencies | None = None,
    ) -> None:
        if len(references) < 2 and frequencies is None:
            raise self.too_few(len(references))
        self.sigma = sigma
        if not isinstance(references, References):
            for item, texts in references.items():
                if isinstance(texts, str):
                    raise UsageError(f"{self.name}: the references of {item!r} are one text; give a list of captions")
                if not texts:
                    raise DataError(f"{self.name}: item {item!r} has no reference; give it one or leave it out")
            references = References({item: [_tokens(t) for t in texts] for item, texts in references.items()})
        self.references = references
        counts, items = references.counts, references.captions.items
        self._grams, rank = counts.grams, counts.gram
        # Rows of references' n-grams, sorted by item and n-gram; `_keys` are the distinct ones of these.
        key = items[counts.caption] * len(self._grams) + rank
        order = ordering(key)
        key = key[order]
        self._key_starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
        self._keys, self._key_counts = key[self._key_starts], np.diff(np.r_[self._key_starts, len(key)])
        # Others' references may hold what these do not.
        self._elsewhere = frequencies if isinstance(frequencies, CountedFrequencies) else None
        frequencies = frequencies or CountedFrequencies(references)
        self._unseen = float(np.log(frequencies.documents))
        self._idf = self._unseen - np.log(np.maximum(1.0, frequencies.of(self._grams, references.ids)))
        self.signature = f"{self.name}(order={ORDER},{self._penalty()}{frequencies.source})"
        weight = counts.count * self._idf[rank]
        self._norms = np.sqrt(_by_order(counts, weight**2, len(items)))
        self._row_caption, self._row_weight = counts.caption[order], weight[order]
        self._captions = np.bincount(items, minlength=len(references))  # references of each item
        self._first = np.cumsum(self._captions) - self._captions

    @classmethod
    def too_few(cls, items: int) -> UsageError:
        """What is raised where document frequencies would be counted in so few items."""
        return UsageError(
            f"{cls.name}: {items} item(s) with references; document frequencies need two or more, "
            "so score more items together or leave CIDEr out"
        )

    def score_items(self, hypotheses: Iterable[tuple[str, str | Tokens]]) -> Floats:
        """Score of each (item id, caption: text or token list), in the order given: (hypotheses,) float64, 0 to 10.

        An id may come several times, for several captions of one item.

        Raises:
            DataError: for an id without references.
        """
        try:
            candidates = self.references.hypotheses((item, _tokens(caption)) for item, caption in hypotheses)
        except KeyError as error:
            raise DataError(
                f"{self.name}: item {error.args[0]!r} has no references; give them when the metric is made"
            ) from None
        return self.of(candidates, count_ngrams(candidates))

    def of(self, candidates: Captions, counts: Counts) -> Floats:
        """As `score_items`, of captions that are counted already, by this object's word ids."""
        size, items = len(candidates.lengths), candidates.items
        found = find(self._grams, counts.grams)
        idf = np.append(self._idf, self._unseen)[found]  # the last is what -1 gives
        if self._elsewhere is not None:
            idf[found < 0] -= np.log(np.maximum(1.0, self._elsewhere.of(counts.grams[found < 0], self.references.ids)))
        gram, weight = found[counts.gram], counts.count * idf[counts.gram]
        norms = np.sqrt(_by_order(counts, weight**2, size))
        # Each n-gram of a hypothesis with the same n-gram of each of the item's references.
        key = find(self._keys, items[counts.caption] * len(self._grams) + gram)
        shared = np.flatnonzero((gram >= 0) & (key >= 0))
        owner, row = spans(self._key_starts[key[shared]], self._key_counts[key[shared]])
        mine = shared[owner]
        theirs = self._row_weight[row]
        products = (np.minimum(weight[mine], theirs) if self._clip else weight[mine]) * theirs
        # One cell for each hypothesis, reference of its item, and order.
        pair_hypothesis, pair_reference = spans(self._first[items], self._captions[items])
        pair_start = np.cumsum(self._captions[items]) - self._captions[items]
        caption = counts.caption[mine]
        pair = pair_start[caption] + self._row_caption[row] - self._first[items[caption]]
        dots = add_up(pair * ORDER + counts.order[mine], products, len(pair_hypothesis) * ORDER)
        scale = norms[pair_hypothesis] * self._norms[pair_reference]
        dots = dots.reshape(-1, ORDER)
        cosines = np.divide(dots, scale, out=np.zeros_like(dots), where=scale != 0).mean(axis=1)
        if self._clip:
            # The COCO tools measure length in bigrams.
            bigrams = np.maximum(0, candidates.lengths - 1)[pair_hypothesis]
            apart = bigrams - np.maximum(0, self.references.captions.lengths - 1)[pair_reference]
            cosines *= np.exp(-(apart**2) / (2 * self.sigma**2))
        return 10 * add_up(pair_hypothesis, cosines, size) / self._captions[items]

    def __call__(self, hypotheses: Mapping[str, Tokens]) -> dict[str, Result]:
        """Scores of one token list for each id, under the metric's name; the corpus score is the mean of the items'."""
        return {self.name: Result.mean(self.score_items(hypotheses.items()))}

    def _penalty(self) -> str:
        return f"clipped,sigma={self.sigma:g},"


class Cider(CiderD):
    """Plain CIDEr: as `CiderD`, counts not clipped and length not penalized. Named "CIDEr-plain" in reports.

    Vedantam et al. 2015, eq. 2 and 3, without stemming, times 10. Not the "CIDEr" of the COCO tools.
    """

    name = "CIDEr-plain"
    _clip = False

    def _penalty(self) -> str:
        return ""


def _by_order(counts: Counts, values: NDArray[np.number], captions: int) -> Floats:
    """Sums of values over the n-grams of each caption and order: (captions, ORDER)."""
    return add_up(counts.caption * ORDER + counts.order, values, captions * ORDER).reshape(captions, ORDER)


def _tokens(caption: str | Tokens) -> Tokens:
    return tokenize(caption) if isinstance(caption, str) else caption


@register("cider")
class _CiderD(Metric):
    label = "CIDEr"
    rank = 3
    figures: ClassVar[tuple[Figure, ...]] = (
        Figure("CIDEr", "CIDEr", POINTS, digits=1, same_as="CIDEr-D", meaning=_MEANING),
        Figure("CIDEr-D", "CIDEr-D", POINTS, digits=1, meaning=_MEANING),
    )
    usual = True
    aliases: ClassVar[tuple[str, ...]] = ("cider-d", "ciderd")
    _cider: ClassVar[type[CiderD]] = CiderD

    def compute(self, texts: Texts) -> Scored:
        # Stored frequencies are looked up for all references at once: what none of these holds counts as unseen.
        counted, parts = texts.frequencies is None, []
        if counted and len(texts.candidates) < 2:
            raise self._cider.too_few(len(texts.candidates))
        frequencies = texts.document_frequencies
        for captions, counts, references in texts.blocks() if counted else [texts.whole()]:
            cider = self._cider(references, frequencies=frequencies)
            parts.append(cider.of(captions, counts))
        result = Result.mean(np.concatenate(parts))
        return {figure.key: result for figure in self.figures}, cider.signature

    @classmethod
    def missing_for(cls, items: int) -> str | None:
        return "its document frequencies need two items or more" if items < 2 else None


@register("cider-plain")
class _Cider(_CiderD):
    label = "plain CIDEr"
    rank = 4
    figures = (Figure("CIDEr-plain", "CIDEr without clipping", POINTS, digits=1, meaning=_MEANING),)
    usual = False
    aliases = ()
    _cider = Cider
