"""Captions as arrays: word ids, and how often each n-gram is in each caption, counted for all captions at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
        words: (T,) word ids.
        lengths: (S,) words in each caption.
        items: (S,) the item each caption belongs to.
    """

    words: Ints
    lengths: Ints
    items: Ints

    @classmethod
    def of(cls, captions: Iterable[Tokens], items: Sequence[int] | Ints, ids: dict[str, int]) -> Captions:
        """Captions of these items, by ids; new words join `ids`."""
        lengths, words = [], []
        for caption in captions:
            lengths.append(len(caption))
            words += [ids.setdefault(word, len(ids)) for word in caption]
        return cls(np.array(words, np.int64), np.array(lengths, np.int64), np.asarray(items, np.int64))

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
        gram: hash of the n-gram; two n-grams share one about never (64 bits).
        count: how often, 1 or more.
    """

    caption: Ints
    order: Ints
    gram: Hashes
    count: Ints


def count_ngrams(captions: Captions) -> Counts:
    """Every distinct n-gram of one to four words of every caption, with its count."""
    owners = captions.owners
    left = np.repeat(captions.lengths, captions.lengths) - captions.places
    place, hashes = np.arange(len(captions.words)), np.zeros(len(captions.words), np.uint64)
    grams, callers, orders = [], [], []
    for n in range(ORDER):
        room = left[place] > n
        place, hashes = place[room], extend_hash(hashes[room], captions.words[place[room] + n])
        grams.append(hashes)
        callers.append(owners[place])
        orders.append(np.full(len(place), n))
    gram, caption, order = np.concatenate(grams), np.concatenate(callers), np.concatenate(orders)
    distinct, rank = np.unique(gram, return_inverse=True)
    _, first, count = np.unique(caption * max(1, len(distinct)) + rank, return_index=True, return_counts=True)
    return Counts(caption[first], order[first], gram[first], count)


def extend_hash(hashes: Hashes, words: Ints) -> Hashes:
    """Hashes of word sequences, each one word longer."""
    return hashes * _PRIME + words.astype(np.uint64) + np.uint64(1)


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
