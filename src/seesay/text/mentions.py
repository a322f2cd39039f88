"""Which of some words captions hold, plurals counted as their singulars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def singular(word: str, counts: Counter[str]) -> str:
    """The singular of a plural whose singular is common too; other words as they are."""
    for ending in ("es", "s"):
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) > 2 and counts[stem] > 0.2 * counts[word]:
            return stem
    return word


class Mentions:
    """Which of a detector's words a caption holds, plurals as their singulars.

    Args:
        words: the detector's.
        counts: of all words of the captions.
    """

    def __init__(self, words: Sequence[str], counts: Counter[str]) -> None:
        self.count = len(words)
        self.place = {word: index for index, word in enumerate(words)}
        for word in counts:
            stem = singular(word, counts)
            if stem in self.place and word not in self.place:
                self.place[word] = self.place[stem]

    def of(self, tokens: Iterable[str]) -> list[int]:
        """Places of the words in a caption, each once."""
        return sorted({self.place[token] for token in tokens if token in self.place})

    def shares(self, pictures: Sequence[Sequence[Sequence[str]]]) -> NDArray[np.float32]:
        """(N, W): the share of each picture's captions that hold each word."""
        found = np.zeros((len(pictures), self.count), np.float32)
        for row, captions in enumerate(pictures):
            for caption in captions:
                found[row, self.of(caption)] += 1 / len(captions)
        return found
