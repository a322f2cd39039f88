"""Which tokens may come next, and the best continuations of the beginnings of each picture."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from seesay.search.arrays import NEVER, ban_repeats, largest, log_softmax, to_numpy
from seesay.search.beginnings import Beam
from seesay.search.required import Required
from seesay.search_options import SearchOptions


def allowed(
    xp: Any, logits: Any, pictures: list[list[Beam]], width: int, length: int, end: int, options: SearchOptions
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


def candidates(
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
