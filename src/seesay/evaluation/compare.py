"""Which of several models is better, by how much, and whether it is more than luck."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seesay.data import Dataset, Sample, read_dataset, source_of
from seesay.data.identity import overlap_note
from seesay.errors import DataError, MediaError, UsageError
from seesay.evaluation.caption_evaluator import CaptionEvaluator
from seesay.evaluation.caveats import caveats, differing_settings
from seesay.evaluation.comparison import Comparison
from seesay.evaluation.evaluator import Evaluator
from seesay.evaluation.measures import metric_rows
from seesay.evaluation.predict import TOGETHER, Model, Output, Predictions, Speed, measure_speed, predict
from seesay.evaluation.recognition_evaluator import RecognitionEvaluator
from seesay.evaluation.systems import System, find_systems, usual_split
from seesay.files import write_json
from seesay.media.thumbnails import thumbnail
from seesay.metrics import Difference, Scores
from seesay.metrics import compare as difference
from seesay.progress import ProgressCallback, silent

SHOWN = 12
"""Photos or clips drawn at random, and those that the models differ most about."""
FEW = 100
"""With fewer photos or clips a bootstrap's interval is too narrow to be believed."""


def compare(
    models: Sequence[str],
    data: str | None = None,
    split: str = "dev",
    *,
    beam: int | None = None,
    speed: bool = True,
    predictions: Path | None = None,
    on_progress: ProgressCallback = silent,
) -> Comparison:
    """Have several captioners, or several recognizers, answer on the same samples, and test the differences.

    `seesay.report.write` makes tables, plots and pages of what comes of it.

    Args:
        models: folders of runs, artifacts, or evaluations that hold `predictions.json`; the first is compared with.
        data: `FORMAT:PATH`; None compares the scores that the runs recorded.
        split: of `data`.
        beam: sentences followed at a time; None for each captioner's own.
        speed: time each model side by side, which takes longer than the answers where there are few samples.
        predictions: a folder for what each model answers, written as it is found: a killed call goes on, and a second
            one takes what the first has done, speeds included. None keeps nothing.
        on_progress: called with what is being done, and how far it is.

    Raises:
        UsageError: one of `models` cannot be compared, captioners are mixed with recognizers, or `predictions` cannot
            be written.
        DataError: predictions of other samples, recorded scores against other references or labels, recognizers of
            other classes than each other's or the data's.
    """
    systems = find_systems(models)
    evaluator = _evaluator_of(systems[0].task, beam)
    split = usual_split(split)
    dataset = read_dataset(data, default_splits=True) if data is not None else None
    evaluator.check(systems, dataset.split(split) if dataset is not None else ())
    if dataset is None or data is None:
        return _recorded(systems, evaluator, split)
    return _answered(systems, evaluator, dataset, data, split, predictions, on_progress, speed=speed)


def _evaluator_of(task: str, beam: int | None) -> Evaluator:
    if task == "recognize":
        if beam is not None:
            raise UsageError("--beam is for captioners; recognizers look for no sentences")
        return RecognitionEvaluator()
    return CaptionEvaluator(beam)


def _recorded(systems: Sequence[System], evaluator: Evaluator, split: str) -> Comparison:
    """Only what the runs themselves wrote down."""
    spec = evaluator.spec
    modality = "clip" if spec.output == "label" or any(e.artifact and e.artifact.manifest.clip for e in systems) else ""
    modality = modality or "photo"
    lacking = [e.name for e in systems if split not in e.recorded]
    if len(lacking) == len(systems):
        raise UsageError(
            f"none of the runs has recorded scores on {split!r}; add --data FORMAT:PATH, to have it judged by each"
        )
    known = {e.name: e.digests[split] for e in systems if split in e.digests and split in e.recorded}
    if len(set(known.values())) > 1:
        raise DataError(
            f"the runs were scored on different {modality}s or {spec.references} of {split!r} "
            f"({', '.join(f'{name}: {digest}' for name, digest in known.items())}); add --data FORMAT:PATH, so that "
            f"all are judged on the same {modality}s"
        )
    notes = [f"scores as each run recorded them on {split}; --data FORMAT:PATH has all judge the same {modality}s"]
    if lacking:
        notes.append(f"no scores on {split} are recorded for {', '.join(lacking)}")
    unknown = [e.name for e in systems if e.name not in known and e.name not in lacking]
    if unknown:
        notes.append(f"whether {', '.join(unknown)} was scored on the same {modality}s as the others is not known")
    recorded = [{k: v for k, v in e.recorded.get(split, {}).items() if isinstance(v, float)} for e in systems]
    losses = [scores.pop("loss", None) for scores in recorded]
    rows = evaluator.rows(systems, recorded, losses, None, None, ())
    return Comparison(
        spec,
        modality,
        tuple(e.name for e in systems),
        split,
        0,
        metric_rows(spec, modality, systems, rows, {}),
        settings=differing_settings(systems),
        histories={e.name: e.history for e in systems if e.history},
        notes=(*notes, *caveats(systems, modality)),
    )


def _answered(
    systems: Sequence[System],
    evaluator: Evaluator,
    dataset: Dataset,
    data: str,
    split: str,
    keep: Path | None,
    on_progress: ProgressCallback,
    *,
    speed: bool,
) -> Comparison:
    samples = dataset.split(split)
    spec = evaluator.spec
    modality = _modality(dataset, evaluator)
    _check_samples(
        [e for e in systems if e.predictions is not None], samples, f"{split} of {data}", modality, evaluator
    )
    digest = evaluator.digest(samples)
    loaded = {e.name: evaluator.load(e) for e in systems if e.artifact is not None}
    models = {name: model for name, (model, _) in loaded.items()}
    engines = {name: engine for name, (_, engine) in loaded.items()}
    predictions: dict[str, Predictions] = {}
    for system in systems:
        if system.name in models:

            def answering(done: int, total: int, what: str | None = None, name: str = system.name) -> None:
                on_progress(done, total, f"{spec.doing} by {name}")

            predictions[system.name] = predict(system, models[system.name], samples, keep, digest, answering)
    broken = {item: why for p in predictions.values() for item, why in p.broken.items()}
    outputs = {e.name: e.predictions or predictions[e.name].outputs for e in systems}
    for sample in samples:
        if sample.id not in broken and any(sample.id not in each for each in outputs.values()):
            broken[sample.id] = _why_closed(sample, outputs, spec.output)
    samples = tuple(s for s in samples if s.id not in broken)
    if not samples:
        raise DataError(f"{data}: not one {modality} of {split!r} opens, for example {next(iter(broken.values()))}")
    notes = []
    if broken:
        first = next(iter(broken.values()))
        notes.append(f"{len(broken)} {modality}(s) do not open and are passed over, the first: {first}")
    ids = [s.id for s in samples]
    on_progress(0, len(systems), "scoring")
    scores, lacking = evaluator.score(outputs, samples, systems)
    losses = [predictions[e.name].loss(ids) if e.name in predictions else None for e in systems]
    rows = evaluator.rows(systems, [scores[e.name].corpus for e in systems], losses, outputs, dataset, samples)
    speeds = _speeds(systems, models, samples, keep, on_progress) if speed else {}
    leader = scores[systems[0].name]
    metric = evaluator.item_metric(scores)
    items = evaluator.items(samples, outputs, scores)
    disputed, differing = evaluator.disputed(items)
    if len(ids) < FEW:
        notes.append(f"only {len(ids)} {modality}s: intervals and p of so few say little")
    notes += [
        line
        for e in systems
        if e.artifact is not None
        for line in overlap_note(e.name, samples, e.artifact.manifest.training, modality)
    ]
    notes += [*lacking, *caveats(systems, modality, digest, split, engines)]
    return Comparison(
        spec,
        modality,
        tuple(e.name for e in systems),
        split,
        len(ids),
        metric_rows(spec, modality, systems, rows, speeds, engines),
        differences={e.name: _differences(scores[e.name], leader, on_progress) for e in systems[1:]},
        settings=differing_settings(systems),
        histories={e.name: e.history for e in systems if e.history},
        drawn=tuple(random.Random(0).sample(items, min(SHOWN, len(items)))),
        items=tuple(items),
        disputed=tuple(disputed[:SHOWN]),
        differing=differing,
        item_metric=metric,
        table=evaluator.table,
        signature=leader.signature,
        remarks=tuple(evaluator.remarks(items)),
        notes=tuple(notes),
    )


def _modality(dataset: Dataset, evaluator: Evaluator) -> str:
    if dataset.modality == "picture":
        return "clip" if evaluator.spec.output == "label" else "photo"
    return dataset.modality


def _differences(scores: Scores, first: Scores, on_progress: ProgressCallback) -> dict[str, Difference]:
    on_progress(0, 1, "is it luck?")
    found = difference(scores, first)
    return {name: d for name, d in found.items() if name != "CIDEr"}  # the same number as CIDEr-D


def _check_samples(
    systems: Sequence[System], samples: Sequence[Sample], where: str, modality: str, evaluator: Evaluator
) -> None:
    """Predictions of other samples are refused; those of samples that do not open may be missing."""
    known, output = {s.id for s in samples}, evaluator.spec.output
    for system in systems:
        answered = system.predictions or {}
        strange = [i for i in answered if i not in known]
        if strange:
            raise DataError(
                f"{system.path}: holds {output}s of {len(strange)} {modality}(s) that are not in {where}, "
                f"such as {strange[0]!r}; compare on the split that was evaluated"
            )
        missing = [s for s in samples if s.id not in answered]
        opening = [s for s in missing if _fault(s) is None]
        if opening:
            raise DataError(
                f"{system.path}: holds no {output} of {len(opening)} of the {len(samples)} {modality}s "
                f"in {where}, such as {opening[0].id!r}; evaluate all of the split"
            )


def _fault(sample: Sample) -> str | None:
    try:
        thumbnail(source_of(sample))
    except MediaError as error:
        return str(error)
    return None


def _why_closed(sample: Sample, outputs: Mapping[str, Mapping[str, Output]], what: str) -> str:
    silent = next(name for name, each in outputs.items() if sample.id not in each)
    return _fault(sample) or f"{sample.id!r} has no {what} by {silent}"


def _speeds(
    systems: Sequence[System],
    models: Mapping[str, Model],
    samples: Sequence[Sample],
    keep: Path | None,
    on_progress: ProgressCallback,
) -> dict[str, Speed]:
    """Speeds measured side by side; those of an earlier call hold while the same models take part."""
    if not models:
        return {}
    chosen = random.Random(1).sample(list(samples), min(TOGETHER, len(samples)))
    files = {e.name: {n: r.sha256 for n, r in e.artifact.files.items()} for e in systems if e.artifact is not None}
    key: dict[str, Any] = {
        "models": files,
        "samples": [s.id for s in chosen],
        "settings": {name: model.key for name, model in models.items()},
    }
    file = keep / "speeds.json" if keep else None
    try:
        kept = json.loads(file.read_text("utf-8")) if file else {}
        if kept["of"] == json.loads(json.dumps(key)):
            return {name: Speed(**values) for name, values in kept["speeds"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = measure_speed(
        models,
        [source_of(s) for s in chosen],
        lambda done, total, what=None: on_progress(done, total, "measuring speed"),
    )
    if file:
        write_json(file, {"of": key, "speeds": {name: asdict(s) for name, s in found.items()}}, indent=1)
    return found
