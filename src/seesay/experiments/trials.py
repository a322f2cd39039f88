"""A search over settings with Optuna (Akiba et al. 2019, arXiv:1907.10902), judged on dev by CIDEr-D or top-1."""

from __future__ import annotations

import json
import logging
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from seesay.errors import UsageError
from seesay.experiments.measure import measure, measured_file
from seesay.experiments.outcome import Outcome, Trial
from seesay.experiments.search_space import SEARCH_KEYS, Plan, run_folder
from seesay.experiments.summary import SweepResult
from seesay.experiments.sweep import claim, explain, train_once
from seesay.training.callbacks import Callback
from seesay.training.progress import Progress

log = logging.getLogger("seesay.training")
STORAGE = "trials.db"
UNTRIED = 5
"""Trials before the first is cut short: until then there is nothing to compare with."""


def search(
    plan: Plan,
    trials: int,
    data: str,
    out: Path,
    *,
    callbacks: Sequence[Callback] = (),
    on_result: Callable[[SweepResult], None] = lambda found: None,
) -> SweepResult:
    """Try `trials` choices of settings in all, those of earlier calls counted; what was tried lies in `out/trials.db`.

    A trial whose score on dev (CIDEr-D, or top-1 of a recognizer) after an epoch is below the median of the others at
    that epoch is cut short. One that was killed is tried again, and goes on from its last checkpoint. Runs lie where
    `sweep` would put them.

    Args:
        plan: ranges to search in, and values to choose from.
        trials: how many.
        data: `FORMAT:PATH`, with the splits train and dev.
        out: a folder, made if need be.
        callbacks: told of each run's steps and epochs.
        on_result: given all trials and the measured runs, after each trial.

    Raises:
        UsageError: nothing to search over, or `out` holds a search over something else.
        DataError: the data set has fatal faults, or lacks a split.
    """
    if trials < 1:
        raise UsageError(f"--trials {trials}: try 1 or more")
    if not plan.axes and not plan.ranges:
        raise UsageError("--trials needs something to search over: key=low..high, or key=a,b,c")
    listed = next((a.key for a in plan.axes for v in a.values if isinstance(v, (list, dict))), None)
    if listed:
        raise UsageError(f"{listed}: trials choose among single values, not among lists")
    with claim(plan, data, out) as dataset:
        spec = plan.spec
        study = _study(plan, out)
        _retry_killed(study)
        outcomes: dict[tuple[str, int], Outcome] = {}

        def objective(trial: optuna.Trial) -> float:
            point = _suggest(trial, plan)
            trained = {key: value for key, value in point.items() if key not in SEARCH_KEYS}
            searched = {key: value for key, value in point.items() if key in SEARCH_KEYS}
            log.info("trial %d of %d: %s", len(finished(study)) + 1, trials, json.dumps(point))
            folder = out
            try:
                values = []
                for seed in plan.seeds:
                    folder = run_folder(out, plan, trained, seed)
                    pruning = [_Prune(trial, spec.score)] if seed == plan.seeds[0] else []
                    train_once(plan, trained, seed, data, folder, [*callbacks, *pruning])
                    scores = measure(folder, dataset, searched, callbacks)
                    outcomes[json.dumps(point, sort_keys=True), seed] = Outcome(point, seed, folder, scores)
                    values.append(float(scores[spec.score]))
                return statistics.mean(values)
            except optuna.TrialPruned:
                raise
            except Exception as error:
                trial.set_user_attr("error", explain(error, folder))
                raise

        def after(study: optuna.Study, trial: Any) -> None:
            on_result(SweepResult(plan, tuple(outcomes.values()), tuple(finished(study))))

        left = trials - len(finished(study))
        if left > 0:
            study.optimize(objective, n_trials=left, callbacks=[after], catch=(Exception,))
        found = finished(study)
        for tried in found:  # those of earlier calls, for the tables
            _recall(plan, tried, out, outcomes)
        result = SweepResult(plan, tuple(outcomes.values()), tuple(found))
        on_result(result)
        return result


class _Prune(Callback):
    """Tells the trial of each epoch's score on dev, and stops a run that the median of the others leaves behind."""

    def __init__(self, trial: optuna.Trial, score: str) -> None:
        self.trial = trial
        self.score = score
        self.reported = -1

    def on_epoch(self, progress: Progress) -> None:
        """Report every epoch not reported yet: a resumed run has some."""
        for row in progress.history:
            if (epoch := int(row["epoch"])) > self.reported:
                self.trial.report(row[f"dev {self.score}"], epoch)
                self.reported = epoch
        if self.trial.should_prune():
            raise optuna.TrialPruned


def _study(plan: Plan, out: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # failures are said by `explain`, in one line
    space = json.dumps([[repr(r) for r in plan.ranges], [repr(a) for a in plan.axes], plan.recipe, plan.fixed])
    storage = f"sqlite:///{(out / STORAGE).resolve()}"
    study = optuna.create_study(
        storage=storage,
        study_name="seesay",
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=UNTRIED),
    )
    # A sampler with one seed would begin each call with the choices that the first call began with.
    study.sampler = optuna.samplers.TPESampler(seed=len(study.get_trials(deepcopy=False)))
    before = study.user_attrs.get("space")
    if before is not None and before != space:
        raise UsageError(f"{out}: holds a search over other settings; name another --out")
    study.set_user_attr("space", space)
    return study


def _retry_killed(study: optuna.Study) -> None:
    """A trial that still runs belongs to a call that was killed: its choice is tried first."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)


def _suggest(trial: optuna.Trial, plan: Plan) -> dict[str, Any]:
    point: dict[str, Any] = {}
    for axis in plan.axes:
        point[axis.key] = trial.suggest_categorical(axis.key, axis.values)
    for r in plan.ranges:
        if isinstance(r.low, int) and isinstance(r.high, int):
            point[r.key] = trial.suggest_int(r.key, r.low, r.high, log=r.log)
        else:
            point[r.key] = trial.suggest_float(r.key, r.low, r.high, log=r.log)
    return point


def finished(study: optuna.Study) -> list[Trial]:
    """The trials that came to an end; not those that a kill ended."""
    states = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    return [
        Trial(number, t.params, states[t.state], t.value, t.user_attrs.get("error", ""))
        for number, t in enumerate((t for t in study.get_trials(deepcopy=False) if _ended(t)), 1)
    ]


def _ended(trial: optuna.trial.FrozenTrial) -> bool:
    return trial.state.is_finished() and (trial.state is not TrialState.FAIL or "error" in trial.user_attrs)


def _recall(plan: Plan, trial: Trial, out: Path, outcomes: dict[tuple[str, int], Outcome]) -> None:
    if trial.state != "complete":
        return
    trained = {key: value for key, value in trial.point.items() if key not in SEARCH_KEYS}
    searched = {key: value for key, value in trial.point.items() if key in SEARCH_KEYS}
    for seed in plan.seeds:
        folder = run_folder(out, plan, trained, seed)
        file = measured_file(folder, searched)
        key = json.dumps(trial.point, sort_keys=True), seed
        if key not in outcomes and file.is_file():
            outcomes[key] = Outcome(trial.point, seed, folder, json.loads(file.read_text("utf-8")))
