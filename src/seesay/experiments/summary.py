"""What a sweep or a search found: mean and spread of each point over its seeds."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seesay.evaluation.measures import training_figures
from seesay.evaluation.systems import read_system
from seesay.evaluation.tasks import CAPTIONS, TASKS
from seesay.experiments.outcome import Outcome, Trial
from seesay.experiments.search_space import Plan


@dataclass(frozen=True)
class PointSummary:
    """One point, over its seeds.

    Attributes:
        point: its settings.
        seeds: how many runs.
        mean: of each figure.
        spread: sample standard deviation of each; nan with a single run.
    """

    point: Mapping[str, Any]
    seeds: int
    mean: Mapping[str, float]
    spread: Mapping[str, float]


def figures_of(outcome: Outcome) -> dict[str, float]:
    """Every number known of a run: its scores on dev, also of each class, parameters, seconds and speed of training."""
    if outcome.scores is None:
        return {}
    found = {k: float(v) for k, v in outcome.scores.items() if isinstance(v, (int, float))}
    found |= {f"class {label}": share for label, share in outcome.scores.get("per_class", {}).items()}
    system = read_system(str(outcome.run), outcome.run.name)
    counts = system.parameters()
    if None not in counts:
        found["parameters"] = float(sum(filter(None, counts)))
    spec = TASKS[system.task]
    if spec is CAPTIONS:
        found["perplexity"] = math.exp(min(found["loss"], 700.0))
    seconds, speed = training_figures(system.history)
    rate = f"training_{spec.learned}_per_second"
    more = {"epochs": float(len(system.history)), "training_seconds": seconds, rate: speed}
    return found | {k: v for k, v in more.items() if v is not None}


def summarize(outcomes: Sequence[Outcome]) -> list[PointSummary]:
    """Mean and sample standard deviation of every figure, for each point with a finished run, in order of coming."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.scores is not None:
            groups.setdefault(json.dumps(outcome.point, sort_keys=True), []).append(outcome)
    rows = []
    for group in groups.values():
        each = [figures_of(outcome) for outcome in group]
        common = [key for key in each[0] if all(key in figures for figures in each)]
        values = {key: [figures[key] for figures in each] for key in common}
        spread = {k: statistics.stdev(v) if len(v) > 1 else math.nan for k, v in values.items()}
        rows.append(
            PointSummary(group[0].point, len(group), {k: statistics.fmean(v) for k, v in values.items()}, spread)
        )
    return rows


@dataclass(frozen=True)
class SweepResult:
    """What `sweep` or `search` found; `seesay.report.write` makes tables, plots and a page of it.

    Attributes:
        plan: what was varied.
        outcomes: of all runs, failed ones among them.
        trials: of a search, in order; none of a sweep.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    trials: tuple[Trial, ...] = ()

    @property
    def title(self) -> str:
        """The recipe, and the settings that were varied."""
        keys = [*(axis.key for axis in self.plan.axes), *(r.key for r in self.plan.ranges)]
        return f"{self.plan.name}: {', '.join(keys) or 'one point'}"

    @property
    def rows(self) -> list[PointSummary]:
        """Mean and spread of each point with a finished run."""
        return summarize(self.outcomes)
