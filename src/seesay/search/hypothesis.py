"""What a search is asked for, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.errors import UsageError

State = Mapping[str, Any]
StepFunction = Callable[[Any, dict[str, Any]], tuple[Any, State]]
"""Tokens (R,) int64 and a state of R rows → logits (R, V) of the next token and the new state."""


WIDEST_BEAM = 100
"""Wider ones take minutes for a photo, and find worse sentences."""
STEEPEST = 10
"""Largest length_power; a length raised to hundreds is no number any more."""

_LOWEST = {
    "beam": 1,
    "num": 1,
    "max_length": 1,
    "min_length": 0,
    "length_power": 0,
    "consensus": 0,
    "no_repeat_ngram": 0,
    "groups": 1,
    "diversity": 0,
    "top_k": 0,
    "seed": 0,
}
_WHOLE = ("beam", "num", "max_length", "min_length", "no_repeat_ngram", "groups", "top_k", "seed")
_FOR_SAMPLING = ("temperature", "top_k", "top_p", "seed")


@dataclass(frozen=True)
class SearchOptions:
    """Settings of a search: beam search, or, with `sample`, sampling.

    Attributes:
        beam: sentences followed at a time; 1 is greedy.
        num: sentences given back for each picture, at most `beam` unless they are sampled.
        max_length: most tokens in a sentence, its end not counted.
        min_length: fewest tokens in a sentence, its end not counted.
        length_power: a sentence is scored by the sum of its log-probabilities over length**length_power; its end counts
            in both (Wu et al. 2016, arXiv:1609.08144, section 7, in its simple form). 0 turns it off.
        charge_end: whether a sentence that is cut at `max_length` is charged for the end that it does not have: one
            more token, as unlikely as the model says; else it competes by its own tokens, as ExpansionNet's authors
            have it.
        consensus: what agreement with the captions of similar training pictures adds to a sentence's score (see
            `seesay.runtime.neighbors`), by whoever has these: search itself does not.
        no_repeat_ngram: no sequence of this many tokens comes twice in a sentence; 0 turns it off.
        forbidden: tokens never emitted: padding, start, the unknown word, and what else must not appear.
        must: phrases, each of one or more tokens in a row, that a sentence must hold; for beam search.
        groups: the beam is divided in so many equal groups, each kept from saying what those before it say (diverse
            beam search, Vijayakumar et al. 2018, arXiv:1610.02424); 1 is plain beam search.
        diversity: what a token loses, in log-probability, for each time an earlier group has it at the same place.
        sample: draw sentences at random in place of searching for the likeliest.
        temperature: log-probabilities are divided by it before a token is drawn: below 1 the likely becomes likelier.
        top_k: draw among this many of the likeliest tokens; 0 for all.
        top_p: draw among the fewest likeliest tokens whose probabilities reach this sum (nucleus sampling, Holtzman et
            al. 2020, arXiv:1904.09751); 1 for all.
        seed: of the random numbers; the same one gives the same sentences.
    """

    beam: int = 3
    num: int = 1
    max_length: int = 20
    min_length: int = 1
    length_power: float = 0.7
    charge_end: bool = True
    consensus: float = 0.0
    no_repeat_ngram: int = 0
    forbidden: tuple[int, ...] = ()
    must: tuple[tuple[int, ...], ...] = ()
    groups: int = 1
    diversity: float = 0.5
    sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense, alone or together.

        Raises:
            UsageError: one line that names the setting.
        """
        for name in _WHOLE:
            if not isinstance(getattr(self, name), int):
                raise UsageError(f"{name} is {getattr(self, name)!r}; it must be a whole number")
        if self.beam > WIDEST_BEAM:
            raise UsageError(f"beam is {self.beam}; it must be {WIDEST_BEAM} or less (3 to 5 is usual)")
        for name, least in _LOWEST.items():
            if not least <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} is {getattr(self, name)}; it must be {least} or more")
        if self.length_power > STEEPEST:
            raise UsageError(f"length_power is {self.length_power}; it must be {STEEPEST} or less (0 to 1 is usual)")
        if self.num > WIDEST_BEAM:
            raise UsageError(f"num is {self.num}; it must be {WIDEST_BEAM} or less")
        if self.num > self.beam and not self.sample:
            raise UsageError(f"num is {self.num}, more than the beam of {self.beam}; raise the beam")
        if self.min_length > self.max_length:
            raise UsageError(f"min_length is {self.min_length}, more than max_length ({self.max_length})")
        if not (self.temperature > 0 and isfinite(self.temperature)):
            raise UsageError(f"temperature is {self.temperature}; it must be above 0 (near 0 the likeliest word wins)")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p is {self.top_p}; it must be above 0 and at most 1")
        self._check_together()

    def _check_together(self) -> None:
        defaults = {field.name: field.default for field in fields(self)}
        if self.beam % self.groups:
            raise UsageError(
                f"the beam of {self.beam} cannot be divided in {self.groups} equal groups; "
                f"make beam a multiple of groups, for example {self.groups * max(1, round(self.beam / self.groups))}"
            )
        if self.groups == 1 and self.diversity != defaults["diversity"]:
            raise UsageError("diversity keeps groups apart and there is one group; set groups to 2 or more")
        for name in _FOR_SAMPLING:
            if not self.sample and getattr(self, name) != defaults[name]:
                raise UsageError(f"{name} is for sampling; set sample too")
        for name, kind in (("groups", "diverse beam search"), ("must", "required words are found by beam search")):
            if self.sample and getattr(self, name) != defaults[name]:
                raise UsageError(f"{name} and sample do not go together ({kind}); leave one out")
        if self.must and self.groups > 1:
            raise UsageError("must and groups do not go together; leave one out")
        if self.must and not all(self.must):
            raise UsageError("must holds an empty phrase; leave it out")
        longest = max(map(len, self.must), default=0)
        if longest > self.max_length:
            raise UsageError(f"must holds a phrase of {longest} words, more than max_length ({self.max_length})")
        if not set(self.forbidden).isdisjoint(token for phrase in self.must for token in phrase):
            raise UsageError("a required word is forbidden; leave it out of one of the two")


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
