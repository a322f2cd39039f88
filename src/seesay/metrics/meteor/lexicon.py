"""METEOR 1.5's English data: stems, WordNet synonyms, paraphrases, function words, in a form that opens at once.

The data (LGPL and WordNet license) comes with PyPI's `pycocoevalcap` and is read from there, never shipped: the first
use converts it, once, into arrays in the cache folder, which are memory-mapped from then on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.metrics.meteor.stemmer import stem
from seesay.metrics.ngrams import Hashes, Ints, find, spans

FILTER_BITS = 25
# WordNet's morphology: endings and what stands in their place (its `morph`, as METEOR's synonym module has it).
_ENDINGS = (
    *(("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man")),
    *(("ies", "y"), ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e")),
    *(("ing", ""), ("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
)


class Lexicon:
    """What METEOR knows of words and phrases.

    Attributes:
        prefixes: words that keep a full stop, to whether only before a number.
        longest: words in the longest phrase.
    """

    def __init__(self, folder: Path) -> None:
        """Open converted data; `load_lexicon` (`load.py`) finds or makes it."""

        def mapped(name: str) -> NDArray[Any]:
            found: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r")
            return found

        about = json.loads((folder / "about.json").read_text("utf-8"))
        self.prefixes: dict[str, bool] = about["prefixes"]
        self.longest: int = about["longest"]
        self._words = mapped("words")
        self._stems, self._function, self._phrase_words = mapped("stems"), mapped("function"), mapped("phrase_words")
        self._own, self._synsets = (Lists(mapped(f"{n}_starts"), mapped(n)) for n in ("own", "synsets"))
        self._prefix_hashes, self._phrases = mapped("prefix_hashes"), mapped("phrases")
        self._rules = mapped("rules_starts")
        self._rule_hashes, self._rule_lengths = mapped("rule_hashes"), mapped("rule_lengths")
        self._filter = mapped("filter")

    def words(self, words: Sequence[str]) -> Words:
        """Look up distinct words."""
        index = self._find(words)
        known = index >= 0
        place = np.where(known, index, 0)
        stems = np.where(known, self._stems[place], np.uint64(0))
        phrase_words = np.where(known, self._phrase_words[place], -1)
        starts = self._synsets.starts
        owner, rows = spans(starts[index[known]], starts[index[known] + 1] - starts[index[known]])
        members, groups = [np.flatnonzero(known)[owner]], [self._synsets.values[rows].astype(np.int64)]
        strange = np.flatnonzero(~known).tolist()
        if strange:
            stems[strange] = [stem_key(words[i]) for i in strange]
            for i, found in zip(strange, self._stem_synsets([words[i] for i in strange]), strict=True):
                members.append(np.full(len(found), i))
                groups.append(found)
        return Words(
            known & (self._function[place] > 0),
            phrase_words.astype(np.int64),
            pairs_sharing(np.arange(len(words)), stems.astype(np.uint64)),
            pairs_sharing(np.concatenate(members), np.concatenate(groups)),
        )

    def phrases(self, prefixes: Hashes) -> tuple[NDArray[np.bool_], Ints]:
        """For hashes of word sequences: whether any paraphrased phrase begins so, and the phrase it is, -1 for none."""
        return find(self._prefix_hashes, prefixes) >= 0, find(self._phrases, prefixes)

    def may_begin_paraphrase(self, prefixes: Hashes) -> NDArray[np.bool_]:
        """For hashes of word sequences: False where no paraphrase begins so (True may be wrong)."""
        return _filter_bits(self._filter, prefixes)

    def paraphrases(self, phrases: NDArray[np.integer]) -> tuple[Ints, Hashes, Ints]:
        """All paraphrases of these phrases, in the table's order.

        Returns:
            For each paraphrase the index into `phrases` of what it stands for, its hash and its number of words.
        """
        starts, counts = self._rules[phrases], self._rules[phrases + 1] - self._rules[phrases]
        owner, rows = spans(starts, counts)
        return owner, self._rule_hashes[rows], self._rule_lengths[rows].astype(np.int64)

    def _find(self, words: Sequence[str]) -> Ints:
        """Row of each word, -1 where unknown."""
        return find(self._words, np.array([word.encode() for word in words], dtype="S"))

    def _stem_synsets(self, words: Sequence[str]) -> list[Ints]:
        """Synsets of the base form of words that the lexicon lacks."""
        guesses = [base_forms(word) for word in words]
        index = iter(self._find([guess for forms in guesses for guess, _ in forms] or [""]).tolist())
        found = []
        for forms in guesses:
            # The first form that WordNet has decides.
            rows = [(row, end) for (_, end), row in zip(forms, [next(index) for _ in forms], strict=True) if row >= 0]
            rows = [(row, end) for row, end in rows if len(self._own[row])]
            found.append(self._own[rows[0][0]] if rows and not rows[0][1] else _NOTHING)
        return found


@dataclass(frozen=True)
class Words:
    """Distinct words, looked up.

    Attributes:
        function: (V,) whether it is a function word.
        phrase_words: (V,) id in the paraphrase table, -1 for none.
        stems: all ordered pairs of words of one stem.
        synonyms: all ordered pairs of words that share a synset, their base forms' synsets among them.
    """

    function: NDArray[np.bool_]
    phrase_words: Ints
    stems: tuple[Ints, Ints]
    synonyms: tuple[Ints, Ints]


class Lists:
    """Lists of integers, end to end in one array.

    Args:
        starts: (N + 1,) where each begins.
        values: all of them.
    """

    def __init__(self, starts: NDArray[Any], values: NDArray[Any]) -> None:
        self.starts, self.values = starts, values

    def __getitem__(self, index: int) -> Ints:
        return self.values[self.starts[index] : self.starts[index + 1]].astype(np.int64)


_NOTHING: Ints = np.empty(0, np.int64)


def pairs_sharing(members: Ints, groups: NDArray[Any]) -> tuple[Ints, Ints]:
    """All ordered pairs of different members that share a group: two arrays, member and member."""
    order = np.argsort(groups, kind="stable")
    members, groups = members[order], groups[order]
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]]) if len(groups) else _NOTHING
    sizes = np.diff(np.r_[starts, len(groups)])
    owner, rows = spans(np.repeat(starts, sizes), np.repeat(sizes, sizes))
    first, second = members[owner], members[rows]
    different = first != second
    size = int(members.max(initial=0)) + 1
    pairs = np.sort(first[different] * size + second[different])
    pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]][: len(pairs)]]
    return pairs // size, pairs % size


def base_forms(word: str) -> list[tuple[str, str]]:
    """Forms that WordNet's morphology tries for a word, in order, and an ending that is put back ("ful")."""
    if word.endswith("ss") or len(word) <= 2:
        return [(word, "")]
    end = "ful" if word.endswith("ful") else ""
    return [(word[: -len(old)] + new, end) for old, new in _ENDINGS if word.endswith(old)]


def stem_key(word: str) -> int:
    """64 bits that stand for the stem of a word."""
    return int.from_bytes(hashlib.blake2b(stem(word).encode(), digest_size=8).digest(), "little")


def filter_places(hashes: Hashes) -> tuple[Hashes, NDArray[np.uint8]]:
    """Byte and bit of the filter that stand for each hash."""
    top = hashes >> np.uint64(64 - FILTER_BITS)
    return top >> np.uint64(3), np.uint8(1) << (top & np.uint64(7)).astype(np.uint8)


def _filter_bits(bits: NDArray[np.uint8], hashes: Hashes) -> NDArray[np.bool_]:
    byte, bit = filter_places(hashes)
    found: NDArray[np.bool_] = (bits[byte] & bit) > 0
    return found
