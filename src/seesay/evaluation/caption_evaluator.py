"""Captioners side by side: scores against the references, their likelihood, and signs of health."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
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
from seesay.evaluation.tasks import CAPTIONS
from seesay.metrics import Scores, health, score
from seesay.metrics.figures import HEALTH
from seesay.metrics.scores import possible_metrics, references_digest
from seesay.runtime import Captioner
from seesay.runtime.likelihood import cross_entropy
from seesay.text import Learned, tokenize


class CaptionEvaluator(Evaluator):
    """See `Evaluator`.

    Args:
        beam: sentences followed at a time; None for each model's own.
    """

    spec = CAPTIONS
    table = "captions.csv"

    def __init__(self, beam: int | None = None) -> None:
        self.beam = beam

    def check(self, systems: Sequence[System], samples: Sequence[Sample]) -> None:
        """See `Evaluator.check`.

        Raises:
            DataError: a sample without captions.
        """
        silent = next((s for s in samples if not s.references), None)
        if silent is not None:
            raise DataError(f"{silent.media}: has no captions; captioners are compared on data that has them")

    def digest(self, samples: Sequence[Sample]) -> str:
        """See `Evaluator.digest`."""
        return references_digest({s.id: [tokenize(text) for text in s.references] for s in samples})

    def load(self, system: System) -> tuple[Model, str]:
        """See `Evaluator.load`.

        Raises:
            UsageError: the beam is none.
        """
        assert system.artifact is not None
        networks, engine = system.networks()
        return _Captioning(Captioner(system.artifact, networks), system.learned, self.beam), engine

    def score(
        self, outputs: Answers, samples: Sequence[Sample], systems: Sequence[System]
    ) -> tuple[dict[str, Scores], list[str]]:
        """See `Evaluator.score`."""
        metrics, lacking = possible_metrics(len(samples))
        references = {s.id: s.references for s in samples}
        scores = {name: score({i: each[i] for i in references}, references, metrics) for name, each in outputs.items()}
        return scores, lacking

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
        words = [e.artifact.manifest.vocabulary.get("tokens", ()) if e.artifact else None for e in systems]
        signs = [{"distinct": s.get("distinct")} for s in scores]
        if outputs is not None and dataset is not None:
            training = [text for s in dataset.samples if s.split == "train" for text in s.references]
            captions = [[outputs[e.name][s.id] for s in samples] for e in systems]
            signs = [asdict(health(t, training or None, w)) for t, w in zip(captions, words, strict=True)]
        perplexities = tuple(None if loss is None else math.exp(min(loss, 700.0)) for loss in losses)
        known = tuple(None if w is None else sum(not word.startswith("<") for word in w) for w in words)
        return [
            *score_rows(self.spec, scores, losses),
            MetricRow("likelihood of the references", "perplexity", "perplexity", "", perplexities, -1, 2),
            *(
                MetricRow("captions", f.key, f.label, f.unit, tuple(s.get(f.key) for s in signs), f.better, f.digits)
                for f in HEALTH
            ),
            MetricRow("model", "vocabulary_words", "words it knows", "", known),
        ]

    def item_metric(self, scores: Mapping[str, Scores]) -> str:
        """CIDEr-D, or ROUGE-L where there are too few items for it."""
        return "CIDEr-D" if all("CIDEr-D" in each.items for each in scores.values()) else "ROUGE_L"

    def items(self, samples: Sequence[Sample], outputs: Answers, scores: Mapping[str, Scores]) -> list[Item]:
        """See `Evaluator.items`."""
        metric = self.item_metric(scores)
        return [
            Item(
                s,
                s.references,
                {name: each[s.id] for name, each in outputs.items()},
                {name: scores[name].items[metric][s.id] for name in outputs},
            )
            for s in samples
        ]


class _Captioning:
    """A captioner at work; see `Model`."""

    def __init__(self, captioner: Captioner, learned: Learned, beam: int | None) -> None:
        self.captioner, self.learned, self.beam = captioner, learned, beam
        self.preprocessing = captioner.preprocessing
        self.batch_size = captioner.batch_size
        self.options = captioner.options(beam=beam)
        self.key = [asdict(self.options), asdict(learned)]
        self.networks = _Once(captioner.networks)
        self.seeing = Captioner(captioner.artifact, self.networks)

    def answer(self, samples: Sequence[Sample], pixels: NDArray[Any]) -> list[Answer]:
        """See `Model.answer`."""
        captions = self.seeing.caption_pixels(pixels, self.options)
        references = [sample.references for sample in samples]
        state = self.networks.start(pixels)
        nats, tokens = cross_entropy(self.networks, state, references, self.captioner.vocabulary, self.learned)
        return [
            Answer(best[0].text, loss, count)
            for best, loss, count in zip(captions, nats.tolist(), tokens.tolist(), strict=True)
        ]

    def run(self, sources: Sequence[Any]) -> object:
        """See `Model.run`."""
        return self.captioner.caption(sources, beam=self.beam)


class _Once:
    """Networks that look at the same pixels once, though both the search and the likelihood ask for them."""

    def __init__(self, networks: Any) -> None:
        self.networks = networks
        self.step = networks.step
        self.constant: frozenset[str] = networks.constant
        self._pixels: NDArray[np.uint8] | None = None
        self._seen: tuple[dict[str, Any], Any] = ({}, None)

    def start(self, pixels: NDArray[np.uint8]) -> dict[str, Any]:
        """See `Networks.start`."""
        return self.start_with_features(pixels)[0]

    def start_with_features(self, pixels: NDArray[np.uint8]) -> tuple[dict[str, Any], Any]:
        """See `Networks.start_with_features`."""
        if pixels is not self._pixels:
            self._pixels, self._seen = pixels, self.networks.start_with_features(pixels)
            self.constant = self.networks.constant
        state, pooled = self._seen
        return dict(state), pooled
