"""The rows of a comparison's table: what is measured, in which unit, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seesay.evaluation.predict import Speed
from seesay.evaluation.systems import System
from seesay.evaluation.tasks import TaskSpec
from seesay.metrics.registry import POINTS

Value = float | int | str | None


@dataclass(frozen=True)
class MetricRow:
    """One row.

    Attributes:
        group: rows of one group stand together.
        key: its name in JSON and CSV.
        label: its name for people.
        unit: of the values; empty for shares and scores.
        values: one for each that is compared; None where it is not known.
        better: 1 where more is better, -1 where less is, 0 where neither.
        digits: behind the decimal point.
    """

    group: str
    key: str
    label: str
    unit: str
    values: tuple[Value, ...]
    better: int = 0
    digits: int = 4

    def shown(self) -> list[str]:
        """The values as text; what is not known is a dash."""
        return [show(value, self.unit, self.digits) for value in self.values]

    def best(self) -> set[int]:
        """Which values are the best, where it can be said and they are not all the same."""
        shown = self.shown()  # what looks alike is alike
        numbers = {i: v * self.better for i, v in enumerate(self.values) if isinstance(v, (int, float))}
        if not self.better or len({shown[i] for i in numbers}) < 2:
            return set()
        return {i for i in numbers if shown[i] == shown[max(numbers, key=numbers.__getitem__)]}


def show(value: Value, unit: str = "", digits: int = 4) -> str:
    """A value for people: `1 h 05 min`, `9.27 M`, `59.3`, `–` for None."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if unit == "s" and value >= 60:
        minutes = round(value / 60)
        return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{value / 60:.1f} min"
    if unit == "numbers":
        return f"{value / 1e6:.2f} M"
    if unit == POINTS:
        return f"{100 * value:.{digits}f}"
    if unit == "×":
        return f"× {value:.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{digits}f}" + (f" {unit}" if unit in ("s", "ms", "MB") else "")


def score_rows(spec: TaskSpec, scores: Sequence[Mapping[str, Any]], losses: Sequence[float | None]) -> list[MetricRow]:
    """Rows of the scores, in the spec's order, and of the cross-entropy.

    Args:
        spec: of the models' task.
        scores: of each, natural units.
        losses: cross-entropy of each, nats.
    """
    rows = [
        MetricRow("scores", f.key, f.label, f.unit, tuple(s.get(f.key) for s in scores), f.better, f.digits)
        for f in spec.scores
    ]
    rows = [row for row in rows if any(value is not None for value in row.values)]
    return [*rows, MetricRow(f"likelihood of the {spec.references}", "loss", spec.loss, "nats", tuple(losses), -1, 3)]


def metric_rows(
    spec: TaskSpec,
    modality: str,
    systems: Sequence[System],
    scores: Sequence[MetricRow],
    speeds: Mapping[str, Speed],
    engines: Mapping[str, str] | None = None,
) -> tuple[MetricRow, ...]:
    """All rows that hold something.

    Args:
        spec: of the models' task.
        modality: what they look at, "photo" or "clip".
        systems: what is compared.
        scores: rows of what the models say, see `Evaluator.rows`.
        speeds: by name.
        engines: what computes each, by name.
    """
    counts = [e.parameters() for e in systems]
    both = tuple(sum(filter(None, c)) if None not in c else None for c in counts)
    sizes = tuple(e.artifact.size / 1e6 if e.artifact else None for e in systems)
    storages = tuple(e.artifact.manifest.storage if e.artifact else None for e in systems)
    head = tuple(c[1] for c in counts)
    rows = [
        *scores,
        MetricRow("model", "parameters", "parameters", "numbers", both, -1),
        MetricRow("model", f"{spec.head}_parameters", f"of these, the {spec.head}'s", "numbers", head, -1),
        MetricRow("model", "size", "size of its files", "MB", sizes, -1, 1),
        MetricRow("model", "storage", "weights kept as", "", storages),
        *_training(spec, systems),
        *_inference(spec, modality, systems, speeds, engines or {}),
    ]
    return tuple(row for row in rows if any(value is not None for value in row.values))


def training_figures(history: Sequence[Mapping[str, float]]) -> tuple[float | None, float | None]:
    """Seconds spent in steps, and captions or clips trained on in a second; None where a run did not record them."""
    if not history or any("seconds" not in row for row in history):
        return None, None
    seconds = sum(row["seconds"] for row in history)
    # All that was trained on over the seconds that took, not the mean of the epochs' speeds.
    return seconds, sum(row["captions_per_second"] * row["seconds"] for row in history) / max(seconds, 1e-9)


def _training(spec: TaskSpec, systems: Sequence[System]) -> list[MetricRow]:
    epochs = tuple(len(e.history) or None for e in systems)
    found = [training_figures(e.history) for e in systems]
    seconds, speeds = tuple(f[0] for f in found), tuple(f[1] for f in found)
    return [
        MetricRow("training", "epochs", "epochs", "", epochs),
        MetricRow("training", "training_seconds", "time spent in steps", "s", seconds, -1, 1),
        MetricRow("training", f"training_{spec.learned}_per_second", f"{spec.learned}/s trained on", "", speeds, 1, 0),
    ]


def _inference(
    spec: TaskSpec, modality: str, systems: Sequence[System], speeds: Mapping[str, Speed], engines: Mapping[str, str]
) -> list[MetricRow]:
    found = [speeds.get(e.name) for e in systems]
    first = next((s for s in found if s), None)
    group = f"{spec.doing} {modality}s from files"
    unit = spec.learned
    rates = tuple(s.rate if s else None for s in found)
    delays = tuple(s.latency * 1000 if s else None for s in found)
    rows = [
        MetricRow(group, f"{unit}_per_second", f"{unit}/s, 32 at a time", "", rates, 1, 1),
        MetricRow(group, "latency", f"one {modality} alone", "ms", delays, -1, 0),
    ]
    if first and sum(s is not None for s in found) > 1:
        ratios = tuple(s.rate / first.rate if s else None for s in found)
        slower = tuple(s.latency / first.latency if s else None for s in found)
        name = next(e.name for e, s in zip(systems, found, strict=True) if s)
        rows.insert(1, MetricRow(group, f"{unit}_per_second_ratio", f"{unit}/s, against {name}", "×", ratios))
        rows.append(MetricRow(group, "latency_ratio", f"one {modality} alone, against {name}", "×", slower))
    return [*rows, MetricRow(group, "engine", "computed by", "", tuple(engines.get(e.name) for e in systems))]
