"""Captions as arrays: word ids, and how often each n-gram is in each caption, counted for all captions at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from seesay.metrics.result import Floats, Tokens

Ints: TypeAlias = NDArray[np.int64]
Hashes: TypeAlias = NDArray[np.uint64]
ORDER = 4
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Captions:
    """Captions end to end.

    Attributes:
        words: (T,) word ids, of 32 or 64 bits.
        lengths: (S,) words in each caption.
        items: (S,) the item each caption belongs to.
    """

    words: NDArray[np.integer]
    lengths: Ints
    items: Ints

    @classmethod
    def of(cls, captions: Iterable[Tokens], items: Sequence[int] | Ints, ids: dict[str, int]) -> Captions:
        """Captions of these items, by ids; new words join `ids`."""
        captions = list(captions)
        words = list(chain.from_iterable(captions))
        for word in dict.fromkeys(words):
            ids.setdefault(word, len(ids))
        flat = np.fromiter(map(ids.__getitem__, words), np.int32, len(words))
        return cls(flat, np.fromiter(map(len, captions), np.int64, len(captions)), np.asarray(items, np.int64))

    def split(self, items: Ints) -> Iterator[Captions]:
        """Those of the items between each two of these numbers, which are counted anew; the items are in order."""
        captions = np.searchsorted(self.items, items)
        words = np.append(self.starts, len(self.words))[captions]
        for i in range(len(items) - 1):
            mine = slice(captions[i], captions[i + 1])
            yield Captions(self.words[words[i] : words[i + 1]], self.lengths[mine], self.items[mine] - items[i])

    @property
    def starts(self) -> Ints:
        """(S,) where each begins."""
        starts: Ints = np.cumsum(self.lengths) - self.lengths
        return starts

    @property
    def owners(self) -> Ints:
        """(T,) the caption of each word."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @property
    def places(self) -> Ints:
        """(T,) the place of each word in its caption."""
        return np.arange(len(self.words)) - np.repeat(self.starts, self.lengths)


@dataclass(frozen=True)
class Counts:
    """How often an n-gram is in a caption; all (N,), sorted by caption.

    Attributes:
        caption: index of the caption.
        order: words in the n-gram, less one.
        gram: which n-gram, an index into `grams`.
        count: how often, 1 or more.
        grams: hashes of all n-grams there are, sorted; two n-grams share one about never (64 bits).
    """

    caption: Ints
    order: Ints
    gram: Ints
    count: Ints
    grams: Hashes


BLOCK = 256
"""Items that `References.blocks` takes together: what is counted of them stays in the processor's cache."""


class References:
    """Items' references, counted once for any number of hypotheses.

    Args:
        texts: token lists of each item, one or more.
    """

    def __init__(self, texts: Mapping[str, Sequence[Tokens]]) -> None:
        self.index = {item: i for i, item in enumerate(texts)}
        self.ids: dict[str, int] = {}
        owners = [i for i, captions in enumerate(texts.values()) for _ in captions]
        self.captions = Captions.of((c for captions in texts.values() for c in captions), owners, self.ids)
        self._size = len(self.index)

    @cached_property
    def counts(self) -> Counts:
        """The n-grams of all references; takes 40 times the memory of the words."""
        return count_ngrams(self.captions)

    def __len__(self) -> int:
        return self._size

    def bounds(self) -> Ints:
        """Where blocks of a few items begin, and the end of the last."""
        return np.append(np.arange(0, len(self), BLOCK), len(self))

    def blocks(self) -> Iterator[References]:
        """A few items after another, by the same word ids, so that few n-grams are in memory at a time."""
        bounds = self.bounds()
        for first, last, part in zip(bounds, bounds[1:], self.captions.split(bounds), strict=False):
            block = References({})
            block.ids, block.captions, block._size = self.ids, part, int(last - first)
            yield block

    def hypotheses(self, pairs: Iterable[tuple[str, Tokens]]) -> Captions:
        """Captions of these items, by the references' word ids; an item may have several.

        Raises:
            KeyError: an item that has no references.
        """
        candidates = list(pairs)
        items = [self.index[item] for item, _ in candidates]
        strange = any(word not in self.ids for _, tokens in candidates for word in tokens)
        return Captions.of((tokens for _, tokens in candidates), items, dict(self.ids) if strange else self.ids)


def count_ngrams(captions: Captions) -> Counts:
    """Every distinct n-gram of one to four words of every caption, with its count."""
    size = len(captions.words)
    left = np.repeat(captions.lengths, captions.lengths) - captions.places
    hashes = np.zeros((size, ORDER), np.uint64)
    for n in range(ORDER):
        room = np.flatnonzero(left > n)
        shorter = hashes[room, n - 1] if n else np.zeros(len(room), np.uint64)
        hashes[room, n] = extend_hash(shorter, captions.words[room + n])
    place, order = np.nonzero(left[:, None] > np.arange(ORDER))
    grams, rank = np.unique(hashes[place, order], return_inverse=True)
    orders_of = np.zeros(len(grams), np.int64)
    orders_of[rank] = order
    key = np.sort(captions.owners[place] * max(1, len(grams)) + rank)
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
    caption, rank = np.divmod(key[first], max(1, len(grams)))
    return Counts(caption, orders_of[rank], rank, np.diff(np.r_[first, len(key)]), grams)


def extend_hash(hashes: Hashes, words: NDArray[np.integer]) -> Hashes:
    """Hashes of word sequences, each one word longer."""
    return hashes * _PRIME + words.astype(np.uint64) + np.uint64(1)


def ordering(*columns: Ints) -> Ints:
    """Rows sorted by the first column, then the next and so on, then their own order; no value is negative.

    Where 63 bits can hold all columns they are sorted as one number, in a fraction of the time.
    """
    places = np.arange(len(columns[0]))
    bits = [int(column.max(initial=0)).bit_length() for column in (*columns, places)]
    if sum(bits) > 63:
        return np.lexsort(columns[::-1])
    packed = np.zeros(len(places), np.int64)
    for column, width in zip((*columns, places), bits, strict=True):
        packed = packed << width | column
    packed.sort()  # much faster than an argsort, since no index has to follow
    return packed & ((1 << bits[-1]) - 1)


def spans(starts: NDArray[np.integer], counts: NDArray[np.integer]) -> tuple[Ints, Ints]:
    """Indexes start … start + count - 1 of each span, end to end: which span, and the index."""
    counts = np.asarray(counts, np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts - starts, counts)


def add_up(cells: Ints, values: NDArray[np.number], size: int) -> Floats:
    """Sums of the values that fall into each cell: (size,) float64 (`bincount` alone counts in integers when empty)."""
    return np.bincount(cells, values, size).astype(np.float64, copy=False)


def find(ordered: NDArray[np.generic], asked: NDArray[np.generic]) -> Ints:
    """Where each value stands in an ordered array of distinct ones, -1 where it does not."""
    if not len(ordered):
        return np.full(len(asked), -1)
    place = np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)
    return np.where(ordered[place] == asked, place, -1)
