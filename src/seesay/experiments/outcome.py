"""One run of a sweep, and one trial of a search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seesay.experiments.search_space import Point


@dataclass(frozen=True)
class Outcome:
    """What became of one run under one choice of search settings.

    Attributes:
        point: the settings that tell it from the others, search settings among them.
        seed: its seed.
        run: the run's folder.
        scores: what `measure` found; None for a run that failed.
        error: why it failed; empty where it did not.
    """

    point: Point
    seed: int
    run: Path
    scores: dict[str, Any] | None
    error: str = ""


@dataclass(frozen=True)
class Trial:
    """One choice of settings and what came of it.

    Attributes:
        number: in the order they were tried, from 1.
        point: the settings.
        state: complete, pruned or failed.
        value: mean CIDEr-D or top-1 on dev over the seeds; of a pruned one the last epoch's that was reported.
        error: why it failed.
    """

    number: int
    point: Point
    state: str
    value: float | None
    error: str = ""
