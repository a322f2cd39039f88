"""Recognizers side by side: accuracy, its classes, the likelihood of the labels, and who alone is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from seesay.data import Dataset, Sample
from seesay.errors import DataError
from seesay.evaluation.comparison import Item
from seesay.evaluation.evaluator import Answers, Judge
from seesay.evaluation.measures import Measure, score_rows
from seesay.evaluation.predict import Answer, Model
from seesay.evaluation.systems import Entrant
from seesay.evaluation.tasks import RECOGNITION
from seesay.media import Preprocessor
from seesay.metrics import Scores
from seesay.metrics.recognition import labels_digest, likeliest, score_labels
from seesay.metrics.significance import mcnemar
from seesay.runtime.recognizer import CLIPS, Recognizer, average

_MOST_ROWS = 30
"""Classes that have a row each in the table."""
_MOST_NAMED = 10
"""Classes that an error names."""


class RecognitionJudge(Judge):
    """See `Judge`."""

    view = RECOGNITION
    metric = "probability of the right label"
    columns: ClassVar[tuple[str, str]] = ("clips.csv", "id")

    def check(self, entrants: Sequence[Entrant], samples: Sequence[Sample]) -> None:
        """See `Judge.check`.

        Raises:
            DataError: models of different classes, a sample without a label, or with one that they do not know.
        """
        first = entrants[0]
        for other in entrants[1:]:
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
        """See `Judge.digest`."""
        return labels_digest(_truth(samples))

    def load(self, entrant: Entrant) -> tuple[Model, str]:
        """See `Judge.load`."""
        assert entrant.artifact is not None
        networks, engine = entrant.networks()
        return _Recognizing(Recognizer(entrant.artifact, networks)), engine

    def score(
        self, said: Answers, samples: Sequence[Sample], entrants: Sequence[Entrant]
    ) -> tuple[dict[str, Scores], list[str]]:
        """See `Judge.score`."""
        truth = _truth(samples)
        ranked = {name: {i: list(each[i]) for i in truth} for name, each in said.items()}
        return {name: score_labels(truth, each, entrants[0].labels) for name, each in ranked.items()}, []

    def rows(
        self,
        entrants: Sequence[Entrant],
        scores: Sequence[Mapping[str, Any]],
        losses: Sequence[float | None],
        said: Answers | None,
        dataset: Dataset | None,
        samples: Sequence[Sample],
    ) -> list[Measure]:
        """See `Judge.rows`."""
        known = tuple(len(e.labels) for e in entrants)
        return [
            *score_rows(self.view, scores, losses),
            *(self._classes(entrants, said, samples) if said is not None else []),
            Measure("model", "classes", "classes it knows", "", known),
        ]

    def _classes(self, entrants: Sequence[Entrant], said: Answers, samples: Sequence[Sample]) -> list[Measure]:
        groups: dict[str, list[str]] = {}
        for sample in sorted(samples, key=lambda s: str(s.label)):
            groups.setdefault(str(sample.label), []).append(sample.id)
        if len(groups) > _MOST_ROWS:
            return []
        rows = []
        for label, ids in groups.items():
            shares = tuple(sum(_first(said[e.name][i]) == label for i in ids) / len(ids) for e in entrants)
            rows.append(
                Measure("accuracy of each class", f"class {label}", f"accuracy, {label} ({len(ids)})", "", shares, 1)
            )
        return rows

    def items(self, samples: Sequence[Sample], said: Answers, scores: Mapping[str, Scores]) -> list[Item]:
        """See `Judge.items`; a label that is not among those kept of a clip counts as improbable, 0."""
        return [
            Item(
                s,
                (str(s.label),),
                {name: _first(each[s.id]) for name, each in said.items()},
                {name: each[s.id].get(str(s.label), 0.0) for name, each in said.items()},
                {name: _first(each[s.id]) == s.label for name, each in said.items()},
            )
            for s in samples
        ]

    def disputed(self, items: Sequence[Item]) -> tuple[list[Item], int | None]:
        """See `Judge.disputed`: those of which not all say the same; where one is right first."""
        found = [item for item in items if len(set(item.said.values())) > 1]
        ranked, _ = super().disputed(found)
        return sorted(ranked, key=lambda item: not any(item.right.values())), len(found)

    def remarks(self, items: Sequence[Item]) -> list[str]:
        """See `Judge.remarks`: the exact test of McNemar on top-1."""
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


def _truth(samples: Sequence[Sample]) -> dict[str, str]:
    return {s.id: str(s.label) for s in samples}


def _first(said: Mapping[str, float]) -> str:
    return next(iter(said))
