"""What search goes by, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

State = Mapping[str, Any]
StepFunction = Callable[[Any, dict[str, Any]], tuple[Any, State]]
"""Tokens (R,) int64 and a state of R rows → logits (R, V) of the next token and the new state."""


@dataclass(frozen=True)
class Hypothesis:
    """One sentence.

    Attributes:
        tokens: ids, without start and end.
        logprobs: natural-log probability of each token, and of the end when `ended`.
        score: what hypotheses are ranked by: the normalized sum of `logprobs`.
        ended: whether the end token came, rather than the longest length.
        attention: (tokens, N) float32, where the model looked for each token; None where the state carries none.
        satisfied: whether it holds all that was required; where no sentence does, the best without is given back.
    """

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    score: float
    ended: bool
    attention: NDArray[np.float32] | None = None
    satisfied: bool = True
