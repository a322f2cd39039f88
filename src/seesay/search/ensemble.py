"""Several models as one: their probabilities averaged at every step, over the step contract.

The state of an ensemble is the union of its members' states, each entry under its member's number ("0.hidden"), so that
search reorders it as it does any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import array_api_compat

from seesay.search.arrays import NEVER, log_softmax
from seesay.search.hypothesis import State, StepFunction


def combine(steps: Sequence[StepFunction]) -> StepFunction:
    """One step function for all: it takes and gives states as `union` makes them, and averages probabilities.

    Args:
        steps: the members', of one vocabulary.
    """

    def step(tokens: Any, state: State) -> tuple[Any, State]:
        logits, states = [], []
        for member, own in zip(steps, _parts(state, len(steps)), strict=True):
            found, after = member(tokens, own)
            logits.append(found)
            states.append(after)
        return average(logits), union(states)

    return step


def union(states: Sequence[State]) -> dict[str, Any]:
    """The members' states in one, and, as `attention`, the mean of theirs where all that attend share one grid.

    Args:
        states: as the members' `start` or `step` give them, of one batch.
    """
    whole = {f"{index}.{name}": value for index, state in enumerate(states) for name, value in state.items()}
    looks = [state["attention"] for state in states if "attention" in state]
    if looks and len({look.shape[1] for look in looks}) == 1:
        whole["attention"] = _mean(looks)
    return whole


def union_constant(constants: Sequence[Iterable[str]]) -> frozenset[str]:
    """Names, in the union, of what the members' steps leave as it is."""
    return frozenset(f"{index}.{name}" for index, names in enumerate(constants) for name in names)


def average(logits: Sequence[Any]) -> Any:
    """Logits of the mean of the members' probabilities (not of their log-probabilities).

    Equal members give the first one's logits, number for number.

    Args:
        logits: (R, V) of each member, on one array library.

    Returns:
        (R, V) float32.
    """
    xp = array_api_compat.array_namespace(*logits)
    first = xp.astype(logits[0], xp.float32, copy=False)
    never = xp.full_like(first, NEVER)  # in place of minus infinity, of which there are no differences
    logprobs = [xp.maximum(log_softmax(xp, values), never) for values in logits]
    top = logprobs[0]
    for values in logprobs[1:]:
        top = xp.maximum(top, values)
    mean = top + xp.log(_mean([xp.exp(values - top) for values in logprobs]))
    largest = xp.max(first, axis=1, keepdims=True)
    normalizer = largest + xp.log(xp.sum(xp.exp(first - largest), axis=1, keepdims=True))
    return xp.where(mean == logprobs[0], first, mean + normalizer)


def _parts(state: Mapping[str, Any], members: int) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{} for _ in range(members)]
    for name, value in state.items():
        number, dot, own = name.partition(".")
        if dot:
            parts[int(number)][own] = value
    return parts


def _mean(values: Sequence[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total / len(values)
