"""How models of one task are put side by side: what is measured of them, and how what they say is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from seesay.data import Dataset, Sample
from seesay.evaluation.comparison import Item
from seesay.evaluation.measures import MetricRow
from seesay.evaluation.predict import Model, Output
from seesay.evaluation.systems import System
from seesay.evaluation.tasks import TaskSpec
from seesay.metrics import Scores

Answers = Mapping[str, Mapping[str, Output]]
"""Name of a model to what it says of each sample, by id."""


class Evaluator(ABC):
    """What is measured of the models of one task, and how.

    Attributes:
        spec: how they are spoken of.
        table: file name of the table of all items.
    """

    spec: ClassVar[TaskSpec]
    table: ClassVar[str]

    @abstractmethod
    def check(self, systems: Sequence[System], samples: Sequence[Sample]) -> None:
        """Refuse models that cannot be compared, or samples that they cannot be compared on.

        Args:
            systems: two or more.
            samples: empty where only recorded scores are at hand.

        Raises:
            DataError: one line that says why.
        """

    @abstractmethod
    def digest(self, samples: Sequence[Sample]) -> str:
        """Twelve hex digits that differ where the samples or what is true of them do."""

    @abstractmethod
    def load(self, system: System) -> tuple[Model, str]:
        """A model ready to answer, and in words what computes it."""

    @abstractmethod
    def score(
        self, outputs: Answers, samples: Sequence[Sample], systems: Sequence[System]
    ) -> tuple[dict[str, Scores], list[str]]:
        """Scores of each model by name, and a line on each metric that is left out."""

    @abstractmethod
    def rows(
        self,
        systems: Sequence[System],
        scores: Sequence[Mapping[str, Any]],
        losses: Sequence[float | None],
        outputs: Answers | None,
        dataset: Dataset | None,
        samples: Sequence[Sample],
    ) -> list[MetricRow]:
        """Rows of the table that tell of what was said.

        Args:
            systems: what is compared.
            scores: of each, by key.
            losses: cross-entropy of each, nats.
            outputs: None, as `dataset`, where only recorded scores are at hand.
            dataset: that the samples are of.
            samples: that all answered on.
        """

    @abstractmethod
    def item_metric(self, scores: Mapping[str, Scores]) -> str:
        """The figure that each item carries."""

    @abstractmethod
    def items(self, samples: Sequence[Sample], outputs: Answers, scores: Mapping[str, Scores]) -> list[Item]:
        """What each model said of each sample."""

    def disputed(self, items: Sequence[Item]) -> tuple[list[Item], int | None]:
        """Those that the models differ about, most first, and how many they are; None where nearly all are."""
        return sorted(items, key=lambda i: max(i.values.values()) - min(i.values.values()), reverse=True), None

    def remarks(self, items: Sequence[Item]) -> list[str]:
        """Further tests of the differences from the first model, a sentence each."""
        return []
