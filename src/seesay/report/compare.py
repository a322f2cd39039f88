"""Which of several captioners is better, by how much, and whether it is more than luck."""

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
from seesay.metrics import Difference, Scores, health, score
from seesay.metrics import compare as difference
from seesay.metrics.scores import possible_metrics, references_digest
from seesay.report.cautions import cautions, differing_settings
from seesay.report.compare_page import write_pages
from seesay.report.comparison import Comparison, Photo
from seesay.report.entrants import Entrant, find_entrants, usual_split
from seesay.report.evaluate import write_whole
from seesay.report.measures import measures_of
from seesay.report.predict import TOGETHER, Predictions, Speed, measure_speed, predict
from seesay.report.thumbnails import thumbnail
from seesay.runtime import Captioner
from seesay.text import tokenize

SHOWN = 12
"""Photos drawn at random, and photos that the captioners differ most about."""
FEW = 100
"""With fewer photos a bootstrap's interval is too narrow to be believed."""


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
    """Have several captioners caption the same photos, and write what comes of it to `out`.

    Written: `index.html` (everything, self-contained), `comparison.md`, `comparison.json`, `comparison.csv`,
    `captions.csv` (every photo), the plots as PNG, and `predictions/`, from which a second call takes what the first
    has done.

    Args:
        runs: folders of runs, artefacts, or evaluations that hold `predictions.json`; the first is compared with.
        out: a folder, made if need be.
        data: `FORMAT:PATH`; None compares the scores that the runs recorded.
        split: of `data`.
        beam: sentences followed at a time; None for each model's own.
        on_progress: told what is being done, and how far it is.

    Raises:
        UsageError: one of `runs` cannot be compared, or `out` cannot be written.
        DataError: predictions of other photos, or recorded scores against other references.
    """
    entrants = find_entrants(runs)
    split = usual_split(split)
    dataset = read_dataset(data) if data is not None else None
    if dataset is not None:
        dataset.split(split)  # told before anything is written
    try:
        out.mkdir(parents=True, exist_ok=True)
        if dataset is None or data is None:
            found = _recorded(entrants, split)
        else:
            found = _captioned(entrants, dataset, data, split, out, beam, on_progress)
        write_whole(out / "comparison.json", json.dumps(found.to_json(), indent=1, ensure_ascii=False))
        with (out / "comparison.csv").open("w", encoding="utf-8", newline="") as handle:
            table = csv.writer(handle)
            table.writerow(["measure", "unit", *found.names])
            table.writerows([m.key, m.unit, *("" if v is None else v for v in m.values)] for m in found.measures)
        write_pages(found, out)
    except OSError as error:
        raise UsageError(f"{error.filename or out}: cannot be written ({error.strerror or error})") from error
    return found


def _recorded(entrants: Sequence[Entrant], split: str) -> Comparison:
    """Only what the runs themselves wrote down."""
    lacking = [e.name for e in entrants if split not in e.recorded]
    if len(lacking) == len(entrants):
        raise UsageError(f"none of the runs has recorded scores on {split!r}; add --data FORMAT:PATH to caption it")
    known = {e.name: e.digests[split] for e in entrants if split in e.digests and split in e.recorded}
    if len(set(known.values())) > 1:
        raise DataError(
            f"the runs were scored on different photos or references of {split!r} "
            f"({', '.join(f'{name}: {digest}' for name, digest in known.items())}); add --data FORMAT:PATH, so that "
            "all caption the same photos"
        )
    notes = [f"scores as each run recorded them on {split}; --data FORMAT:PATH has all caption the same photos"]
    if lacking:
        notes.append(f"no scores on {split} are recorded for {', '.join(lacking)}")
    unknown = [e.name for e in entrants if e.name not in known and e.name not in lacking]
    if unknown:
        notes.append(f"whether {', '.join(unknown)} was scored on the same photos as the others is not known")
    recorded = [{k: v for k, v in e.recorded.get(split, {}).items() if isinstance(v, float)} for e in entrants]
    losses = [scores.pop("loss", None) for scores in recorded]
    return Comparison(
        tuple(e.name for e in entrants),
        split,
        0,
        measures_of(entrants, recorded, losses, None, {}),
        settings=differing_settings(entrants),
        histories={e.name: e.history for e in entrants if e.history},
        notes=(*notes, *cautions(entrants)),
    )


def _captioned(
    entrants: Sequence[Entrant], dataset: Dataset, data: str, split: str, out: Path, beam: int | None, told: Told
) -> Comparison:
    samples = dataset.split(split)
    _check_photos([e for e in entrants if e.predictions is not None], samples, f"{split} of {data}")
    digest = references_digest({s.id: [tokenize(text) for text in s.references] for s in samples})
    captioners, engines = {}, {}
    for entrant in entrants:
        if entrant.artefact is not None:
            networks, engines[entrant.name] = entrant.networks()
            captioners[entrant.name] = Captioner(entrant.artefact, networks)
    predictions: dict[str, Predictions] = {}
    for entrant in entrants:
        if entrant.name in captioners:
            captioner = captioners[entrant.name]

            def tell(done: int, total: int, name: str = entrant.name) -> None:
                told(done, total, f"captioning by {name}")

            options = captioner.options(beam=beam)
            folder = out / "predictions"
            predictions[entrant.name] = predict(entrant, captioner, samples, folder, digest, options, tell)
    broken = {item: why for p in predictions.values() for item, why in p.broken.items()}
    captions = {e.name: e.predictions or predictions[e.name].captions for e in entrants}
    for sample in samples:
        if sample.id not in broken and any(sample.id not in said for said in captions.values()):
            broken[sample.id] = _why_closed(sample, captions)
    samples = tuple(s for s in samples if s.id not in broken)
    if not samples:
        raise DataError(f"{data}: not one photo of {split!r} opens, for example {next(iter(broken.values()))}")
    notes = []
    if broken:
        first = next(iter(broken.values()))
        notes.append(f"{len(broken)} photo(s) do not open and are passed over, the first: {first}")
    ids = [s.id for s in samples]
    metrics, lacking = possible_metrics(len(ids))
    truth = {s.id: s.references for s in samples}
    scores: dict[str, Scores] = {}
    for number, entrant in enumerate(entrants):
        told(number, len(entrants), f"scoring {entrant.name}")
        scores[entrant.name] = score({i: captions[entrant.name][i] for i in ids}, truth, metrics)
    training = [text for s in dataset.samples if s.split == "train" for text in s.references]
    signs = [
        asdict(
            health(
                [captions[e.name][i] for i in ids],
                training or None,
                captioners[e.name].vocabulary.tokens if e.name in captioners else None,
            )
        )
        for e in entrants
    ]
    losses = [predictions[e.name].loss(ids) if e.name in predictions else None for e in entrants]
    speeds = _speeds(entrants, captioners, samples, out, beam, told)
    leader = scores[entrants[0].name]
    photo_metric = "CIDEr-D" if "CIDEr-D" in leader.items else "ROUGE_L"
    photos = [
        Photo(s, {n: c[s.id] for n, c in captions.items()}, {n: scores[n].items[photo_metric][s.id] for n in captions})
        for s in samples
    ]
    _write_captions(out / "captions.csv", photos, photo_metric)
    if len(ids) < FEW:
        notes.append(f"only {len(ids)} photos: intervals and p of so few say little")
    notes += [*lacking, *cautions(entrants, digest, split, engines)]
    return Comparison(
        tuple(e.name for e in entrants),
        split,
        len(ids),
        measures_of(entrants, [{**scores[e.name].corpus} for e in entrants], losses, signs, speeds, engines),
        differences={e.name: _differences(scores[e.name], leader, told) for e in entrants[1:]},
        settings=differing_settings(entrants),
        histories={e.name: e.history for e in entrants if e.history},
        drawn=tuple(random.Random(0).sample(photos, min(SHOWN, len(photos)))),
        disputed=tuple(sorted(photos, key=_spread, reverse=True)[:SHOWN]),
        photo_metric=photo_metric,
        signature=leader.signature,
        notes=tuple(notes),
    )


def _differences(scores: Scores, first: Scores, told: Told) -> dict[str, Difference]:
    told(0, 1, "is it luck?")
    found = difference(scores, first)
    return {name: d for name, d in found.items() if name != "CIDEr"}  # the same number as CIDEr-D


def _spread(photo: Photo) -> float:
    return max(photo.values.values()) - min(photo.values.values())


def _check_photos(entrants: Sequence[Entrant], samples: Sequence[Sample], where: str) -> None:
    """Predictions of other photos are refused; those of photos that do not open may be missing."""
    known = {s.id for s in samples}
    for entrant in entrants:
        told = entrant.predictions or {}
        strange = [i for i in told if i not in known]
        if strange:
            raise DataError(
                f"{entrant.path}: holds captions of {len(strange)} photo(s) that are not in {where}, such as "
                f"{strange[0]!r}; compare on the split that was evaluated"
            )
        missing = [s for s in samples if s.id not in told]
        opening = [s for s in missing if _fault(s) is None]
        if opening:
            raise DataError(
                f"{entrant.path}: holds no caption of {len(opening)} of the {len(samples)} photos in {where}, such as "
                f"{opening[0].id!r}; evaluate all of the split"
            )


def _fault(sample: Sample) -> str | None:
    try:
        thumbnail(source_of(sample))
    except MediaError as error:
        return str(error)
    return None


def _why_closed(sample: Sample, captions: Mapping[str, Mapping[str, str]]) -> str:
    return (
        _fault(sample)
        or f"{sample.id!r} has no caption by {next(n for n, c in captions.items() if sample.id not in c)}"
    )


def _speeds(
    entrants: Sequence[Entrant],
    captioners: Mapping[str, Captioner],
    samples: Sequence[Sample],
    out: Path,
    beam: int | None,
    told: Told,
) -> dict[str, Speed]:
    """Speeds measured side by side; those of an earlier call hold while the same models take part."""
    if not captioners:
        return {}
    chosen = random.Random(1).sample(list(samples), min(TOGETHER, len(samples)))
    models = {e.name: {n: r.sha256 for n, r in e.artefact.files.items()} for e in entrants if e.artefact is not None}
    key: dict[str, Any] = {"models": models, "photos": [s.id for s in chosen], "beam": beam}
    file = out / "speeds.json"
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept["of"] == key:
            return {name: Speed(**values) for name, values in kept["speeds"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = measure_speed(captioners, [source_of(s) for s in chosen], beam, lambda d, t: told(d, t, "measuring speed"))
    write_whole(file, json.dumps({"of": key, "speeds": {name: asdict(s) for name, s in found.items()}}, indent=1))
    return found


def _write_captions(file: Path, photos: Sequence[Photo], metric: str) -> None:
    names = list(photos[0].captions)
    with file.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["image_id", *(f"{name}: caption" for name in names), *(f"{name}: {metric}" for name in names)])
        for photo in photos:
            values = (f"{photo.values[n]:.6f}" for n in names)
            table.writerow([photo.sample.id, *(photo.captions[n] for n in names), *values])
