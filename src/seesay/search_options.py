"""The options of a search: their names, ranges, help and defaults, once for Python, command, service and artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Annotated, Any, NamedTuple, TypedDict, get_args, get_type_hints

from seesay.errors import UsageError

WIDEST_BEAM = 100
"""Wider ones take minutes for a photo, and find worse sentences."""
BEAM, LENGTH, SAMPLING, DIVERSE, WORDS = (
    "Search",
    "Length",
    "Sampling",
    "Diverse beams",
    "Required and forbidden words",
)


class Option(NamedTuple):
    """What is known of an option.

    Attributes:
        help: one line, for `--help` and the service's description.
        panel: the heading it stands under.
        default: what holds where neither caller nor model says anything else, in words.
        least: smallest number.
        most: largest number.
        usual: what is usual, told with a number that is too large.
    """

    help: str
    panel: str
    default: str = "the model's"
    least: float = 0
    most: float = 0
    usual: str = ""


class SearchSettings(TypedDict, total=False):
    """How captions are searched for. What is left out, or None, is the model's own choice.

    `seesay.search.SearchOptions` says more of each.
    """

    beam: Annotated[
        int | None,
        Option("Sentences followed at a time; 1 is greedy.", BEAM, least=1, most=WIDEST_BEAM, usual="3 to 5 is usual"),
    ]
    num: Annotated[
        int | None,
        Option("Captions for each photo, at most --beam unless sampled.", BEAM, "1", least=1, most=WIDEST_BEAM),
    ]
    consensus: Annotated[
        float | None,
        Option(
            "What agreement with the captions of similar training pictures counts, for a model that keeps these; "
            "0: nothing.",
            BEAM,
            most=1000,
        ),
    ]
    no_repeat_ngram: Annotated[
        int | None, Option("No sequence of this many words twice in a caption; 0: no limit.", BEAM, most=1000)
    ]
    min_length: Annotated[int | None, Option("Fewest words in a caption.", LENGTH, most=1000)]
    max_length: Annotated[int | None, Option("Most words in a caption.", LENGTH, least=1, most=1000)]
    length_power: Annotated[
        float | None,
        Option(
            "A caption's score is divided by its length to this power; smaller is shorter.",
            LENGTH,
            most=10,
            usual="0 to 1 is usual",
        ),
    ]
    charge_end: Annotated[
        bool | None,
        Option("Whether a caption cut at its most words is charged for the end that it lacks.", LENGTH),
    ]
    sample: Annotated[bool | None, Option("Draw captions at random; they may repeat.", SAMPLING, "")]
    temperature: Annotated[
        float | None, Option("Below 1 for likelier words, above for less likely.", SAMPLING, "1", least=1e-4, most=1000)
    ]
    top_k: Annotated[int | None, Option("Draw among this many likeliest words; 0: all.", SAMPLING, "0", most=1_000_000)]
    top_p: Annotated[
        float | None,
        Option("Draw among the fewest likeliest words that reach this probability.", SAMPLING, "1", least=1e-6, most=1),
    ]
    seed: Annotated[int | None, Option("The same gives the same captions.", SAMPLING, "0", most=2**63 - 1)]
    groups: Annotated[
        int | None,
        Option(
            "Divide the beam in this many groups that avoid each other's words.",
            DIVERSE,
            "1",
            least=1,
            most=WIDEST_BEAM,
        ),
    ]
    diversity: Annotated[float | None, Option("How strongly groups avoid these.", DIVERSE, "0.5", most=1000)]
    must: Annotated[Sequence[str] | None, Option("A word or phrase that must be said; may be repeated.", WORDS, "")]
    must_not: Annotated[Sequence[str] | None, Option("A word that must not be said; may be repeated.", WORDS, "")]


_HINTS = get_type_hints(SearchSettings, include_extras=True)
OPTIONS: dict[str, Option] = {name: hint.__metadata__[0] for name, hint in _HINTS.items()}
"""Name → what is known of it, in the order of the help."""
KINDS: dict[str, Any] = {
    name: next(kind for kind in get_args(get_args(hint)[0]) if kind is not type(None)) for name, hint in _HINTS.items()
}
"""Name → int, float, bool or, of words, Sequence[str]."""
RANGES: dict[str, tuple[type, float, float]] = {
    name: (kind, OPTIONS[name].least, OPTIONS[name].most) for name, kind in KINDS.items() if kind in (int, float)
}
"""Numbers alone: type, least and most."""
FLAGS = tuple(name for name, kind in KINDS.items() if kind is bool)
_FOR_SAMPLING = ("temperature", "top_k", "top_p", "seed")


@dataclass(frozen=True)
class SearchOptions:
    """Settings of a search: beam search, or, with `sample`, sampling. `SearchSettings` in tokens.

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
        if not (self.temperature > 0 and isfinite(self.temperature)):
            raise UsageError(f"temperature is {self.temperature}; it must be above 0 (near 0 the likeliest word wins)")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p is {self.top_p}; it must be above 0 and at most 1")
        for name, (kind, least, most) in RANGES.items():
            value = getattr(self, name)
            if kind is int and not isinstance(value, int):
                raise UsageError(f"{name} is {value!r}; it must be a whole number")
            if not value >= least:
                raise UsageError(f"{name} is {value}; it must be {least:g} or more")
            if value > most:
                usual = f" ({OPTIONS[name].usual})" if OPTIONS[name].usual else ""
                raise UsageError(f"{name} is {value}; it must be {most:,g} or less{usual}")
        if self.num > self.beam and not self.sample:
            raise UsageError(f"num is {self.num}, more than the beam of {self.beam}; raise the beam")
        if self.min_length > self.max_length:
            raise UsageError(f"min_length is {self.min_length}, more than max_length ({self.max_length})")
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
