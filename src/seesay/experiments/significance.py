"""Are two settings different, or was it luck? Runs of several seeds pooled, and compared over the same items."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seesay.data import Sample, read_dataset
from seesay.errors import DataError
from seesay.experiments.measure import measured_file
from seesay.experiments.search_space import SEARCH_KEYS, Point
from seesay.metrics import compare, score
from seesay.metrics.recognition import score_labels
from seesay.metrics.result import Result
from seesay.metrics.scores import Scores
from seesay.metrics.significance import Difference

if TYPE_CHECKING:
    from seesay.experiments.outcome import Outcome


def pool(runs: Sequence[Scores]) -> Scores:
    """Scores of several runs of one system over the same items as those of one system that speaks once for each seed.

    What corpus scores are made of is added up for each item, so that a test that draws items draws all seeds' answers
    to an item together.

    Raises:
        DataError: no runs, or they are of different items.
    """
    if not runs:
        raise DataError("pool: no runs to pool")
    first = runs[0]
    items = list(next(iter(first.items.values())))
    if any(list(next(iter(run.items.values()))) != items for run in runs):
        raise DataError("pool: runs must be scored on the same items, in the same order")
    names = [name for name in first.results if all(name in run.results for run in runs)]
    results = {}
    for name in names:
        parts = [run.results[name] for run in runs]
        statistics = np.sum([part.statistics for part in parts], axis=0)
        results[name] = Result.pooled(statistics, parts[0].combine, np.mean([part.items for part in parts], axis=0))
    return Scores(
        {name: result.corpus for name, result in results.items()},
        {name: dict(zip(items, result.items.tolist(), strict=True)) for name, result in results.items()},
        first.signature,
        results,
        first.references,
    )


def read_scores(predictions: Path, samples: Sequence[Sample], classes: Sequence[str] = ()) -> Scores:
    """Score the predictions that a run left: captions, or labels where `classes` are given.

    Args:
        predictions: `predictions.json`, as `seesay evaluate` and the sweeps write it.
        samples: with references or labels; those without a prediction are left out.
        classes: names of all classes.
    """
    entries = json.loads(predictions.read_text("utf-8"))
    if classes:
        ranked = {entry["id"]: [one["label"] for one in entry["predictions"]] for entry in entries}
        return score_labels({s.id: str(s.label) for s in samples if s.id in ranked}, ranked, classes)
    captions = {str(entry.get("image_id", entry.get("id"))): str(entry["caption"]) for entry in entries}
    known = [sample for sample in samples if sample.id in captions]
    metrics = ("bleu", "rouge", "cider") if len(known) > 1 else ("bleu", "rouge")
    return score({s.id: captions[s.id] for s in known}, {s.id: s.references for s in known}, metrics)


def differences(systems: Mapping[str, Sequence[Scores]], against: str) -> dict[str, dict[str, Difference]]:
    """Each system's pooled scores against one of them: name to score to difference (it less `against`).

    Args:
        systems: name to the scores of its runs, one for each seed, all over the same items.
        against: the name of the system that the others are compared with.
    """
    pooled = {name: pool(runs) for name, runs in systems.items()}
    return {name: compare(scores, pooled[against]) for name, scores in pooled.items() if name != against}


def against_best(outcomes: Sequence[Outcome], data: str) -> list[dict[str, str]]:
    """A sweep's points against the best of them, for a table: nothing where fewer than two points have runs.

    Args:
        outcomes: of a sweep's runs; points of which a run failed are left out.
        data: the sweep's, `FORMAT:PATH`.
    """
    samples = read_dataset(data, default_splits=True).split("dev")
    failed = {_named(o.point) for o in outcomes if o.scores is None}
    systems: dict[str, list[Scores]] = {}
    for outcome in outcomes:
        if outcome.scores is not None and (name := _named(outcome.point)) not in failed:
            search = {key: value for key, value in outcome.point.items() if key in SEARCH_KEYS}
            file = measured_file(outcome.run, search).parent / "predictions.json"
            systems.setdefault(name, []).append(read_scores(file, samples, outcome.scores.get("classes", ())))
    if len(systems) < 2:
        return []
    names = next(iter(systems.values()))[0].corpus
    score_name = next(name for name in ("CIDEr-D", "top-1", "Bleu_4") if name in names)
    best = max(systems, key=lambda name: pool(systems[name]).corpus[score_name])
    gaps = differences(systems, best)
    heading = f"{score_name} on dev against {best}, in points"
    return [{"": name, heading: in_words(gaps[name][score_name])} for name in systems if name != best]


def _named(point: Point) -> str:
    return " ".join(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in point.items())


def in_words(difference: Difference, scale: float = 100) -> str:
    """`+1.2 (0.3 … 2.1), p 0.012`: what it gains, its 95 % interval and the two-sided p, times `scale`."""
    gap = (difference.first - difference.second) * scale
    return f"{gap:+.1f} ({difference.low * scale:.1f} … {difference.high * scale:.1f}), p {difference.p:.3f}"
