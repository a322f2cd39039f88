"""What a comparison holds, for whatever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from seesay.data import Sample
from seesay.evaluation.measures import MetricRow
from seesay.evaluation.tasks import TaskSpec
from seesay.metrics import Difference


@dataclass(frozen=True)
class Item:
    """One photo or clip and what each model said of it.

    Attributes:
        sample: the photo or clip.
        references: what people said, or the right label.
        outputs: what each model said, by name.
        values: how good that is, by name.
        right: whether it is right, by name; empty where that cannot be said.
    """

    sample: Sample
    references: tuple[str, ...]
    outputs: Mapping[str, str]
    values: Mapping[str, float]
    right: Mapping[str, bool] = field(default_factory=dict)

    def shown(self, name: str) -> str:
        """What a model outputs, with a mark where it can be right or wrong."""
        return f"{'✓' if self.right[name] else '✗'} {self.outputs[name]}" if name in self.right else self.outputs[name]


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        spec: how models of this task are spoken of.
        modality: what they look at: "photo", "clip" or another kind of sample.
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
        items: all photos or clips.
        table: file name of the table of all of them.
        signature: how the scores were computed.
        remarks: further tests of the differences, a sentence each.
        notes: what to know before believing the table.
    """

    spec: TaskSpec
    modality: str
    names: tuple[str, ...]
    split: str
    count: int
    measures: tuple[MetricRow, ...]
    differences: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    histories: Mapping[str, tuple[dict[str, float], ...]] = field(default_factory=dict)
    drawn: tuple[Item, ...] = ()
    disputed: tuple[Item, ...] = ()
    differing: int | None = None
    item_metric: str = ""
    items: tuple[Item, ...] = ()
    table: str = ""
    signature: str = ""
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All figures, by name."""
        return {
            "runs": list(self.names),
            "split": self.split,
            "modality": self.modality,
            "count": self.count,
            f"{self.modality}s": self.count,
            "measures": {m.key: dict(zip(self.names, m.values, strict=True)) for m in self.measures},
            "differences": {n: {k: asdict(d) for k, d in found.items()} for n, found in self.differences.items()},
            **({} if self.differing is None else {"differing": self.differing}),
            "settings": self.settings,
            "signature": self.signature,
            "remarks": list(self.remarks),
            "notes": list(self.notes),
        }
