"""How far a captioner's confidence can be believed: calibration, and what is wrong among what it is surest of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.metrics.things import unsupported
from seesay.text.people import PEOPLE

ACCEPTED = 0.3
"""CIDEr-D from which a caption counts as one that a person would accept, where it names nothing wrong."""
COVERAGES = (1.0, 0.75, 0.5, 0.25)
"""Shares of the photos, surest first, that wrong things are counted among."""
BINS = 10


def is_accepted(caption: str, references: Sequence[str], cider: float) -> bool:
    """Whether a caption names nothing that no reference names, and is like what people said: CIDEr-D 0.3 or more."""
    return cider >= ACCEPTED and not unsupported(caption, references)


def calibration_error(confidence: Sequence[float] | NDArray[np.float64], right: Sequence[bool] | NDArray[Any]) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al. 2017, arXiv:1706.04599, eq. 3), 0 to 1."""
    return float(sum(abs(each.confidence - each.accepted) * each.count for each in bins(confidence, right))) / max(
        1, len(confidence)
    )


@dataclass(frozen=True)
class Bin:
    """Captions of about the same confidence.

    Attributes:
        confidence: its mean.
        accepted: the share of them that is right.
        count: how many.
    """

    confidence: float
    accepted: float
    count: int


def bins(confidence: Sequence[float] | NDArray[np.float64], right: Sequence[bool] | NDArray[Any]) -> list[Bin]:
    """The ten bins of equal width that hold any."""
    sure, good = np.asarray(confidence, np.float64), np.asarray(right, bool)
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    parts = [place == number for number in range(BINS)]
    return [Bin(float(sure[p].mean()), float(good[p].mean()), int(p.sum())) for p in parts if p.any()]


@dataclass(frozen=True)
class Certainty:
    """What a captioner's confidence is worth on a split.

    Attributes:
        confidence: of each caption, (N,), 0 to 1.
        sure: whether each is stated without doubt, (N,).
        accepted: whether each is right (`is_accepted`), (N,).
        wrong: whether each names a thing or person that no reference names, (N,).
        person: whether that is a person, (N,).
    """

    confidence: NDArray[np.float64]
    sure: NDArray[np.bool_]
    accepted: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    person: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        captions: Mapping[str, str],
        confidence: Mapping[str, float],
        sure: Mapping[str, bool],
        references: Mapping[str, Sequence[str]],
        cider: Mapping[str, float],
    ) -> Certainty:
        """Judge captions by their references.

        Args:
            captions: id to caption.
            confidence: id to confidence.
            sure: id to whether it is stated without doubt.
            references: id to what people said.
            cider: id to CIDEr-D.
        """
        ids = list(captions)
        wrong = [unsupported(captions[i], references[i]) for i in ids]
        return cls(
            np.array([confidence[i] for i in ids], np.float64),
            np.array([sure[i] for i in ids], bool),
            np.array([not words and cider[i] >= ACCEPTED for i, words in zip(ids, wrong, strict=True)], bool),
            np.array([bool(words) for words in wrong], bool),
            np.array([bool(PEOPLE.intersection(words)) for words in wrong], bool),
        )

    @property
    def bins(self) -> list[Bin]:
        """For a reliability diagram."""
        return bins(self.confidence, self.accepted)

    @property
    def calibration_error(self) -> float:
        """See `calibration_error`."""
        return calibration_error(self.confidence, self.accepted)

    def wrong_at(self, coverage: float, *, person: bool = False) -> float:
        """The share of captions that name a wrong thing or person, among this share of the photos, surest first.

        Args:
            coverage: above 0, at most 1.
            person: count persons alone.
        """
        order = np.argsort(-self.confidence, kind="stable")[: max(1, round(coverage * len(self.confidence)))]
        return float((self.person if person else self.wrong)[order].mean())

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Risk and coverage (Geifman and El-Yaniv 2017, arXiv:1705.08500): coverage (N,), share wrong (N,)."""
        order = np.argsort(-self.confidence, kind="stable")
        taken = np.arange(1, len(order) + 1)
        return taken / len(order), np.cumsum(self.wrong[order]) / taken

    def to_json(self) -> dict[str, Any]:
        """Its figures, shares 0 to 1."""
        return {
            "calibration_error": self.calibration_error,
            "accepted": float(self.accepted.mean()),
            "stated": float(self.sure.mean()),
            "stated_wrong": float(self.wrong[self.sure].mean()) if self.sure.any() else 0.0,
            "wrong": {f"{coverage:g}": self.wrong_at(coverage) for coverage in COVERAGES},
            "wrong_person": {f"{coverage:g}": self.wrong_at(coverage, person=True) for coverage in COVERAGES},
            "bins": [[each.confidence, each.accepted, each.count] for each in self.bins],
        }
