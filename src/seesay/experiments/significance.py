"""Are two settings different, or was it luck? Runs of several seeds pooled, and compared over the same items."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seesay.data import Sample
from seesay.errors import DataError
from seesay.metrics import compare, score
from seesay.metrics.recognition import score_labels
from seesay.metrics.result import Result
from seesay.metrics.scores import Scores
from seesay.metrics.significance import Difference


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


def in_words(difference: Difference, scale: float = 100) -> str:
    """`+1.2 (0.3 … 2.1), p 0.012`: what it gains, its 95 % interval and the two-sided p, times `scale`."""
    gap = (difference.first - difference.second) * scale
    return f"{gap:+.1f} ({difference.low * scale:.1f} … {difference.high * scale:.1f}), p {difference.p:.3f}"
