"""METEOR among the metrics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seesay.metrics.meteor.load import missing_part
from seesay.metrics.meteor.score import Meteor
from seesay.metrics.parallel import beside
from seesay.metrics.registry import POINTS, Figure, Metric, Scored, Texts, register

_WORTH_A_FORK = 300


@register("meteor")
class MeteorMetric(Metric):
    """See `Meteor`."""

    label = "METEOR"
    rank = 2
    figures = (
        Figure(
            "METEOR",
            "METEOR",
            POINTS,
            digits=1,
            meaning="words matched with people's, stems and synonyms too; higher is better",
        ),
    )
    usual = True

    def compute(self, texts: Texts) -> Scored:
        """See `Metric.compute`."""
        return self.begin(texts)()

    def begin(self, texts: Texts) -> Callable[[], Scored]:
        """See `Metric.begin`: a part of the work is forked off."""
        meteor = Meteor()
        hypotheses, references = list(texts.candidates.values()), list(texts.references.values())
        # What is left to this process takes about as long as the other metrics are faster than METEOR.
        split = 3 * len(hypotheses) // 10 if texts.fork and len(hypotheses) >= _WORTH_A_FORK else len(hypotheses)
        rest = (
            beside(lambda: meteor.counts(hypotheses[split:], references[split:])) if split < len(hypotheses) else None
        )

        def results() -> Scored:
            counts = [meteor.counts(hypotheses[:split], references[:split]), *([rest()] if rest else [])]
            return meteor.of(np.concatenate(counts)), meteor.signature

        return results

    @classmethod
    def missing_for(cls, items: int) -> str | None:
        """See `Metric.missing_for`."""
        return missing_part()
