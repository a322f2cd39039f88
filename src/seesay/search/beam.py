"""Batched beam search over the step contract, on any array library (NumPy and PyTorch are tested).

Three searches in one loop. Beam search follows one beam for each picture. Diverse beam search (Vijayakumar et al. 2018,
arXiv:1610.02424) follows several, each kept from saying what those before it say. Where words are required, a beam has
a bank for each number of required words that a beginning may hold (see `Required`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import chain, zip_longest
from operator import itemgetter
from typing import Any, NamedTuple

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from seesay.search.arrays import NEVER, ban_repeats, largest, log_softmax, to_numpy
from seesay.search.hypothesis import Hypothesis, SearchOptions, State, StepFunction
from seesay.search.required import Met, Required

_LEAVE = 0.75
"""Share of the pictures in the batch still undecided at which the others leave it."""
_NO_FINES: list[dict[int, float]] = [{}]


def beam_search(
    step: StepFunction,
    state: State,
    *,
    batch: int,
    start: int,
    end: int,
    options: SearchOptions,
    constant: Collection[str] = (),
) -> list[list[Hypothesis]]:
    """Follow the `beam` likeliest beginnings of each picture's sentence until `beam` sentences have ended.

    It stops sooner where no beginning that is still alive can overtake the `num` best found; where words are required
    it stops only then, as what holds them first is rarely what says them best.

    Where no end comes within `max_length`, the best beginnings that are still alive are given back; where words are
    required and no sentence holds them, those that hold most, with `satisfied` False.

    Args:
        step: one token on, for R rows: a picture's rows lie together, as many for each.
        state: one row for each picture, as `start` makes it.
        batch: pictures, B.
        start: id of the token that begins a sentence.
        end: id of the token that ends it.
        options: settings.
        constant: names of state entries that `step` never changes: they keep one row for each picture, B, however
            many rows of tokens a picture has. All others have R rows.

    Returns:
        For each picture its `num` best hypotheses, best first (fewer where fewer exist). With groups: the best of each
        group, then the second best of each, and so on, up to `num` different ones.
    """
    if batch == 0:
        return []
    xp = array_api_compat.array_namespace(*state.values())
    arrays, groups = dict(state), options.groups
    device = array_api_compat.device(next(iter(arrays.values())))
    required = Required(options.must) if options.must else None
    each = options.beam // groups * (required.banks if required else 1)  # rows of a group
    pictures = [[_Beam(options, required) for _ in range(groups)] for _ in range(batch)]
    inside = list(range(batch))  # the pictures that have rows, in the order of the rows
    scores = np.zeros((batch, 1))  # all beams are equal at the start: one is followed
    tokens = np.full(batch, start, np.int64)
    for length in range(options.max_length + 1):
        if length == options.max_length and not options.charge_end:
            for beam in (beam for i in inside for beam in pictures[i]):
                beam.cut()
            break
        logits, new = step(xp.asarray(tokens, device=device), arrays)
        arrays = dict(new)
        look = to_numpy(arrays["attention"]) if "attention" in arrays else None
        ended_only, width, before = length == options.max_length, scores.shape[1], scores
        going = [pictures[i] for i in inside]
        logprobs = _allowed(xp, logits, going, width, length, end, options)
        parents = np.repeat(width * np.arange(len(inside))[:, None], each * groups, axis=1)
        words = np.full(parents.shape, end, np.int64)
        scores = np.full(parents.shape, NEVER)
        emitted = [Counter[int]() for _ in inside] if groups > 1 else []  # how often the groups so far have said what
        for group in range(groups):
            first = group * each if width > 1 else 0  # at the start the groups share one row
            mine, fines = logprobs, _NO_FINES * len(inside)
            if groups > 1:
                fines = [{word: options.diversity * n for word, n in counts.items()} for counts in emitted]
                mine = _fined(xp, logprobs, width, slice(first, first + each), fines)
            share = before[:, first : first + each]
            best, chosen = _candidates(xp, mine, share, end, options, required, ended_only)
            for row, picture in enumerate(going):
                beam, top = picture[group], row * width + first
                if beam.decided:
                    continue
                live = beam.extend(best[row], chosen[row], logprobs.shape[1], length, end, look, top, fines[row])
                for slot, (parent, word, total) in enumerate(live, group * each):
                    parents[row, slot], words[row, slot], scores[row, slot] = top + parent, word, total
                if groups > 1:
                    emitted[row].update(beam.emitted)
        stay = [row for row, picture in enumerate(going) if not all(beam.decided for beam in picture)]
        if ended_only or not stay:
            break
        # Leaving copies what is constant, so that pictures leave together.
        if len(stay) <= _LEAVE * len(inside):
            kept = xp.asarray(np.asarray(stay), device=device)
            arrays |= {name: xp.take(arrays[name], kept, axis=0) for name in constant}
            inside, parents, words, scores = [inside[r] for r in stay], parents[stay], words[stay], scores[stay]
        rows = parents.reshape(-1)
        if len(rows) != len(tokens) or (rows != np.arange(len(rows))).any():
            gather = xp.asarray(rows, device=device)
            arrays |= {name: xp.take(arrays[name], gather, axis=0) for name in arrays if name not in constant}
        tokens = words.reshape(-1)
    return [_best([beam.results() for beam in picture], options.num) for picture in pictures]


class _Beginning(NamedTuple):
    """A sentence under way."""

    tokens: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    looks: tuple[NDArray[np.float32], ...] = ()
    total: float = 0.0
    """What it competes by: the sum of the log-probabilities, less the fines for what other groups say."""
    fined: float = 0.0
    met: Met = frozenset()
    bank: int = 0


_Sentence = tuple[float, tuple[int, ...], tuple[float, ...], tuple[NDArray[np.float32], ...], bool]
"""Score, tokens, their log-probabilities with the end's, their attention, and whether they ended."""


class _Beam:
    """The beginnings still followed for one picture by one group, and the sentences found."""

    decided = False

    def __init__(self, options: SearchOptions, required: Required | None) -> None:
        self.size = options.beam // options.groups
        self.num = options.num if options.groups == 1 else self.size  # groups may find the same
        self.options = options
        self.required = required
        self.banks = required.banks if required else 1
        self.live = [_Beginning()]
        self.found: list[_Sentence] = []
        self.emitted: list[int] = []

    def extend(
        self,
        scores: NDArray[np.float64],
        flat: NDArray[np.int64],
        vocabulary: int,
        length: int,
        end: int,
        look: NDArray[np.float32] | None,
        first_row: int,
        fines: dict[int, float],
    ) -> list[tuple[int, int, float]]:
        """Take the best continuations: those that end among the best of their bank are found, the best others live on.

        Returns:
            Parent beginning, token and total of each that lives on.
        """
        required, size = self.required, self.size
        live: list[tuple[int, int, float]] = []
        kept: list[_Beginning] = []
        ended = 0
        seen, filled = [0] * self.banks, [0] * self.banks
        for total, position in zip(scores.tolist(), flat.tolist(), strict=True):
            if total <= NEVER / 2:
                continue
            parent, word = divmod(position, vocabulary)
            tokens, logprobs, looks, before, fined, met, bank = self.live[parent]
            fine = fines.get(word, 0.0)
            if word == end:
                if bank < self.banks - 1:  # a required word is missing
                    continue
                seen[bank] += 1
                if seen[bank] > size:  # as unlikely as a beginning that is dropped
                    continue
                score = (total + fined + fine) / (length + 1) ** self.options.length_power
                self.found.append((score, tokens, (*logprobs, total - before + fine), looks, True))
                ended += 1
                continue
            if required:
                met, bank = required.advance(met, (*tokens, word))
            seen[bank] += 1
            if filled[bank] < size:
                filled[bank] += 1
                all_looks = looks if look is None else (*looks, look[first_row + parent])
                chances = (*logprobs, total - before + fine)
                kept.append(_Beginning((*tokens, word), chances, all_looks, total, fined + fine, met, bank))
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

    def _as_cut(self, entry: _Beginning) -> float:
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
    looks: tuple[NDArray[np.float32], ...],
    *,
    ended: bool,
    satisfied: bool,
) -> Hypothesis:
    attention = np.stack(looks).astype(np.float32) if looks else None
    return Hypothesis(tokens, logprobs, score, ended, attention, satisfied)


def _best(groups: Sequence[list[Hypothesis]], num: int) -> list[Hypothesis]:
    """The best of each group, then the second best of each, up to `num` different ones; best first."""
    if len(groups) == 1:
        return groups[0]
    ranks = zip_longest(*groups)
    found = [h for h in chain.from_iterable(ranks) if h is not None]
    if any(h.ended for h in found):
        found = [h for h in found if h.ended]
    different = list({h.tokens: h for h in reversed(found)}.values())[::-1]
    return sorted(different[:num], key=lambda h: h.score, reverse=True)


def _allowed(
    xp: Any, logits: Any, pictures: list[list[_Beam]], width: int, length: int, end: int, options: SearchOptions
) -> Any:
    """Log-probabilities (R, V) of the next token, ruled out where it may not come."""
    logprobs = log_softmax(xp, logits)
    banned = list(options.forbidden)
    if length < options.min_length:
        banned.append(end)
    if banned:
        logprobs[:, xp.asarray(banned, device=array_api_compat.device(logprobs))] = NEVER
    if options.no_repeat_ngram and length:
        for row, picture in enumerate(pictures):
            for group, beam in enumerate(picture):
                if not beam.decided:
                    first = row * width + group * (width // len(picture))
                    for slot, beginning in enumerate(beam.live):
                        ban_repeats(logprobs, first + slot, beginning.tokens, options.no_repeat_ngram)
    return logprobs


def _fined(xp: Any, logprobs: Any, width: int, mine: slice, fines: list[dict[int, float]]) -> Any:
    """A copy of a group's rows of the log-probabilities, less what its words cost."""
    values = xp.reshape(logprobs, (len(fines), width, -1))[:, mine]
    costs = np.zeros((len(fines), 1, logprobs.shape[1]), np.float32)
    for cost, words in zip(costs[:, 0], fines, strict=True):
        cost[list(words)] = list(words.values())
    return xp.reshape(values - xp.asarray(costs, device=array_api_compat.device(logprobs)), (-1, logprobs.shape[1]))


def _candidates(
    xp: Any,
    logprobs: Any,
    scores: NDArray[np.float64],
    end: int,
    options: SearchOptions,
    required: Required | None,
    ended_only: bool,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The best continuations of each picture, best first: totals and flat (beginning, word) positions, (B, …)."""
    vocabulary, size = logprobs.shape[1], options.beam // options.groups
    at_most = None if required else 2 * size  # a bank's candidates may all be less likely than another's
    if ended_only:
        top = to_numpy(logprobs[:, end : end + 1]).astype(np.float64)
        index = np.full(top.shape, end, np.int64)
    elif required:  # these words are candidates however unlikely they are
        ids = xp.asarray(required.tokens, device=array_api_compat.device(logprobs))
        asked = to_numpy(xp.take(logprobs, ids, axis=1)).astype(np.float64)
        logprobs[:, ids] = NEVER
        top, index = largest(xp, logprobs, min(size + 1, vocabulary))
        top = np.concatenate([top, asked], 1)
        index = np.concatenate([index, np.broadcast_to(required.tokens, asked.shape)], 1)
    else:
        # The end and `size` others of each beginning are all that can be among the choices.
        top, index = largest(xp, logprobs, min(size + 1, vocabulary))
    total = top.reshape(*scores.shape, -1) + scores[:, :, None]
    position = index.reshape(total.shape) + vocabulary * np.arange(scores.shape[1])[None, :, None]
    total, position = total.reshape(len(scores), -1), position.reshape(len(scores), -1)
    order = np.argsort(-total, axis=1, kind="stable")[:, :at_most]
    return np.take_along_axis(total, order, 1), np.take_along_axis(position, order, 1)
