"""What a search is asked for, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.errors import UsageError

State = Mapping[str, Any]
StepFunction = Callable[[Any, dict[str, Any]], tuple[Any, State]]
"""Tokens (R,) int64 and a state of R rows → logits (R, V) of the next token and the new state."""


WIDEST_BEAM = 100
"""Wider ones take minutes for a photo, and find worse sentences."""


@dataclass(frozen=True)
class SearchOptions:
    """Settings of a search.

    Attributes:
        beam: sentences followed at a time; 1 is greedy.
        num: sentences given back for each picture, at most `beam`.
        max_length: most tokens in a sentence, its end not counted.
        min_length: fewest tokens in a sentence, its end not counted.
        length_power: a sentence is scored by the sum of its log-probabilities over length**length_power; its end counts
            in both (Wu et al. 2016, arXiv:1609.08144, section 7, in its simple form). 0 turns it off.
        no_repeat_ngram: no sequence of this many tokens comes twice in a sentence; 0 turns it off.
        forbidden: tokens never emitted: padding, start, the unknown word.
    """

    beam: int = 3
    num: int = 1
    max_length: int = 20
    min_length: int = 1
    length_power: float = 0.7
    no_repeat_ngram: int = 0
    forbidden: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense.

        Raises:
            UsageError: one line that names the setting.
        """
        for name in ("beam", "num", "max_length", "min_length", "no_repeat_ngram"):
            if not isinstance(getattr(self, name), int):
                raise UsageError(f"{name} is {getattr(self, name)!r}; it must be a whole number")
        if self.beam > WIDEST_BEAM:
            raise UsageError(f"beam is {self.beam}; it must be {WIDEST_BEAM} or less (3 to 5 is usual)")
        lowest = {"beam": 1, "num": 1, "max_length": 1, "min_length": 0, "length_power": 0, "no_repeat_ngram": 0}
        for name, least in lowest.items():
            if not getattr(self, name) >= least:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be {least} or more")
        if self.num > self.beam:
            raise UsageError(f"num is {self.num}, more than the beam of {self.beam}; raise the beam")
        if self.min_length > self.max_length:
            raise UsageError(f"min_length is {self.min_length}, more than max_length ({self.max_length})")


@dataclass(frozen=True)
class Hypothesis:
    """One sentence.

    Attributes:
        tokens: ids, without start and end.
        logprobs: natural-log probability of each token, and of the end when `ended`.
        score: what hypotheses are ranked by: the normalised sum of `logprobs`.
        ended: whether the end token came, rather than the longest length.
        attention: (tokens, N) float32, where the model looked for each token; None where the state carries none.
    """

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    score: float
    ended: bool
    attention: NDArray[np.float32] | None = None
