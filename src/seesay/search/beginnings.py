"""What a beam holds of one picture: beginnings that are followed, and sentences that are found."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seesay.search.arrays import NEVER
from seesay.search.hypothesis import Hypothesis
from seesay.search.required import Met, Required
from seesay.search_options import SearchOptions


class Beginning(NamedTuple):
    """A sentence under way."""

    tokens: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    maps: tuple[NDArray[np.float32], ...] = ()
    total: float = 0.0
    """What it competes by: the sum of the log-probabilities, less the fines for what other groups say."""
    fined: float = 0.0
    met: Met = frozenset()
    bank: int = 0


Sentence = tuple[float, tuple[int, ...], tuple[float, ...], tuple[NDArray[np.float32], ...], bool]
"""Score, tokens, their log-probabilities with the end's, their attention, and whether they ended."""


class Beam:
    """The beginnings still followed for one picture by one group, and the sentences found."""

    decided = False

    def __init__(self, options: SearchOptions, required: Required | None) -> None:
        self.size = options.beam // options.groups
        self.num = options.num if options.groups == 1 else self.size  # groups may find the same
        self.options = options
        self.required = required
        self.banks = required.banks if required else 1
        self.live = [Beginning()]
        self.found: list[Sentence] = []
        self.emitted: list[int] = []

    def extend(
        self,
        scores: NDArray[np.float64],
        flat: NDArray[np.int64],
        vocabulary: int,
        length: int,
        end: int,
        attention: NDArray[np.float32] | None,
        first_row: int,
        fines: dict[int, float],
    ) -> list[tuple[int, int, float]]:
        """Take the best continuations: those that end among the best of their bank are found, the best others live on.

        Returns:
            Parent beginning, token and total of each that lives on.
        """
        required, size = self.required, self.size
        live: list[tuple[int, int, float]] = []
        kept: list[Beginning] = []
        ended = 0
        seen, filled = [0] * self.banks, [0] * self.banks
        for total, position in zip(scores.tolist(), flat.tolist(), strict=True):
            if total <= NEVER / 2:
                continue
            parent, word = divmod(position, vocabulary)
            tokens, logprobs, maps, before, fined, met, bank = self.live[parent]
            fine = fines.get(word, 0.0)
            if word == end:
                if bank < self.banks - 1:  # a required word is missing
                    continue
                seen[bank] += 1
                if seen[bank] > size:  # as unlikely as a beginning that is dropped
                    continue
                score = (total + fined + fine) / (length + 1) ** self.options.length_power
                self.found.append((score, tokens, (*logprobs, total - before + fine), maps, True))
                ended += 1
                continue
            if required:
                met, bank = required.advance(met, (*tokens, word))
            seen[bank] += 1
            if filled[bank] < size:
                filled[bank] += 1
                all_maps = maps if attention is None else (*maps, attention[first_row + parent])
                chances = (*logprobs, total - before + fine)
                kept.append(Beginning((*tokens, word), chances, all_maps, total, fined + fine, met, bank))
                live.append((parent, word, total))
        self.found.sort(key=itemgetter(0), reverse=True)
        del self.found[size:]
        if kept:  # else the last ones stay, for `results`
            self.live = kept
        self.decided = not kept or self._enough()
        if self.options.groups > 1:
            self.emitted = [end] * ended + ([] if self.decided else [word for _, word, _ in live])
        return live

    def _enough(self) -> bool:
        """Whether no more can be found, or no living beginning can still overtake the `num` best."""
        if len(self.found) >= self.size and not self.required:
            return True
        if len(self.found) < self.num:
            return False
        # A score can only fall with more tokens; its normalizer is largest at the longest length.
        longest = (self.options.max_length + 1) ** self.options.length_power
        return bool(max(entry.total + entry.fined for entry in self.live) / longest <= self.found[self.num - 1][0])

    def cut(self) -> None:
        """Let the beginnings that reached the longest length compete as they are, without an end."""
        if self.decided:
            return
        for entry in self.live:
            if entry.bank == self.banks - 1:
                self.found.append((self._as_cut(entry), *entry[:3], False))
        self.found.sort(key=itemgetter(0), reverse=True)
        del self.found[self.size :]

    def _as_cut(self, entry: Beginning) -> float:
        length: float = max(1, len(entry.tokens)) ** self.options.length_power
        return (entry.total + entry.fined) / length

    def results(self) -> list[Hypothesis]:
        """The `num` best found, or, where none was, the best that never ended."""
        if self.found:
            return [_hypothesis(*one[:4], ended=one[4], satisfied=True) for one in self.found[: self.num]]
        if self.required:
            self.live.sort(key=lambda entry: -entry.bank)
        return [
            _hypothesis(
                self._as_cut(entry),
                *entry[:3],
                ended=False,
                satisfied=entry.bank == self.banks - 1,
            )
            for entry in self.live[: self.num]
        ]


def _hypothesis(
    score: float,
    tokens: tuple[int, ...],
    logprobs: tuple[float, ...],
    maps: tuple[NDArray[np.float32], ...],
    *,
    ended: bool,
    satisfied: bool,
) -> Hypothesis:
    stacked = np.stack(maps).astype(np.float32) if maps else None
    return Hypothesis(tokens, logprobs, score, ended, stacked, satisfied)
