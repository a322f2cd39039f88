"""How models of one task are put side by side: what is measured of them, and how what they say is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from seesay.data import Dataset, Sample
from seesay.evaluation.comparison import Item
from seesay.evaluation.measures import Measure
from seesay.evaluation.predict import Model, Said
from seesay.evaluation.systems import Entrant
from seesay.evaluation.tasks import View
from seesay.metrics import Scores

Answers = Mapping[str, Mapping[str, Said]]
"""Name of a model to what it says of each sample, by id."""


class Judge(ABC):
    """What is measured of the models of one task, and how.

    Attributes:
        view: how they are spoken of.
        metric: the figure that each item carries.
        columns: of the table of all items: its file's name, and the heading of its ids.
    """

    view: ClassVar[View]
    metric: str
    columns: ClassVar[tuple[str, str]]

    @abstractmethod
    def check(self, entrants: Sequence[Entrant], samples: Sequence[Sample]) -> None:
        """Refuse models that cannot be compared, or samples that they cannot be compared on.

        Args:
            entrants: two or more.
            samples: empty where only recorded scores are at hand.

        Raises:
            DataError: one line that says why.
        """

    @abstractmethod
    def digest(self, samples: Sequence[Sample]) -> str:
        """Twelve hex digits that differ where the samples or what is true of them do."""

    @abstractmethod
    def load(self, entrant: Entrant) -> tuple[Model, str]:
        """A model ready to answer, and in words what computes it."""

    @abstractmethod
    def score(
        self, said: Answers, samples: Sequence[Sample], entrants: Sequence[Entrant]
    ) -> tuple[dict[str, Scores], list[str]]:
        """Scores of each model by name, and a line on each metric that is left out."""

    @abstractmethod
    def rows(
        self,
        entrants: Sequence[Entrant],
        scores: Sequence[Mapping[str, Any]],
        losses: Sequence[float | None],
        said: Answers | None,
        dataset: Dataset | None,
        samples: Sequence[Sample],
    ) -> list[Measure]:
        """Rows of the table that tell of what was said.

        Args:
            entrants: what is compared.
            scores: of each, by key.
            losses: cross-entropy of each, nats.
            said: None, as `dataset`, where only recorded scores are at hand.
            dataset: that the samples are of.
            samples: that all answered on.
        """

    @abstractmethod
    def items(self, samples: Sequence[Sample], said: Answers, scores: Mapping[str, Scores]) -> list[Item]:
        """What each model said of each sample."""

    def disputed(self, items: Sequence[Item]) -> tuple[list[Item], int | None]:
        """Those that the models differ about, most first, and how many they are; None where nearly all are."""
        return sorted(items, key=lambda i: max(i.values.values()) - min(i.values.values()), reverse=True), None

    def remarks(self, items: Sequence[Item]) -> list[str]:
        """Further tests of the differences from the first model, a sentence each."""
        return []
