"""Words that must be in a sentence: how far a beginning has come."""

from __future__ import annotations

from collections.abc import Sequence

Met = frozenset[int]
"""The phrases, by their place in `Required.phrases`, that a beginning already holds."""


class Required:
    """Phrases that must be in a sentence, in any order, each of one or more tokens in a row.

    Beginnings compete only with those that hold as many required tokens: with C of them there are C + 1 banks (grid
    beam search, Hokamp and Liu 2017, arXiv:1704.07138; Post and Vilar 2018, arXiv:1804.06609, who share one beam
    between the banks, where here each has a whole one).

    Attributes:
        phrases: each once.
        tokens: every token in them, ascending.
        banks: C + 1.
    """

    def __init__(self, phrases: Sequence[Sequence[int]]) -> None:
        self.phrases = tuple(dict.fromkeys(tuple(phrase) for phrase in phrases))
        self.tokens = sorted({token for phrase in self.phrases for token in phrase})
        self.banks = 1 + sum(map(len, self.phrases))

    def advance(self, met: Met, tokens: tuple[int, ...]) -> tuple[Met, int]:
        """What a beginning holds after its last token, and its bank.

        A phrase under way counts with the tokens it has so far, for as long as it goes on.

        Args:
            met: the phrases held before that token.
            tokens: the beginning, that token included.
        """
        met = met.union(i for i, phrase in enumerate(self.phrases) if tokens[-len(phrase) :] == phrase)
        open_phrases = [phrase for i, phrase in enumerate(self.phrases) if i not in met]
        under_way = max(
            (n for phrase in open_phrases for n in range(1, len(phrase)) if tokens[-n:] == phrase[:n]), default=0
        )
        return met, sum(len(self.phrases[i]) for i in met) + under_way
