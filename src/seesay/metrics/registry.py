"""Every metric of captions, once: what it is called, what it gives, what it needs. `score`, tables, plots and help ask
here; a package of its own adds one by the entry-point group `seesay.metrics`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from seesay.metrics.frequencies import CountedFrequencies, Frequencies
from seesay.metrics.ngrams import Captions, Counts, References, count_ngrams
from seesay.metrics.result import Result, Tokens
from seesay.registry import Registry

POINTS = "points"
"""The unit of shares and scores: 0 to 1 in JSON and CSV (CIDEr 0 to 10), times 100 in tables and on pages."""
Scored = tuple[dict[str, Result], str]
"""Results by figure, and the metric's part of the signature."""


@dataclass(frozen=True)
class Figure:
    """A number that a metric gives.

    Attributes:
        key: its name in JSON and CSV.
        label: its name for people.
        unit: of the value; `POINTS` for shares and scores, which people are shown on a scale of 0 to 100.
        better: 1 where more is better, -1 where less is, 0 where neither.
        digits: behind the decimal point.
        same_as: key of the figure that is the same number, which tables show in its place.
        meaning: a few words on what it measures, and what is good.
    """

    key: str
    label: str
    unit: str = ""
    better: int = 1
    digits: int = 4
    same_as: str = ""
    meaning: str = ""

    def shown(self, value: float) -> str:
        """The value as people read it: scores and shares times 100."""
        return f"{100 * value if self.unit == POINTS else value:.{self.digits}f}"


@dataclass(frozen=True)
class Texts:
    """What metrics score: tokens of one caption for each item, and of its references, in the same order.

    Attributes:
        candidates: item id to the tokens of its caption.
        references: item id to the tokens of each of its references.
        frequencies: stored document frequencies for CIDEr; None counts them in the references.
        fork: whether a metric may give a part of its work to a forked copy of this process.
    """

    candidates: Mapping[str, Tokens]
    references: Mapping[str, Sequence[Tokens]]
    frequencies: Frequencies | None = None
    fork: bool = False

    @cached_property
    def sides(self) -> tuple[Captions, References]:
        """The captions and references by word ids, made once for all metrics."""
        references = References(self.references)
        return references.hypotheses(self.candidates.items()), references

    @cached_property
    def document_frequencies(self) -> Frequencies | CountedFrequencies:
        """The stored ones, or else those of the references, counted once for all metrics."""
        return self.frequencies or CountedFrequencies(self.sides[1])

    def whole(self) -> tuple[Captions, Counts, References]:
        """The captions with their n-grams counted, and their references, all at once."""
        captions, references = self.sides
        return captions, count_ngrams(captions), references

    def blocks(self) -> Iterator[tuple[Captions, Counts, References]]:
        """The captions with their n-grams counted, and their references, a few items after another."""
        captions, references = self.sides
        for part, block in zip(captions.split(references.bounds()), references.blocks(), strict=True):
            yield part, count_ngrams(part), block


class Metric(ABC):
    """A metric, registered under the name by which it is asked for.

    Attributes:
        label: its name for people.
        figures: what it gives.
        usual: whether it is computed where none is named.
        aliases: other names that people write for it.
        rank: its place among the others, the smallest first.
    """

    label: ClassVar[str]
    figures: ClassVar[tuple[Figure, ...]]
    usual: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ()
    rank: ClassVar[int] = 100

    @abstractmethod
    def compute(self, texts: Texts) -> Scored:
        """The results of its figures, and its part of the signature."""

    def begin(self, texts: Texts) -> Callable[[], Scored]:
        """Begin work beside other metrics; what is given back ends it."""
        return lambda: self.compute(texts)

    @classmethod
    def missing_for(cls, items: int) -> str | None:
        """Why it cannot be computed here, in a line; None where it can.

        Args:
            items: how many are to be scored.
        """
        return None


METRICS: Registry[type[Metric]] = Registry("metric", "seesay.metrics", order=lambda metric: metric.rank)
"""In the order in which scores are printed."""
register = METRICS.register


def figures_of_captions() -> tuple[Figure, ...]:
    """The figures of all metrics, in their order."""
    return tuple(figure for name in METRICS for figure in METRICS[name].figures)


def metric_called(name: str) -> str:
    """A metric's name by one of its aliases; a name that is not known stays as it is."""
    plain = name.strip().lower().replace("_", "-")
    return next((known for known in METRICS if plain in METRICS[known].aliases), plain)
