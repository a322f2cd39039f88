"""What a comparison holds, for whatever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from seesay.data import Sample
from seesay.metrics import Difference
from seesay.report.measures import Measure


@dataclass(frozen=True)
class Photo:
    """One photo and what each captioner said of it.

    Attributes:
        sample: the photo and what people said.
        captions: what each captioner said, by name.
        values: the score of each caption, by name.
    """

    sample: Sample
    captions: Mapping[str, str]
    values: Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        names: those compared, the first is what the others are compared with.
        split: which split.
        photos: how many; 0 where only recorded scores were at hand.
        measures: the rows of the table.
        differences: for each but the first, score name to its difference from the first's (its score less the first's).
        settings: setting to its value for each, where these are not all the same.
        histories: rows of each one's `metrics.csv`.
        drawn: photos drawn at random.
        disputed: photos whose captions' scores lie furthest apart.
        photo_metric: the score of a single caption that `drawn` and `disputed` carry.
        signature: how the scores were computed.
        notes: what to know before believing the table.
    """

    names: tuple[str, ...]
    split: str
    photos: int
    measures: tuple[Measure, ...]
    differences: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    histories: Mapping[str, tuple[dict[str, float], ...]] = field(default_factory=dict)
    drawn: tuple[Photo, ...] = ()
    disputed: tuple[Photo, ...] = ()
    photo_metric: str = ""
    signature: str = ""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All figures, by name."""
        return {
            "runs": list(self.names),
            "split": self.split,
            "photos": self.photos,
            "measures": {m.key: dict(zip(self.names, m.values, strict=True)) for m in self.measures},
            "differences": {n: {k: asdict(d) for k, d in found.items()} for n, found in self.differences.items()},
            "settings": self.settings,
            "signature": self.signature,
            "notes": list(self.notes),
        }
