"""Batched beam search over the step contract, on any array library (NumPy and PyTorch are tested)."""

from __future__ import annotations

from collections.abc import Collection
from operator import itemgetter
from typing import Any

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from seesay.search.hypothesis import Hypothesis, SearchOptions, State, StepFunction

_NEVER = -1e30
_LEAVE = 0.75
"""Share of the pictures in the batch still undecided at which the others leave it."""


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

    It stops sooner where no beginning that is still alive can overtake the `num` best found.

    Where no end comes within `max_length`, the best beginnings that are still alive are given back.

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
        For each picture its `num` best hypotheses, best first (fewer where fewer exist).
    """
    if batch == 0:
        return []
    xp = array_api_compat.array_namespace(*state.values())
    beam, arrays = options.beam, dict(state)
    device = array_api_compat.device(next(iter(arrays.values())))
    pictures = [_Picture(beam, options) for _ in range(batch)]
    inside = list(range(batch))  # the pictures that have rows, in the order of the rows
    scores = np.zeros((batch, 1))  # all beams are equal at the start: one is followed
    tokens = np.full(batch, start, np.int64)
    for length in range(options.max_length + 1):
        logits, new = step(xp.asarray(tokens, device=device), arrays)
        arrays = dict(new)
        look = _to_numpy(arrays["attention"]) if "attention" in arrays else None
        ended_only, width = length == options.max_length, scores.shape[1]
        best, chosen = _candidates(xp, logits, [pictures[i] for i in inside], scores, length, end, options, ended_only)
        parents = np.repeat(width * np.arange(len(inside))[:, None], beam, axis=1)
        words = np.full((len(inside), beam), end, np.int64)
        scores = np.full((len(inside), beam), _NEVER)
        for row, index in enumerate(inside):
            if pictures[index].decided:
                continue
            live = pictures[index].extend(best[row], chosen[row], length, end, look, row * width)
            for slot, (parent, word, total) in enumerate(live):
                parents[row, slot], words[row, slot], scores[row, slot] = row * width + parent, word, total
        going = [row for row, index in enumerate(inside) if not pictures[index].decided]
        if ended_only or not going:
            break
        # Leaving copies what is constant, so that pictures leave together.
        if len(going) <= _LEAVE * len(inside):
            stay = xp.asarray(np.asarray(going), device=device)
            arrays |= {name: xp.take(arrays[name], stay, axis=0) for name in constant}
            inside, parents, words, scores = [inside[r] for r in going], parents[going], words[going], scores[going]
        rows = parents.reshape(-1)
        if len(rows) != len(tokens) or (rows != np.arange(len(rows))).any():
            gather = xp.asarray(rows, device=device)
            arrays |= {name: xp.take(arrays[name], gather, axis=0) for name in arrays if name not in constant}
        tokens = words.reshape(-1)
    return [picture.results() for picture in pictures]


_Beginning = tuple[tuple[int, ...], tuple[float, ...], tuple[NDArray[np.float32], ...], float]
"""Tokens, their log-probabilities, their attention, and the sum of the log-probabilities."""
_Sentence = tuple[float, tuple[int, ...], tuple[float, ...], tuple[NDArray[np.float32], ...]]
"""Score, tokens, their log-probabilities with the end's, their attention."""


class _Picture:
    """The beginnings still followed for one picture, and the sentences found."""

    decided = False
    words = 0

    def __init__(self, beam: int, options: SearchOptions) -> None:
        self.beam = beam
        self.options = options
        self.live: list[_Beginning] = [((), (), (), 0.0)]
        self.found: list[_Sentence] = []

    def extend(
        self,
        scores: NDArray[np.float64],
        flat: NDArray[np.int64],
        length: int,
        end: int,
        look: NDArray[np.float32] | None,
        first_row: int,
    ) -> list[tuple[int, int, float]]:
        """Take the best continuations: those that end among the `beam` best are found, the `beam` best others live on.

        Returns:
            Parent beam, token and score of each that lives on.
        """
        words = self.words
        live: list[tuple[int, int, float]] = []
        kept: list[_Beginning] = []
        for rank, (total, position) in enumerate(zip(scores.tolist(), flat.tolist(), strict=True)):
            if total <= _NEVER / 2:
                continue
            parent, word = divmod(position, words)
            tokens, logprobs, looks, before = self.live[parent]
            if word == end:
                if rank >= self.beam:  # as unlikely as a beginning that is dropped
                    continue
                score = total / (length + 1) ** self.options.length_power
                self.found.append((score, tokens, (*logprobs, total - before), looks))
            elif len(kept) < self.beam:
                seen = looks if look is None else (*looks, look[first_row + parent])
                kept.append(((*tokens, word), (*logprobs, total - before), seen, total))
                live.append((parent, word, total))
        self.found.sort(key=itemgetter(0), reverse=True)
        del self.found[self.beam :]
        if kept:  # else the last ones stay, for `results`
            self.live = kept
        self.decided = not kept or self._enough()
        return live

    def _enough(self) -> bool:
        """Whether no more can be found, or no living beginning can still overtake the `num` best."""
        if len(self.found) >= self.beam:
            return True
        if len(self.found) < self.options.num:
            return False
        # A score can only fall with more tokens; its normaliser is largest at the longest length.
        longest = (self.options.max_length + 1) ** self.options.length_power
        return bool(max(entry[3] for entry in self.live) / longest <= self.found[self.options.num - 1][0])

    def results(self) -> list[Hypothesis]:
        """The `num` best found, filled up with the best that never ended."""
        ended = bool(self.found)
        best = self.found[: self.options.num] or [
            (total / max(1, len(tokens)) ** self.options.length_power, tokens, logprobs, looks)
            for tokens, logprobs, looks, total in self.live[: self.options.num]
        ]
        return [
            Hypothesis(tokens, logprobs, score, ended, np.stack(looks).astype(np.float32) if looks else None)
            for score, tokens, logprobs, looks in best
        ]


def _candidates(
    xp: Any,
    logits: Any,
    pictures: list[_Picture],
    scores: NDArray[np.float64],
    length: int,
    end: int,
    options: SearchOptions,
    ended_only: bool,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The best continuations of each picture, best first: scores and flat (beam, word) positions, (B, ≤ 2·beam)."""
    logprobs = log_softmax(xp, logits)
    words = logprobs.shape[1]
    for picture in pictures:
        picture.words = words
    banned = list(options.forbidden)
    if length < options.min_length:
        banned.append(end)
    if banned:
        logprobs[:, xp.asarray(banned, device=array_api_compat.device(logprobs))] = _NEVER
    # The end and `beam` others of each beam are all that can be among the beam's choices.
    take = min(options.beam + 1, words)
    if options.no_repeat_ngram:
        _ban_repeats(logprobs, pictures, scores.shape[1], options.no_repeat_ngram)
    if ended_only:
        top = _to_numpy(logprobs[:, end : end + 1]).astype(np.float64)
        index = np.full(top.shape, end, np.int64)
    else:
        top, index = _top(xp, logprobs, take)
    total = top.reshape(*scores.shape, -1) + scores[:, :, None]
    position = index.reshape(total.shape) + words * np.arange(scores.shape[1])[None, :, None]
    total, position = total.reshape(len(pictures), -1), position.reshape(len(pictures), -1)
    order = np.argsort(-total, axis=1, kind="stable")[:, : 2 * options.beam]
    return np.take_along_axis(total, order, 1), np.take_along_axis(position, order, 1)


def _top(xp: Any, logprobs: Any, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The `count` largest of each row and where they are, ties by the lower index; `logprobs` is used up."""
    if array_api_compat.is_torch_array(logprobs):
        top = logprobs.topk(count, dim=1)  # method of the array itself: nothing is imported
        return _to_numpy(top.values).astype(np.float64), _to_numpy(top.indices)
    rows, every = _to_numpy(logprobs), np.arange(len(logprobs))
    values, index = np.empty((len(rows), count)), np.empty((len(rows), count), np.int64)
    for rank in range(count):
        index[:, rank] = place = rows.argmax(1)
        values[:, rank] = rows[every, place]
        rows[every, place] = -np.inf
    return values, index


def _ban_repeats(logprobs: Any, pictures: list[_Picture], width: int, size: int) -> None:
    """Rule out tokens that would complete an n-gram of this size a second time."""
    for row, picture in enumerate(pictures):
        if picture.decided:
            continue
        for slot, (tokens, *_) in enumerate(picture.live):
            tail = tokens[len(tokens) - size + 1 :] if size > 1 else ()
            for first in range(len(tokens) - size + 1):
                if tokens[first : first + size - 1] == tail:
                    logprobs[row * width + slot, tokens[first + size - 1]] = _NEVER


def log_softmax(xp: Any, logits: Any) -> Any:
    """(R, V) logits → (R, V) float32 log-probabilities."""
    values = xp.astype(logits, xp.float32, copy=False)
    values = values - xp.max(values, axis=1, keepdims=True)
    return values - xp.log(xp.sum(xp.exp(values), axis=1, keepdims=True))


def _to_numpy(values: Any) -> NDArray[Any]:
    if array_api_compat.is_torch_array(values):
        values = values.detach().cpu()
        return np.asarray(values.float() if values.is_floating_point() else values)  # NumPy has no bfloat16
    return np.asarray(values)
