"""What a comparison holds, for whatever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from seesay.data import Sample
from seesay.evaluation.measures import Measure
from seesay.evaluation.tasks import View
from seesay.metrics import Difference


@dataclass(frozen=True)
class Item:
    """One photo or clip and what each model said of it.

    Attributes:
        sample: the photo or clip.
        truth: what people said, or the right label.
        said: what each model said, by name.
        values: how good that is, by name.
        right: whether it is right, by name; empty where that cannot be said.
    """

    sample: Sample
    truth: tuple[str, ...]
    said: Mapping[str, str]
    values: Mapping[str, float]
    right: Mapping[str, bool] = field(default_factory=dict)

    def shown(self, name: str) -> str:
        """What a model said, with a mark where it can be right or wrong."""
        return f"{'✓' if self.right[name] else '✗'} {self.said[name]}" if name in self.right else self.said[name]


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        view: how models of this task are spoken of.
        thing: what they look at: "photo", "clip" or another kind of sample.
        names: those compared, the first is what the others are compared with.
        split: which split.
        count: how many photos or clips; 0 where only recorded scores were at hand.
        measures: the rows of the table.
        differences: for each but the first, score name to its difference from the first's (its score less the first's).
        settings: setting to its value for each, where these are not all the same.
        histories: rows of each one's `metrics.csv`.
        drawn: photos or clips drawn at random.
        disputed: those that the models differ most about.
        differing: of how many they differ; None where hardly any two say the same.
        item_metric: the figure that `drawn` and `disputed` carry.
        signature: how the scores were computed.
        remarks: further tests of the differences, a sentence each.
        notes: what to know before believing the table.
    """

    view: View
    thing: str
    names: tuple[str, ...]
    split: str
    count: int
    measures: tuple[Measure, ...]
    differences: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    histories: Mapping[str, tuple[dict[str, float], ...]] = field(default_factory=dict)
    drawn: tuple[Item, ...] = ()
    disputed: tuple[Item, ...] = ()
    differing: int | None = None
    item_metric: str = ""
    signature: str = ""
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All figures, by name."""
        return {
            "runs": list(self.names),
            "split": self.split,
            f"{self.thing}s": self.count,
            "measures": {m.key: dict(zip(self.names, m.values, strict=True)) for m in self.measures},
            "differences": {n: {k: asdict(d) for k, d in found.items()} for n, found in self.differences.items()},
            **({} if self.differing is None else {"differing": self.differing}),
            "settings": self.settings,
            "signature": self.signature,
            "remarks": list(self.remarks),
            "notes": list(self.notes),
        }
