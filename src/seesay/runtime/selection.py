"""Which of a beam's sentences is said, and how sure it is: what is known of each sentence, weighed.

The weights are fitted to dev photos by `seesay.exporting.calibration` and kept in the artifact's manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.errors import ArtifactError
from seesay.runtime.picture_kind import plainness
from seesay.search import Hypothesis
from seesay.text.people import FEMALE, MALE, PEOPLE

OF_SENTENCES = ("likelihood", "consensus", "texts", "support", "weakest", "subject", "length")
"""What is known of a sentence; see `Evidence.of`."""
OF_PICTURES = ("margin", "nearness", "found", "plainness")
"""What is known of a picture; see `Evidence.of`."""
SURE = 0.5
"""A sentence is stated without doubt from this confidence on, where nothing else is asked for."""
_FAINT = 0.01
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Selection:
    """Weights of what is known of a sentence.

    Attributes:
        weights: by name in `OF_SENTENCES`, for the order of a beam's sentences; the likelihood's is 1.
        confidence: by name in `OF_SENTENCES`, `OF_PICTURES` and `bias`, for the log-odds that a sentence is right.
        sure: from which confidence on it is stated without doubt.
        words: the words that the model detects.
        guide: how much a word that is detected is likelier said, and one that is not less (`Evidence.guidance`).
        people: words for people are held back where all are detected with less than this; 0: never.
        gender: words for men, and those for women, likewise: "person" and "child" are left to say; 0: never.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    confidence: Mapping[str, float] = field(default_factory=dict)
    sure: float = SURE
    words: tuple[str, ...] = ()
    guide: float = 0.0
    people: float = 0.0
    gender: float = 0.0

    @classmethod
    def from_json(cls, values: Mapping[str, Any], words: Sequence[str]) -> Selection:
        """Read what a manifest keeps.

        Raises:
            ArtifactError: a weight is no number, or of something unknown.
        """
        try:
            weights = {str(k): float(v) for k, v in dict(values.get("weights", {})).items()}
            confidence = {str(k): float(v) for k, v in dict(values.get("confidence", {})).items()}
            sure, guide = float(values.get("sure", SURE)), float(values.get("guide", 0.0))
            people, gender = float(values.get("people", 0.0)), float(values.get("gender", 0.0))
        except (TypeError, ValueError) as error:
            raise ArtifactError(f"the manifest's selection is damaged ({error}); get the artifact again") from error
        unknown = (set(weights) - set(OF_SENTENCES)) | (set(confidence) - {*OF_SENTENCES, *OF_PICTURES, "bias"})
        if unknown:
            raise ArtifactError(f"the manifest's selection weighs {min(unknown)!r}, which this SeeSay does not know")
        return cls(weights, confidence, sure, tuple(words), guide, people, gender)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the words, which the manifest has."""
        return {
            "weights": dict(self.weights),
            "confidence": dict(self.confidence),
            "sure": self.sure,
            "guide": self.guide,
            "people": self.people,
            "gender": self.gender,
        }

    def rank(self, found: Sequence[Hypothesis], known: Mapping[str, Floats], weight: float) -> list[int]:
        """The places of a picture's sentences, best first: by likelihood, and `weight` times all else that is known."""
        scores = self.scores(known, weight)
        return sorted(range(len(found)), key=lambda i: (found[i].satisfied, scores[i]), reverse=True)

    def scores(self, known: Mapping[str, Floats], weight: float) -> Floats:
        """What sentences are ranked by."""
        more = sum((value * known[name] for name, value in self.weights.items()), np.zeros(len(known["likelihood"])))
        return np.asarray(known["likelihood"] + weight * more)

    def probability(self, known: Mapping[str, Floats], place: int) -> float:
        """The chance that the sentence at `place` is right."""
        odds = self.confidence.get("bias", 0.0)
        odds += sum(
            v * float(np.atleast_1d(known[n])[place if n in OF_SENTENCES else 0])
            for n, v in self.confidence.items()
            if n != "bias"
        )
        return float(1 / (1 + np.exp(-odds)))


_PLAIN, _FAR = 0.05, 1.6
"""A detected word of this probability is neither likelier nor less likely for it; and how far others go, in nats."""
_NOBODY = 4.0
"""Nats that words for people lose where none is detected at all."""
_GUESSED = 2.0
"""Nats that words for men lose where none of them is, and those for women."""


class Evidence:
    """What is known of sentences about a picture.

    Args:
        tokens: the vocabulary's words.
        words: those that the model detects; of plurals the singular is detected.
    """

    def __init__(self, tokens: Sequence[str], words: Sequence[str]) -> None:
        place = {word: index for index, word in enumerate(words)}
        self.tokens = len(tokens)
        self.place: dict[int, int] = {}
        self.named = {tokens.index(word): index for word, index in place.items() if word in tokens}
        for index, token in enumerate(tokens):
            forms = (token, token.removesuffix("s"), token.removesuffix("es"))
            found = next((place[form] for form in forms if form in place), None)
            if found is not None:
                self.place[index] = found
        self.groups = [self._group(group, tokens, place) for group in (PEOPLE, MALE, FEMALE)]

    def _group(
        self, group: frozenset[str], tokens: Sequence[str], place: Mapping[str, int]
    ) -> tuple[list[int], list[int]]:
        """The detected words of a group, and the vocabulary's, plurals too."""
        detected = [index for word, index in place.items() if word in group]
        said = {token for token, index in self.place.items() if index in detected}
        return detected, sorted(said | {index for index, token in enumerate(tokens) if token in group})

    def guidance(
        self, detected: NDArray[np.floating], weight: float, people: float = 0.0, gender: float = 0.0
    ) -> NDArray[np.float32]:
        """What is added to the decoder's logits of each word, (B, V), for the words detected.

        Args:
            detected: (B, W), probabilities.
            weight: of each word's own log-odds, which are cut at 1.6.
            people: where the likeliest word for people has less than this, all of them lose up to 4 nats, the more the
                less likely it is: captions name people whom nobody sees more often than anything else. 0: nowhere.
            gender: words for men, and those for women, lose up to 2 nats likewise.
        """
        added = np.zeros((len(detected), self.tokens), np.float32)
        odds = np.clip(np.log((detected + _FAINT) / _PLAIN), -_FAR, _FAR)
        tokens = list(self.named.items())
        added[:, [token for token, _ in tokens]] = weight * odds[:, [place for _, place in tokens]]
        bounds = ((people, _NOBODY), (gender, _GUESSED), (gender, _GUESSED))
        for (seen, said), (bound, nats) in zip(self.groups, bounds, strict=True):
            if bound and seen:
                lacking = np.clip(1 - detected[:, seen].max(1) / bound, 0, None)
                added[:, said] -= nats * lacking[:, None]
        return added

    def of(
        self,
        found: Sequence[Hypothesis],
        detected: NDArray[np.floating] | None,
        consensus: Floats,
        texts: Floats,
        nearness: float,
        pixels: NDArray[np.uint8],
    ) -> dict[str, Floats]:
        """What is known, by name; of each sentence, or once of the picture.

        Args:
            found: the sentences, by falling likelihood.
            detected: (W,), the probability of each detectable word; None where nothing is detected.
            consensus: with what people said of similar training pictures, of each sentence.
            texts: with what people said where the same words come, of each sentence.
            nearness: cosine of the nearest training picture.
            pixels: (H, W, 3), the picture as the encoder sees it.

        Returns:
            `likelihood`: the search's score. `consensus`, `texts`: as given. `support`, `weakest`: mean and least
            log-probability that the detector gives to the sentence's words. `subject`: log-probability that the decoder
            gave to the first of these. `length`: words over 10. `margin`: by how much the first is likelier than the
            second. `nearness`: as given. `found`: the largest probability of a detected word. `plainness`: how much the
            picture is like a drawing or text (`seesay.runtime.picture_kind`).
        """
        likelihood = np.array([h.score for h in found])
        support, weakest, subject = (np.zeros(len(found)) for _ in range(3))
        for row, h in enumerate(found):
            named = [(h.logprobs[i], self.place[t]) for i, t in enumerate(h.tokens) if t in self.place]
            if named:
                subject[row] = named[0][0]
            if named and detected is not None:
                odds = np.log(np.asarray(detected)[[place for _, place in named]] + _FAINT)
                support[row], weakest[row] = odds.mean(), odds.min()
        return {
            "likelihood": likelihood,
            "consensus": np.asarray(consensus, np.float64),
            "texts": np.asarray(texts, np.float64),
            "support": support,
            "weakest": weakest,
            "subject": subject,
            "length": np.array([len(h.tokens) / 10 for h in found]),
            "margin": np.array([likelihood[0] - likelihood[1] if len(found) > 1 else 0.0]),
            "nearness": np.array([nearness]),
            "found": np.array([0.0 if detected is None else float(np.max(detected, initial=0.0))]),
            "plainness": np.array([plainness(pixels)]),
        }


def in_order(found: Sequence[Hypothesis], order: Sequence[int], scores: Floats) -> list[Hypothesis]:
    """The sentences in this order, with these scores."""
    return [replace(found[place], score=float(scores[place])) for place in order]
