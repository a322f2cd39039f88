"""Diverse beam search (Vijayakumar et al. 2018, arXiv:1610.02424): groups of a beam that avoid each other's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any

import array_api_compat
import numpy as np

from seesay.search.hypothesis import Hypothesis

Penalties = list[dict[int, float]]
"""For each picture, token to what it costs."""


def penalties(emitted: Sequence[Counter[int]], diversity: float) -> Penalties:
    """What each token costs: `diversity` for every time that an earlier group chose it at this step (eq. 2)."""
    return [{word: diversity * n for word, n in counts.items()} for counts in emitted]


def penalized(xp: Any, logprobs: Any, width: int, mine: slice, fines: Penalties) -> Any:
    """A copy of a group's rows of the log-probabilities, less what its words cost."""
    values = xp.reshape(logprobs, (len(fines), width, -1))[:, mine]
    costs = np.zeros((len(fines), 1, logprobs.shape[1]), np.float32)
    for cost, words in zip(costs[:, 0], fines, strict=True):
        cost[list(words)] = list(words.values())
    return xp.reshape(values - xp.asarray(costs, device=array_api_compat.device(logprobs)), (-1, logprobs.shape[1]))


def best_of_groups(groups: Sequence[list[Hypothesis]], num: int) -> list[Hypothesis]:
    """The best of each group, then the second best of each, up to `num` different ones; best first."""
    if len(groups) == 1:
        return groups[0]
    ranks = zip_longest(*groups)
    found = [h for h in chain.from_iterable(ranks) if h is not None]
    if any(h.ended for h in found):
        found = [h for h in found if h.ended]
    different = list({h.tokens: h for h in reversed(found)}.values())[::-1]
    return sorted(different[:num], key=lambda h: h.score, reverse=True)
