"""Drawing sentences at random from the model's own distribution."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import array_api_compat
import numpy as np

from seesay.search.beam import _NEVER, _to_numpy, log_softmax
from seesay.search.hypothesis import Hypothesis, SearchOptions, State, StepFunction


def sample(
    step: StepFunction,
    state: State,
    *,
    batch: int,
    samples: int,
    start: int,
    end: int,
    options: SearchOptions,
    rng: np.random.Generator,
    constant: Collection[str] = (),
) -> list[list[Hypothesis]]:
    """Draw `samples` sentences for each picture, token by token, by the Gumbel-max rule.

    Args:
        step: one token on, for R = batch · samples rows.
        state: one row for each picture.
        batch: pictures, B.
        samples: sentences drawn for each.
        start: id of the token that begins a sentence.
        end: id of the token that ends it.
        options: `max_length`, `min_length` and `forbidden` are heeded.
        rng: where chance comes from; the same on every array library.
        constant: see `beam_search`.

    Returns:
        For each picture its sentences in the order drawn; `score` is the sum of the log-probabilities.
    """
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
    open_rows = np.ones(count, bool)
    for length in range(options.max_length + 1):
        logits, new = step(xp.asarray(tokens, device=device), arrays)
        arrays = dict(new)
        logprobs = _to_numpy(log_softmax(xp, logits))
        allowed = logprobs.copy()
        allowed[:, list(options.forbidden)] = _NEVER
        if length < options.min_length:
            allowed[:, end] = _NEVER
        tokens = (allowed + rng.gumbel(size=allowed.shape)).argmax(1)
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
    found = [
        Hypothesis(tuple(words), tuple(chance), sum(chance), not unfinished)
        for words, chance, unfinished in zip(drawn, chances, open_rows.tolist(), strict=True)
    ]
    return [found[i * samples : (i + 1) * samples] for i in range(batch)]
