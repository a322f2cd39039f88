"""From the sentences that search finds to what is said: chosen among, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.artifact import Artifact
from seesay.runtime.caption import Caption
from seesay.runtime.neighbors import Neighbors
from seesay.runtime.picture_kind import NO_PHOTO, plainness
from seesay.runtime.selection import Evidence, Selection, in_order
from seesay.search import Hypothesis, SearchOptions
from seesay.text import Vocabulary

DOUBT = 0.05
"""Largest confidence of what is said of a picture that is no photo."""
_TOLD, _LEAST = 12, 0.1
NO_PHOTO_WORDS = ("chart", "text")


class Chooser:
    """Orders what search found, and says how sure it is of each sentence.

    Args:
        artifact: the model's.
        vocabulary: its words.
        neighbors: what people said of its training pictures; None where it keeps none.
        texts: what people said of pictures that are not there; None where it keeps none.
    """

    def __init__(
        self, artifact: Artifact, vocabulary: Vocabulary, neighbors: Neighbors | None, texts: Neighbors | None
    ) -> None:
        detector = dict(artifact.manifest.model.get("detector") or {})
        self.usual = float(artifact.manifest.search.get("consensus", 1.0)) or 1.0
        selection = Selection.from_json(artifact.manifest.selection, detector.get("words", ()))
        self.selection = selection if selection.weights else replace(selection, weights={"consensus": self.usual})
        self.neighbors = neighbors
        self.texts = texts
        self.evidence = Evidence(vocabulary.tokens, self.selection.words)

    @property
    def confident(self) -> bool:
        """Whether it says how sure it is."""
        return bool(self.selection.confidence)

    @property
    def guides(self) -> bool:
        """Whether detected words change how likely words are said."""
        return bool(self.selection.guide or self.selection.people or self.selection.gender)

    def guidance(self, detected: NDArray[np.floating]) -> NDArray[np.float32]:
        """See `Evidence.guidance`."""
        chosen = self.selection
        return self.evidence.guidance(detected, chosen.guide, chosen.people, chosen.gender)

    def known(
        self, state: Mapping[str, Any], pooled: NDArray[np.floating], found: Sequence[Sequence[Hypothesis]], pixels: Any
    ) -> list[dict[str, NDArray[np.float64]]]:
        """What is known of the sentences found of each picture; see `Evidence.of`."""
        detected = state.get("words")
        tokens = [[h.tokens for h in one] for one in found]
        none = [np.zeros(len(one)) for one in found]
        consensus = none if self.neighbors is None else self.neighbors.consensus(pooled, tokens)
        texts = none if self.texts is None or detected is None else self.texts.consensus(detected, tokens)
        near = np.zeros(len(found)) if self.neighbors is None else self.neighbors.nearness(pooled)
        return [
            self.evidence.of(one, None if detected is None else detected[i], consensus[i], texts[i], near[i], pixels[i])
            for i, one in enumerate(found)
        ]

    def choose(
        self,
        state: Mapping[str, Any],
        pooled: NDArray[np.floating],
        found: Sequence[Sequence[Hypothesis]],
        pixels: Any,
        options: SearchOptions,
    ) -> list[tuple[list[Hypothesis], list[float]]]:
        """Of each picture the `options.num` best sentences, and the confidence in each.

        With `options.consensus` 0 the order of the search stands.
        """
        weight = options.consensus / self.usual
        chosen = []
        for one, known in zip(found, self.known(state, pooled, found, pixels), strict=True):
            order = self.selection.rank(one, known, weight) if weight else list(range(len(one)))
            order = order[: options.num]
            sure = [self.selection.probability(known, place) for place in order]
            if float(known["plainness"][0]) >= NO_PHOTO:
                sure = [min(DOUBT, value) for value in sure]
            chosen.append((in_order(one, order, self.selection.scores(known, weight)), sure))
        return chosen

    def detected_words(
        self, detected: NDArray[np.floating] | None, pixels: NDArray[np.uint8]
    ) -> tuple[tuple[str, float], ...]:
        """The words detected in a picture, likeliest first; of what is no photo that it may be a chart or text."""
        kind: list[tuple[str, float]] = []
        if self.confident and plainness(pixels) >= NO_PHOTO:
            kind = [(word, 1.0) for word in NO_PHOTO_WORDS]
        if detected is None or not len(detected):
            return tuple(kind)
        order = np.argsort(-detected, kind="stable")[:_TOLD]
        words = [(self.selection.words[i], float(detected[i])) for i in order if detected[i] >= _LEAST]
        return tuple(kind or words)


def with_confidence(caption: Caption, confidence: float, sure: float, words: tuple[tuple[str, float], ...]) -> Caption:
    """The caption with how sure it is, and whether that is enough."""
    return replace(caption, confidence=confidence, sure=confidence >= sure, words=words)
