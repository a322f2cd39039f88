"""Recognizers side by side: accuracy, its classes, the likelihood of the labels, and who alone is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.data import Dataset, Sample
from seesay.errors import DataError
from seesay.evaluation.comparison import Item
from seesay.evaluation.evaluator import Answers, Evaluator
from seesay.evaluation.measures import MetricRow, score_rows
from seesay.evaluation.predict import Answer, Model
from seesay.evaluation.systems import System
from seesay.evaluation.tasks import RECOGNITION
from seesay.media import Preprocessor
from seesay.metrics import Scores
from seesay.metrics.recognition import labels_digest, likeliest, score_labels
from seesay.metrics.registry import POINTS
from seesay.metrics.significance import mcnemar
from seesay.runtime.recognizer import CLIPS, Recognizer, average

_MOST_ROWS = 30
"""Classes that have a row each in the table."""
_MOST_NAMED = 10
"""Classes that an error names."""


class RecognitionEvaluator(Evaluator):
    """See `Evaluator`."""

    spec = RECOGNITION
    table = "clips.csv"

    def check(self, systems: Sequence[System], samples: Sequence[Sample]) -> None:
        """See `Evaluator.check`.

        Raises:
            DataError: models of different classes, a sample without a label, or with one that they do not know.
        """
        first = systems[0]
        for other in systems[1:]:
            if other.labels != first.labels:
                differing = sorted(set(first.labels) ^ set(other.labels))
                one = first if differing[0] in first.labels else other
                raise DataError(
                    f"{first.name} knows {len(first.labels)} classes and {other.name} {len(other.labels)}, and "
                    f"{one.name} alone knows {differing[0]!r}; compare recognizers of the same classes"
                )
        for sample in samples:
            if sample.label not in first.labels:
                lacks = "has no label" if sample.label is None else f"its class is {sample.label!r}"
                known = ", ".join(first.labels[:_MOST_NAMED]) + (", …" if len(first.labels) > _MOST_NAMED else "")
                raise DataError(f"{sample.media}: {lacks}; {first.name} knows {known}")

    def digest(self, samples: Sequence[Sample]) -> str:
        """See `Evaluator.digest`."""
        return labels_digest(_labels(samples))

    def load(self, system: System) -> tuple[Model, str]:
        """See `Evaluator.load`."""
        assert system.artifact is not None
        networks, engine = system.networks()
        return _Recognizing(Recognizer(system.artifact, networks)), engine

    def score(
        self, outputs: Answers, samples: Sequence[Sample], systems: Sequence[System]
    ) -> tuple[dict[str, Scores], list[str]]:
        """See `Evaluator.score`."""
        references = _labels(samples)
        ranked = {name: {i: list(each[i]) for i in references} for name, each in outputs.items()}
        return {name: score_labels(references, each, systems[0].labels) for name, each in ranked.items()}, []

    def rows(
        self,
        systems: Sequence[System],
        scores: Sequence[Mapping[str, Any]],
        losses: Sequence[float | None],
        outputs: Answers | None,
        dataset: Dataset | None,
        samples: Sequence[Sample],
    ) -> list[MetricRow]:
        """See `Evaluator.rows`."""
        known = tuple(len(e.labels) for e in systems)
        return [
            *score_rows(self.spec, scores, losses),
            *(self._classes(systems, outputs, samples) if outputs is not None else []),
            MetricRow("model", "classes", "classes it knows", "", known),
        ]

    def _classes(self, systems: Sequence[System], outputs: Answers, samples: Sequence[Sample]) -> list[MetricRow]:
        groups: dict[str, list[str]] = {}
        for sample in sorted(samples, key=lambda s: str(s.label)):
            groups.setdefault(str(sample.label), []).append(sample.id)
        if len(groups) > _MOST_ROWS:
            return []
        rows = []
        for label, ids in groups.items():
            shares = tuple(sum(_first(outputs[e.name][i]) == label for i in ids) / len(ids) for e in systems)
            rows.append(
                MetricRow(
                    "accuracy of each class", f"class {label}", f"accuracy, {label} ({len(ids)})", POINTS, shares, 1, 1
                )
            )
        return rows

    def item_metric(self, scores: Mapping[str, Scores]) -> str:
        """See `Evaluator.item_metric`."""
        return "probability of the right label"

    def items(self, samples: Sequence[Sample], outputs: Answers, scores: Mapping[str, Scores]) -> list[Item]:
        """See `Evaluator.items`; a label that is not among those kept of a clip counts as improbable, 0."""
        return [
            Item(
                s,
                (str(s.label),),
                {name: _first(each[s.id]) for name, each in outputs.items()},
                {name: each[s.id].get(str(s.label), 0.0) for name, each in outputs.items()},
                {name: _first(each[s.id]) == s.label for name, each in outputs.items()},
            )
            for s in samples
        ]

    def disputed(self, items: Sequence[Item]) -> tuple[list[Item], int | None]:
        """See `Evaluator.disputed`: those of which not all say the same; where one is right first."""
        found = [item for item in items if len(set(item.outputs.values())) > 1]
        ranked, _ = super().disputed(found)
        return sorted(ranked, key=lambda item: not any(item.right.values())), len(found)

    def remarks(self, items: Sequence[Item]) -> list[str]:
        """See `Evaluator.remarks`: the exact test of McNemar on top-1."""
        first, *others = items[0].right
        found = []
        for name in others:
            ours, theirs, p = mcnemar([i.right[first] for i in items], [i.right[name] for i in items])
            found.append(
                f"{name} alone is right about {theirs}, {first} alone about {ours} "
                f"(top-1, exact McNemar test: p {p:.3f})"
            )
        return found


class _Recognizing:
    """A recognizer at work; see `Model`."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.recognizer = recognizer
        self.batch_size = CLIPS
        self.key: Any = None
        self.preprocessing: Preprocessor = recognizer.preprocessing

    def answer(self, samples: Sequence[Sample], pixels: NDArray[Any]) -> list[Answer]:
        """See `Model.answer`; the loss is the mean over time, as training has it."""
        networks, labels = self.recognizer.networks, self.recognizer.labels
        logits, _ = networks.classify(networks.frames(pixels))
        right = [labels.index(str(sample.label)) for sample in samples]
        highest = logits.max(-1)
        logs = highest + np.log(np.exp(logits - highest[..., None]).sum(-1))  # (B, T)
        nats = (logs - logits[np.arange(len(right)), :, right]).mean(1)
        return [
            Answer(likeliest(each, labels), float(loss), 1)
            for each, loss in zip(average(logits), nats.tolist(), strict=True)
        ]

    def run(self, sources: Sequence[Any]) -> object:
        """See `Model.run`."""
        return self.recognizer.recognize(sources)


def _labels(samples: Sequence[Sample]) -> dict[str, str]:
    return {s.id: str(s.label) for s in samples}


def _first(outputs: Mapping[str, float]) -> str:
    return next(iter(outputs))
