"""Drawing sentences at random from the model's own distribution, or from its likelier part."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from seesay.search.arrays import NEVER, ban_repeats, log_softmax, to_numpy
from seesay.search.hypothesis import Hypothesis, State, StepFunction
from seesay.search_options import SearchOptions


def sample(
    step: StepFunction,
    state: State,
    *,
    batch: int,
    samples: int,
    start: int,
    end: int,
    options: SearchOptions,
    rng: np.random.Generator | Sequence[np.random.Generator],
    constant: Collection[str] = (),
    attention: bool = False,
    greedy: bool = False,
) -> list[list[Hypothesis]]:
    """Draw `samples` sentences for each picture, token by token, by the Gumbel-max rule.

    They are drawn independently, so that a likely sentence may come more than once.

    Args:
        step: one token on, for R = batch · samples rows.
        state: one row for each picture.
        batch: pictures, B.
        samples: sentences drawn for each.
        start: id of the token that begins a sentence.
        end: id of the token that ends it.
        options: all but the settings of beam search are heeded.
        rng: where chance comes from; the same on every array library. One for each picture makes what is drawn for it
            independent of the pictures beside it.
        constant: see `beam_search`.
        attention: whether to keep the state's attention.
        greedy: whether the first sentence of each picture is not drawn, but takes the likeliest token each time.

    Returns:
        For each picture its sentences in the order drawn; `logprobs` are the model's own, whatever the temperature and
        the tokens left out, and `score` is their sum.
    """
    if batch == 0:
        return []
    xp = array_api_compat.array_namespace(*state.values())
    device = array_api_compat.device(next(iter(state.values())))
    rows = xp.asarray(np.repeat(np.arange(batch), samples), device=device)
    arrays: dict[str, Any] = {
        name: value if name in constant else xp.take(value, rows, axis=0) for name, value in state.items()
    }
    count = batch * samples
    tokens = np.full(count, start, np.int64)
    drawn: list[list[int]] = [[] for _ in range(count)]
    chances: list[list[float]] = [[] for _ in range(count)]
    looks: list[NDArray[Any]] = []
    open_rows = np.ones(count, bool)
    for length in range(options.max_length + 1):
        logits, new = step(xp.asarray(tokens, device=device), arrays)
        arrays = dict(new)
        if attention and "attention" in arrays:
            looks.append(to_numpy(arrays["attention"]).astype(np.float32))
        logprobs = to_numpy(log_softmax(xp, logits))
        allowed = logprobs.copy() if options.temperature == 1 else logprobs / np.float32(options.temperature)
        allowed[:, list(options.forbidden)] = NEVER
        if length < options.min_length:
            allowed[:, end] = NEVER
        if options.no_repeat_ngram:
            for row in np.flatnonzero(open_rows).tolist():
                ban_repeats(allowed, row, tuple(drawn[row]), options.no_repeat_ngram)
        if options.top_k or options.top_p < 1:
            allowed[open_rows] = likelier_part(allowed[open_rows], options.top_k, options.top_p)
        chance = _gumbel(rng, allowed.shape)
        if greedy:
            chance[::samples] = 0
        tokens = (allowed + chance).argmax(1)
        for row in np.flatnonzero(open_rows).tolist():
            word = int(tokens[row])
            if word == end:
                chances[row].append(float(logprobs[row, word]))
                open_rows[row] = False
            elif length < options.max_length:
                drawn[row].append(word)
                chances[row].append(float(logprobs[row, word]))
        if not open_rows.any():
            break
    maps = np.stack(looks, 1) if looks else None
    found = [
        Hypothesis(
            tuple(words),
            tuple(chances[row]),
            sum(chances[row]),
            not open_rows[row],
            maps[row, : len(words)] if maps is not None and words else None,
        )
        for row, words in enumerate(drawn)
    ]
    return [found[i * samples : (i + 1) * samples] for i in range(batch)]


def likelier_part(logprobs: NDArray[Any], top_k: int, top_p: float) -> NDArray[Any]:
    """Rule out all but the likeliest tokens of each row; of equal ones the lower ids are likelier.

    Args:
        logprobs: (R, V), normalized or not; `NEVER` where a token is ruled out already.
        top_k: so many are left; 0 for all.
        top_p: of these the fewest whose probabilities, made to sum to 1, reach it (the nucleus, Holtzman et al. 2020,
            arXiv:1904.09751, section 3.1); 1 for all.

    Returns:
        (R, V); `logprobs` itself where all are left.
    """
    keep = min(top_k, logprobs.shape[1]) or logprobs.shape[1]
    if keep == logprobs.shape[1] and top_p == 1:
        return logprobs
    order = np.argsort(-logprobs, axis=1, kind="stable")[:, :keep]
    values = np.take_along_axis(logprobs, order, 1).astype(np.float64)
    chances = np.exp(values - values[:, :1])
    chances /= chances.sum(1, keepdims=True)
    inside = chances.cumsum(1) - chances < top_p  # what comes before a token does not reach it yet
    inside[:, 0] = True
    left = np.full_like(logprobs, NEVER)
    np.put_along_axis(left, order, np.where(inside, values, NEVER).astype(left.dtype), 1)
    return left


def _gumbel(rng: np.random.Generator | Sequence[np.random.Generator], shape: tuple[int, ...]) -> NDArray[np.float64]:
    if isinstance(rng, np.random.Generator):
        return rng.gumbel(size=shape)
    each = (shape[0] // len(rng), shape[1])
    return np.concatenate([one.gumbel(size=each) for one in rng])
