"""Which of several models is better, by how much, and whether it is more than luck."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from seesay.data import Dataset, Sample, read_dataset, source_of
from seesay.errors import DataError, MediaError, UsageError
from seesay.evaluation.caption_evaluator import CaptionJudge
from seesay.evaluation.captions import write_whole
from seesay.evaluation.caveats import cautions, differing_settings
from seesay.evaluation.comparison import Comparison, Item
from seesay.evaluation.evaluator import Judge
from seesay.evaluation.measures import measures_of
from seesay.evaluation.predict import TOGETHER, Model, Predictions, Said, Speed, measure_speed, predict
from seesay.evaluation.recognition_evaluator import RecognitionJudge
from seesay.evaluation.systems import Entrant, find_entrants, usual_split
from seesay.metrics import Difference, Scores
from seesay.metrics import compare as difference
from seesay.report.compare_page import write_pages
from seesay.report.thumbnails import thumbnail

SHOWN = 12
"""Photos or clips drawn at random, and those that the models differ most about."""
FEW = 100
"""With fewer photos or clips a bootstrap's interval is too narrow to be believed."""


class Told(Protocol):
    """Hears what is being done."""

    def __call__(self, done: int, total: int, what: str | None = None) -> None:
        """So many of so many are done."""


def compare(
    runs: Sequence[str],
    out: Path,
    data: str | None = None,
    split: str = "dev",
    *,
    beam: int | None = None,
    on_progress: Told = lambda done, total, what=None: None,
) -> Comparison:
    """Have several captioners, or several recognizers, answer on the same samples; write what comes of it to `out`.

    Written: `index.html` (everything, self-contained), `comparison.md`, `comparison.json`, `comparison.csv`,
    `captions.csv` or `clips.csv` (every photo or clip), the plots as PNG, and `predictions/`, from which a second call
    takes what the first has done.

    Args:
        runs: folders of runs, artifacts, or evaluations that hold `predictions.json`; the first is compared with.
        out: a folder, made if need be.
        data: `FORMAT:PATH`; None compares the scores that the runs recorded.
        split: of `data`.
        beam: sentences followed at a time; None for each captioner's own.
        on_progress: told what is being done, and how far it is.

    Raises:
        UsageError: one of `runs` cannot be compared, captioners are mixed with recognizers, or `out` cannot be written.
        DataError: predictions of other samples, recorded scores against other references or labels, recognizers of
            other classes than each other's or the data's.
    """
    entrants = find_entrants(runs)
    judge = _judge(entrants[0].task, beam)
    split = usual_split(split)
    dataset = read_dataset(data, default_splits=True) if data is not None else None
    judge.check(entrants, dataset.split(split) if dataset is not None else ())  # told before anything is written
    try:
        out.mkdir(parents=True, exist_ok=True)
        if dataset is None or data is None:
            found = _recorded(entrants, judge, split)
        else:
            found = _answered(entrants, judge, dataset, data, split, out, on_progress)
        write_whole(out / "comparison.json", json.dumps(found.to_json(), indent=1, ensure_ascii=False))
        with (out / "comparison.csv").open("w", encoding="utf-8", newline="") as handle:
            table = csv.writer(handle)
            table.writerow(["measure", "unit", *found.names])
            table.writerows([m.key, m.unit, *("" if v is None else v for v in m.values)] for m in found.measures)
        write_pages(found, out)
    except OSError as error:
        raise UsageError(f"{error.filename or out}: cannot be written ({error.strerror or error})") from error
    return found


def _judge(task: str, beam: int | None) -> Judge:
    if task == "recognize":
        if beam is not None:
            raise UsageError("--beam is for captioners; recognizers look for no sentences")
        return RecognitionJudge()
    return CaptionJudge(beam)


def _recorded(entrants: Sequence[Entrant], judge: Judge, split: str) -> Comparison:
    """Only what the runs themselves wrote down."""
    view = judge.view
    thing = "clip" if view.said == "label" or any(e.artifact and e.artifact.manifest.clip for e in entrants) else ""
    thing = thing or "photo"
    lacking = [e.name for e in entrants if split not in e.recorded]
    if len(lacking) == len(entrants):
        raise UsageError(
            f"none of the runs has recorded scores on {split!r}; add --data FORMAT:PATH, to have it judged by each"
        )
    known = {e.name: e.digests[split] for e in entrants if split in e.digests and split in e.recorded}
    if len(set(known.values())) > 1:
        raise DataError(
            f"the runs were scored on different {thing}s or {view.truth} of {split!r} "
            f"({', '.join(f'{name}: {digest}' for name, digest in known.items())}); add --data FORMAT:PATH, so that "
            f"all are judged on the same {thing}s"
        )
    notes = [f"scores as each run recorded them on {split}; --data FORMAT:PATH has all judge the same {thing}s"]
    if lacking:
        notes.append(f"no scores on {split} are recorded for {', '.join(lacking)}")
    unknown = [e.name for e in entrants if e.name not in known and e.name not in lacking]
    if unknown:
        notes.append(f"whether {', '.join(unknown)} was scored on the same {thing}s as the others is not known")
    recorded = [{k: v for k, v in e.recorded.get(split, {}).items() if isinstance(v, float)} for e in entrants]
    losses = [scores.pop("loss", None) for scores in recorded]
    rows = judge.rows(entrants, recorded, losses, None, None, ())
    return Comparison(
        view,
        thing,
        tuple(e.name for e in entrants),
        split,
        0,
        measures_of(view, thing, entrants, rows, {}),
        settings=differing_settings(entrants),
        histories={e.name: e.history for e in entrants if e.history},
        notes=(*notes, *cautions(entrants, thing)),
    )


def _answered(
    entrants: Sequence[Entrant], judge: Judge, dataset: Dataset, data: str, split: str, out: Path, told: Told
) -> Comparison:
    samples = dataset.split(split)
    view = judge.view
    thing = _thing(dataset, judge)
    _check_samples([e for e in entrants if e.predictions is not None], samples, f"{split} of {data}", thing, judge)
    digest = judge.digest(samples)
    loaded = {e.name: judge.load(e) for e in entrants if e.artifact is not None}
    models = {name: model for name, (model, _) in loaded.items()}
    engines = {name: engine for name, (_, engine) in loaded.items()}
    predictions: dict[str, Predictions] = {}
    for entrant in entrants:
        if entrant.name in models:

            def tell(done: int, total: int, name: str = entrant.name) -> None:
                told(done, total, f"{view.doing} by {name}")

            predictions[entrant.name] = predict(
                entrant, models[entrant.name], samples, out / "predictions", digest, tell
            )
    broken = {item: why for p in predictions.values() for item, why in p.broken.items()}
    said = {e.name: e.predictions or predictions[e.name].said for e in entrants}
    for sample in samples:
        if sample.id not in broken and any(sample.id not in each for each in said.values()):
            broken[sample.id] = _why_closed(sample, said, view.said)
    samples = tuple(s for s in samples if s.id not in broken)
    if not samples:
        raise DataError(f"{data}: not one {thing} of {split!r} opens, for example {next(iter(broken.values()))}")
    notes = []
    if broken:
        first = next(iter(broken.values()))
        notes.append(f"{len(broken)} {thing}(s) do not open and are passed over, the first: {first}")
    ids = [s.id for s in samples]
    told(0, len(entrants), "scoring")
    scores, lacking = judge.score(said, samples, entrants)
    losses = [predictions[e.name].loss(ids) if e.name in predictions else None for e in entrants]
    rows = judge.rows(entrants, [scores[e.name].corpus for e in entrants], losses, said, dataset, samples)
    speeds = _speeds(entrants, models, samples, out, told)
    leader = scores[entrants[0].name]
    items = judge.items(samples, said, scores)
    disputed, differing = judge.disputed(items)
    _write_items(out / judge.columns[0], items, judge)
    if len(ids) < FEW:
        notes.append(f"only {len(ids)} {thing}s: intervals and p of so few say little")
    notes += [*lacking, *cautions(entrants, thing, digest, split, engines)]
    return Comparison(
        view,
        thing,
        tuple(e.name for e in entrants),
        split,
        len(ids),
        measures_of(view, thing, entrants, rows, speeds, engines),
        differences={e.name: _differences(scores[e.name], leader, told) for e in entrants[1:]},
        settings=differing_settings(entrants),
        histories={e.name: e.history for e in entrants if e.history},
        drawn=tuple(random.Random(0).sample(items, min(SHOWN, len(items)))),
        disputed=tuple(disputed[:SHOWN]),
        differing=differing,
        item_metric=judge.metric,
        signature=leader.signature,
        remarks=tuple(judge.remarks(items)),
        notes=tuple(notes),
    )


def _thing(dataset: Dataset, judge: Judge) -> str:
    if dataset.modality == "picture":
        return "clip" if judge.view.said == "label" else "photo"
    return dataset.modality


def _differences(scores: Scores, first: Scores, told: Told) -> dict[str, Difference]:
    told(0, 1, "is it luck?")
    found = difference(scores, first)
    return {name: d for name, d in found.items() if name != "CIDEr"}  # the same number as CIDEr-D


def _check_samples(
    entrants: Sequence[Entrant], samples: Sequence[Sample], where: str, thing: str, judge: Judge
) -> None:
    """Predictions of other samples are refused; those of samples that do not open may be missing."""
    known = {s.id for s in samples}
    for entrant in entrants:
        told = entrant.predictions or {}
        strange = [i for i in told if i not in known]
        if strange:
            raise DataError(
                f"{entrant.path}: holds {judge.view.said}s of {len(strange)} {thing}(s) that are not in {where}, such "
                f"as {strange[0]!r}; compare on the split that was evaluated"
            )
        missing = [s for s in samples if s.id not in told]
        opening = [s for s in missing if _fault(s) is None]
        if opening:
            raise DataError(
                f"{entrant.path}: holds no {judge.view.said} of {len(opening)} of the {len(samples)} {thing}s in "
                f"{where}, such as {opening[0].id!r}; evaluate all of the split"
            )


def _fault(sample: Sample) -> str | None:
    try:
        thumbnail(source_of(sample))
    except MediaError as error:
        return str(error)
    return None


def _why_closed(sample: Sample, said: Mapping[str, Mapping[str, Said]], what: str) -> str:
    silent = next(name for name, each in said.items() if sample.id not in each)
    return _fault(sample) or f"{sample.id!r} has no {what} by {silent}"


def _speeds(
    entrants: Sequence[Entrant], models: Mapping[str, Model], samples: Sequence[Sample], out: Path, told: Told
) -> dict[str, Speed]:
    """Speeds measured side by side; those of an earlier call hold while the same models take part."""
    if not models:
        return {}
    chosen = random.Random(1).sample(list(samples), min(TOGETHER, len(samples)))
    files = {e.name: {n: r.sha256 for n, r in e.artifact.files.items()} for e in entrants if e.artifact is not None}
    key: dict[str, Any] = {
        "models": files,
        "samples": [s.id for s in chosen],
        "settings": {name: model.key for name, model in models.items()},
    }
    file = out / "speeds.json"
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept["of"] == json.loads(json.dumps(key)):
            return {name: Speed(**values) for name, values in kept["speeds"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = measure_speed(models, [source_of(s) for s in chosen], lambda d, t: told(d, t, "measuring speed"))
    write_whole(file, json.dumps({"of": key, "speeds": {name: asdict(s) for name, s in found.items()}}, indent=1))
    return found


def _write_items(file: Path, items: Sequence[Item], judge: Judge) -> None:
    names, said = list(items[0].said), judge.view.said
    truth = [said] if items[0].right else []  # captions have many
    with file.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        heading = [*(f"{name}: {said}" for name in names), *(f"{name}: {judge.metric}" for name in names)]
        table.writerow([judge.columns[1], *truth, *heading])
        for item in items:
            values = (f"{item.values[n]:.6f}" for n in names)
            table.writerow([item.sample.id, *(item.truth if truth else ()), *(item.said[n] for n in names), *values])
