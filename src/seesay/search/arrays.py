"""What every search does with a step's logits, on any array library."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np
from numpy.typing import NDArray

NEVER = -1e30
"""Log-probability of what is ruled out: finite, so that sums of it stay comparable."""


def log_softmax(xp: Any, logits: Any) -> Any:
    """(R, V) logits → (R, V) float32 log-probabilities."""
    values = xp.astype(logits, xp.float32, copy=False)
    values = values - xp.max(values, axis=1, keepdims=True)
    return values - xp.log(xp.sum(xp.exp(values), axis=1, keepdims=True))


def largest(xp: Any, logprobs: Any, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The `count` largest of each row and where they are, ties by the lower index; `logprobs` is used up."""
    if array_api_compat.is_torch_array(logprobs):
        top = logprobs.topk(count, dim=1)  # method of the array itself: nothing is imported
        return to_numpy(top.values).astype(np.float64), to_numpy(top.indices)
    rows, every = to_numpy(logprobs), np.arange(len(logprobs))
    values, index = np.empty((len(rows), count)), np.empty((len(rows), count), np.int64)
    for rank in range(count):
        index[:, rank] = place = rows.argmax(1)
        values[:, rank] = rows[every, place]
        rows[every, place] = -np.inf
    return values, index


def ban_repeats(logprobs: Any, row: int, tokens: tuple[int, ...], size: int) -> None:
    """Rule out, in one row, the tokens that would complete an n-gram of this size a second time."""
    tail = tokens[len(tokens) - size + 1 :] if size > 1 else ()
    for first in range(len(tokens) - size + 1):
        if tokens[first : first + size - 1] == tail:
            logprobs[row, tokens[first + size - 1]] = NEVER


def to_numpy(values: Any) -> NDArray[Any]:
    """The same numbers as a NumPy array on the CPU."""
    if array_api_compat.is_torch_array(values):
        values = values.detach().cpu()
        return np.asarray(values.float() if values.is_floating_point() else values)  # NumPy has no bfloat16
    return np.asarray(values)
