"""The rows of a comparison's table: what is measured, in which unit, and which way is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seesay.report.entrants import Entrant
from seesay.report.predict import Speed

Value = float | int | str | None


@dataclass(frozen=True)
class Measure:
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
    """A value for people: `1 h 05 min`, `9.27 M`, `0.5930`, `–` for None."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if unit == "s" and value >= 60:
        minutes = round(value / 60)
        return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{value / 60:.1f} min"
    if unit == "numbers":
        return f"{value / 1e6:.2f} M"
    if unit == "×":
        return f"× {value:.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{digits}f}" + (f" {unit}" if unit in ("s", "ms", "MB") else "")


_SCORES = ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "METEOR", "ROUGE_L", "CIDEr-D")
LABELS = {f"Bleu_{n}": f"BLEU-{n}" for n in range(1, 5)} | {"ROUGE_L": "ROUGE-L"}
_HEALTH: tuple[tuple[str, str, int, int], ...] = (
    ("distinct", "distinct captions, share", 1, 3),
    ("words", "different words used", 1, 0),
    ("vocabulary", "vocabulary used, share", 1, 4),
    ("distinct_1", "distinct words / words", 1, 4),
    ("distinct_2", "distinct pairs / pairs", 1, 4),
    ("novel", "captions not in the training data, share", 0, 3),
    ("mean_length", "words in a caption", 0, 2),
    ("bad_endings", "captions cut short, share", -1, 3),
    ("repeated", "captions that repeat themselves, share", -1, 3),
    ("empty", "empty captions", -1, 0),
)


def measures_of(
    entrants: Sequence[Entrant],
    scores: Sequence[Mapping[str, Any]],
    losses: Sequence[float | None],
    signs: Sequence[Mapping[str, Any]] | None,
    speeds: Mapping[str, Speed],
    engines: Mapping[str, str] | None = None,
) -> tuple[Measure, ...]:
    """All rows that hold something.

    Args:
        entrants: what is compared.
        scores: corpus scores of each, natural units.
        losses: cross-entropy of each, nats per token.
        signs: `metrics.Health` of each as a mapping; None where there are no captions.
        speeds: by name.
        engines: what computes each, by name.
    """
    rows = [Measure("scores", n, LABELS.get(n, n), "", tuple(s.get(n) for s in scores), 1) for n in _SCORES]
    perplexities = tuple(None if loss is None else math.exp(min(loss, 700.0)) for loss in losses)
    rows += [
        Measure("likelihood of the references", "loss", "loss, nats per token", "nats", tuple(losses), -1, 3),
        Measure("likelihood of the references", "perplexity", "perplexity", "", perplexities, -1, 2),
    ]
    signs = signs if signs is not None else [{"distinct": s.get("distinct")} for s in scores]
    rows += [Measure("captions", k, label, "", tuple(s.get(k) for s in signs), way, n) for k, label, way, n in _HEALTH]
    counts = [e.parameters() for e in entrants]
    both = tuple(sum(filter(None, c)) if None not in c else None for c in counts)
    sizes = tuple(e.artefact.size / 1e6 if e.artefact else None for e in entrants)
    descriptions = [e.artefact.description if e.artefact else None for e in entrants]
    storages = tuple(d.storage if d else None for d in descriptions)
    words = tuple(
        sum(not word.startswith("<") for word in d.vocabulary.get("tokens", ())) if d else None for d in descriptions
    )
    rows += [
        Measure("model", "parameters", "parameters", "numbers", both, -1),
        Measure("model", "decoder_parameters", "of these, the decoder's", "numbers", tuple(c[1] for c in counts), -1),
        Measure("model", "vocabulary_words", "words it knows", "", words),
        Measure("model", "size", "size of its files", "MB", sizes, -1, 1),
        Measure("model", "storage", "weights kept as", "", storages),
    ]
    rows += _training(entrants)
    rows += _inference(entrants, speeds, engines or {})
    return tuple(row for row in rows if any(value is not None for value in row.values))


def training_figures(history: Sequence[Mapping[str, float]]) -> tuple[float | None, float | None]:
    """Seconds spent in training steps, and captions trained on in a second; None where a run did not record them."""
    if not history or any("seconds" not in row for row in history):
        return None, None
    seconds = sum(row["seconds"] for row in history)
    # Captions trained on over the seconds that took, not the mean of the epochs' speeds.
    return seconds, sum(row["captions_per_second"] * row["seconds"] for row in history) / max(seconds, 1e-9)


def _training(entrants: Sequence[Entrant]) -> list[Measure]:
    epochs = tuple(len(e.history) or None for e in entrants)
    found = [training_figures(e.history) for e in entrants]
    seconds, speeds = tuple(f[0] for f in found), tuple(f[1] for f in found)
    return [
        Measure("training", "epochs", "epochs", "", epochs),
        Measure("training", "training_seconds", "time spent in steps", "s", seconds, -1, 1),
        Measure("training", "training_captions_per_second", "captions/s trained on", "", speeds, 1, 0),
    ]


def _inference(entrants: Sequence[Entrant], speeds: Mapping[str, Speed], engines: Mapping[str, str]) -> list[Measure]:
    found = [speeds.get(e.name) for e in entrants]
    first = next((s for s in found if s), None)
    group = "captioning photos from files"
    rates = tuple(s.captions_per_second if s else None for s in found)
    delays = tuple(s.latency * 1000 if s else None for s in found)
    rows = [
        Measure(group, "captions_per_second", "captions/s, 32 at a time", "", rates, 1, 1),
        Measure(group, "latency", "one photo alone", "ms", delays, -1, 0),
    ]
    if first and sum(s is not None for s in found) > 1:
        ratios = tuple(s.captions_per_second / first.captions_per_second if s else None for s in found)
        slower = tuple(s.latency / first.latency if s else None for s in found)
        name = next(e.name for e, s in zip(entrants, found, strict=True) if s)
        rows.insert(1, Measure(group, "captions_per_second_ratio", f"captions/s, against {name}", "×", ratios))
        rows.append(Measure(group, "latency_ratio", f"one photo alone, against {name}", "×", slower))
    return [*rows, Measure(group, "engine", "computed by", "", tuple(engines.get(e.name) for e in entrants))]
