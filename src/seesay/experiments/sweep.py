"""Many runs from one recipe: each in its own folder, none trained twice, a failed one in nobody's way."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from seesay.artifact import MANIFEST
from seesay.data import Dataset, read_dataset
from seesay.errors import SeeSayError, UsageError
from seesay.evaluation.tasks import CAPTIONS
from seesay.experiments.measure import measure, measured_file
from seesay.experiments.outcome import Outcome
from seesay.experiments.search_space import Plan, Point, run_folder
from seesay.experiments.summary import SweepResult
from seesay.files import alone, write_json
from seesay.training.callbacks import Callback
from seesay.training.config import make_config
from seesay.training.run import changed_settings, split_digest, train

log = logging.getLogger("seesay.training")
RECORD = "sweep.json"


def sweep(
    plan: Plan,
    data: str,
    out: Path,
    *,
    callbacks: Sequence[Callback] = (),
    on_result: Callable[[SweepResult], None] = lambda found: None,
) -> SweepResult:
    """Train and measure every point of a plan with every seed; what is finished already is not done again.

    Each run lies in `out/key=value,…/seedN` as `train` leaves it; an interrupted one goes on from its last checkpoint.
    Settings that only change search are tried on the same weights. Nothing but dev is looked at.

    Args:
        plan: what is varied.
        data: `FORMAT:PATH`, with the splits train and dev.
        out: a folder, made if need be.
        callbacks: told of each run's steps and epochs.
        on_result: given all that was found so far, after each run in which anything was done, and at the end.

    Returns:
        An outcome for each point and seed, those of failed runs among them.

    Raises:
        UsageError: `out` cannot be written, or holds runs with other settings or over other data.
        DataError: the data set has fatal faults, or lacks a split.
    """
    if plan.ranges:
        raise UsageError(f"{plan.ranges[0].key}: a range low..high is searched with --trials N; else give key=a,b,c")
    runs = [(point, seed) for seed in plan.seeds for point in plan.trained]
    outcomes: list[Outcome] = []
    with claim(plan, data, out) as dataset:
        for number, (point, seed) in enumerate(runs, 1):
            folder = run_folder(out, plan, point, seed)
            known = all(measured_file(folder, search).is_file() for search in plan.searched)
            log.info("run %d of %d: %s%s", number, len(runs), folder.relative_to(out), ", done before" if known else "")
            try:
                train_once(plan, point, seed, data, folder, callbacks)
                for search in plan.searched:
                    found = measure(folder, dataset, search, callbacks)
                    outcomes.append(Outcome({**point, **search}, seed, folder, found))
            except Exception as error:  # whatever it is, the other runs have nothing to do with it
                outcomes.append(Outcome(point, seed, folder, None, explain(error, folder)))
            if not known or number == len(runs):
                on_result(SweepResult(plan, tuple(outcomes)))
    return SweepResult(plan, tuple(outcomes))


@contextmanager
def claim(plan: Plan, data: str, out: Path) -> Iterator[Dataset]:
    """Read the data, make `out`, keep other processes out of it, and check that what lies there is of this sweep."""
    dataset = read_dataset(data, default_splits=True)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
    with alone(out):
        _check(plan, dataset, out)
        yield dataset


def _check(plan: Plan, dataset: Dataset, out: Path) -> None:
    digests = {split: split_digest(dataset, split) for split in ("train", "dev")}
    record = out / RECORD
    try:
        if record.is_file():
            before = json.loads(record.read_text("utf-8")).get("data")
            if before != digests:
                given = "photos or captions" if plan.spec is CAPTIONS else "clips or labels"
                raise UsageError(f"{out}: holds a sweep over other {given}; name another --out")
        for point in plan.trained:
            for seed in plan.seeds:
                file = run_folder(out, plan, point, seed) / "config.json"
                if file.is_file():
                    earlier = make_config(json.loads(file.read_text("utf-8")), str(file))
                    changed = changed_settings(earlier, plan.config(point, seed))
                    if changed:
                        raise UsageError(
                            f"{file.parent}: the run there has other settings ({', '.join(changed)}); sweep with the "
                            "same ones, or name another --out"
                        )
        write_json(record, {"recipe": plan.recipe, "fixed": plan.fixed, "data": digests})
    except OSError as error:
        raise UsageError(f"{error.filename or out}: cannot be written ({error.strerror or error})") from error
    except ValueError as error:
        raise UsageError(f"{out}: its records are damaged ({error}); name another --out") from error


def train_once(plan: Plan, point: Point, seed: int, data: str, folder: Path, callbacks: Sequence[Callback]) -> None:
    """Train a point, or go on with it; nothing where it is finished."""
    if not (folder / MANIFEST).is_file():
        train(plan.recipe, plan.overrides(point, seed), data, folder, resume=True, callbacks=callbacks)
    (folder / "failed.txt").unlink(missing_ok=True)


def explain(error: Exception, folder: Path) -> str:
    """A failure in one line; one that nobody foresaw leaves its traceback in the run's folder."""
    line = " ".join(str(error).split()) or type(error).__name__
    if not isinstance(error, SeeSayError):
        line = f"{type(error).__name__}: {line}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "failed.txt").write_text("".join(traceback.format_exception(error)), "utf-8")
        except OSError:
            pass  # no space for that either; the line is still said
    log.error("%s failed: %s", folder, line)
    return line
