"""Document frequencies of n-grams, kept apart from the references they were counted in."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seesay.errors import DataError
from seesay.metrics.ngrams import ORDER, Hashes, References, extend_hash, find
from seesay.metrics.result import Floats
from seesay.plain_pickle import load_plain
from seesay.reading import read_file


class Frequencies:
    """In how many documents (items' references) each n-gram occurs.

    Args:
        counts: n-gram (a tuple of one to four words) to number of documents.
        documents: documents in all.
        name: shown in signatures.
    """

    def __init__(self, counts: Mapping[Sequence[str], float], documents: float, name: str) -> None:
        self.documents, self.name = documents, name
        self._counts = {tuple(gram): float(count) for gram, count in counts.items() if len(gram) <= ORDER}

    @property
    def source(self) -> str:
        """As signatures name it."""
        return f"df={self.name},{self.documents:g} documents"

    def of(self, grams: Hashes, ids: Mapping[str, int]) -> Floats:
        """Frequencies by the hashes of n-grams whose words have these ids; 0 where there is none."""
        known = [(gram, count) for gram, count in self._counts.items() if all(word in ids for word in gram)]
        hashes = np.zeros(len(known), np.uint64)
        for n in range(ORDER):
            longer = [i for i, (gram, _) in enumerate(known) if len(gram) > n]
            words = np.array([ids[known[i][0][n]] for i in longer], np.int64)
            hashes[longer] = extend_hash(hashes[longer], words)
        order = np.argsort(hashes)
        place = find(hashes[order], grams)
        values = np.array([count for _, count in known])[order] if known else np.zeros(1)
        return np.where(place >= 0, values[place], 0.0)


class CountedFrequencies:
    """In the references of how many items each n-gram occurs.

    Args:
        references: counted a few items after another; what one item alone has is not kept.
    """

    def __init__(self, references: References) -> None:
        self.documents = len(references)
        self.source = f"df={self.documents} reference sets"
        # Hashes of each item's n-grams, each once; what is not written of these takes no memory.
        lengths = references.captions.lengths
        hashes = np.empty(sum(int(np.maximum(0, lengths - n).sum()) for n in range(ORDER)), np.uint64)
        size = 0
        for block in references.blocks():
            counts, items = block.counts, block.captions.items
            keys = np.sort(counts.gram * len(block) + items[counts.caption])
            first = np.r_[True, keys[1:] != keys[:-1]][: len(keys)]
            found = counts.grams[keys[first] // len(block)]
            hashes[size : size + len(found)] = found
            size += len(found)
        hashes = hashes[:size]
        hashes.sort()
        again = np.r_[False, hashes[1:] == hashes[:-1], False][: size + 1]  # whether each is as the one before
        begins = np.flatnonzero(~again[:-1] & again[1:])
        self._grams = hashes[begins]
        self._counts = np.flatnonzero(again[:-1] & ~again[1:]) - begins + 1

    def of(self, grams: Hashes, ids: Mapping[str, int]) -> Floats:
        """Frequencies of n-grams by their hashes; 0 where it is one or none, which weigh alike."""
        place = find(self._grams, grams)
        return np.where(place >= 0, np.append(self._counts, 0)[place], 0).astype(np.float64)


def read_frequencies(file: str | Path) -> Frequencies:
    """Read a stored table: the pickle that COCO's self-critical tools write, without running code that is in it.

    Such a file holds `document_frequency` (n-gram tuple to count) and `ref_len` (number of documents, or its
    logarithm, as some of the tools keep it).

    Raises:
        DataError: no such table, or the file holds anything but plain data.
    """
    path = Path(file)
    try:
        table = load_plain(read_file(path, 1 << 30))
        counts, documents = table["document_frequency"], float(table["ref_len"])
        largest = max(counts.values())
        if not all(isinstance(gram, tuple) for gram in counts):
            raise ValueError("n-grams are tuples of words")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # a damaged pickle raises anything at all
        why = f" ({error})" if isinstance(error, pickle.UnpicklingError) and "it holds" in str(error) else ""
        raise DataError(
            f"{path}: not a table of document frequencies{why}; expected a pickle with document_frequency and ref_len"
        ) from error
    if documents < largest:  # its logarithm
        documents = math.exp(documents)
    return Frequencies(counts, documents, path.name)
