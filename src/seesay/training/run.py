"""A run from recipe to artifact."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor

from seesay.artifact import Manifest
from seesay.data import Dataset, check_pictures, read_dataset
from seesay.data.identity import remember
from seesay.data.splits import DRAWN
from seesay.errors import TrainingError, UsageError
from seesay.exporting.weights import describe, describe_classifier, save_model
from seesay.files import alone, cache_folder, write_json
from seesay.media import FrameSampling
from seesay.metrics.figures import shown
from seesay.metrics.scores import references_digest
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.text import SPECIALS, tokenize
from seesay.training.callbacks import Callback, CsvLog, Curves, Report, TensorBoardLog, progress_of
from seesay.training.checkpoints import read_checkpoint
from seesay.training.config import Config, load_config, make_config
from seesay.training.factory import Model, build
from seesay.training.features import FeatureStore
from seesay.training.inputs import input_source
from seesay.training.loop import BEST, LAST, SUPERVISED, Trainer, make_fabric

log = logging.getLogger("seesay.training")


def train(
    recipe: str | Path,
    overrides: Sequence[str],
    data: str,
    out: Path,
    *,
    resume: bool = False,
    features: Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> Path:
    """Train a recipe on a data set and leave a whole artifact (not yet exported to ONNX) in `out`.

    Args:
        recipe: a recipe's name or a YAML file.
        overrides: `section.key=value` settings.
        data: `FORMAT:PATH`, with the splits train and dev.
        out: the run's folder: config, vocabulary, checkpoints, metrics.csv, curves.png, TensorBoard events, artifact.
        resume: go on from the last checkpoint in `out`; a run without one starts from the beginning.
        features: where encoded pictures are cached; None for the user's cache folder.
        callbacks: beside the usual ones.

    Returns:
        `out`.

    Raises:
        UsageError: an unknown recipe, key or encoder; `out` cannot be written, or another process trains there.
        DataError: the data set has fatal faults.
        TrainingError: `out` holds another run, or the loss stopped being finite.
    """
    config = load_config(recipe, overrides)
    dataset = _with_more(read_dataset(data, default_splits=True), config)
    if dataset.modality == "clip" and config.modality == "picture":
        raise UsageError(
            f"{data} holds clips, and {recipe} reads photos: take a recipe of clips, or add clip.frames=16"
        )
    if config.modality != dataset.modality and {config.modality, dataset.modality} & {"text", "sound"}:
        raise UsageError(
            f"{data} holds {dataset.modality}s, and {recipe} reads {config.modality}s: take a recipe for these"
        )
    if config.training.max_length is None:
        config = _as_long_as_people(config, dataset)
    out = Path(out)
    fabric = make_fabric(config.training.precision)
    if fabric.is_global_zero:
        _claim(out, config, resume)
    fabric.barrier()
    with alone(out) if fabric.is_global_zero else nullcontext():
        _train(config, dataset, out, fabric, resume=resume, features=features, callbacks=callbacks)
    return out


def _train(
    config: Config,
    dataset: Dataset,
    out: Path,
    fabric: Fabric,
    *,
    resume: bool,
    features: Path | None,
    callbacks: Sequence[Callback],
) -> None:
    """See `train`."""
    torch.manual_seed(config.training.seed)
    built = build(config, dataset, out, fabric)
    model = built.model
    watchers: list[Callback] = []
    if fabric.is_global_zero:
        watchers = [Report(config.training.epochs), CsvLog(out / "metrics.csv"), Curves(out / "curves.png")]
        watchers.append(TensorBoardLog(out / "events"))
        watchers += callbacks
    cache = FeatureStore(features or cache_folder("features"), fabric, input_source(config))
    dataset = _readable(dataset, model, config, cache, watchers)
    if fabric.is_global_zero:
        _announce(config, dataset, model)
    task = built.task(dataset.split("train"), None if config.finetune.covers(0) else cache)
    trainer = Trainer(config, model, task, dataset, out, fabric, cache, watchers)
    progress = trainer.run(resume)
    fabric.barrier()
    weights, best = read_checkpoint(out / BEST)
    scores = best["scores"]
    model.load_state_dict(weights)
    if config.self_critical.blend and config.self_critical.covers(progress.best_epoch):
        before, _ = read_checkpoint(out / SUPERVISED)
        model.load_state_dict(blend(weights, before, config.self_critical.blend))
        cache.prepare(model.encoder, trainer.dev_samples)
        scores = task.validate(trainer.dev_samples, fabric, cache)
    if fabric.is_global_zero:
        save_model(model, describe_run(model, config, dataset, scores, built.vectors), out)
        best_score, score = (shown(task.score, value) for value in (progress.best, scores[task.score]))
        log.info("best %s on dev %s, epoch %d", task.score, best_score, progress.best_epoch + 1)
        log.info("the model in %s has %s %s on dev; curves: %s", out, task.score, score, out / "curves.png")
    fabric.barrier()


def _with_more(dataset: Dataset, config: Config) -> Dataset:
    """The data with the training parts of `training.more`."""
    samples, faults = list(dataset.samples), list(dataset.faults)
    known = {sample.id for sample in samples}
    for source in config.training.more:
        more = read_dataset(source)
        if more.modality != dataset.modality:
            raise UsageError(f"training.more: {source} holds {more.modality}s, and --data {dataset.modality}s")
        faults += more.faults
        for sample in more.split("train"):
            if sample.id in known:
                raise UsageError(f"training.more: {source}: {sample.id!r} is in the data already")
            known.add(sample.id)
            again = [replace(sample, id=f"{sample.id}#{time}") for time in range(1, config.training.more_times)]
            samples += [sample, *again]
    return replace(dataset, samples=tuple(samples), faults=tuple(faults))


def _as_long_as_people(config: Config, dataset: Dataset) -> Config:
    """The settings with `training.max_length` as many words as are learned of the longest training caption."""
    learned = config.text.learned
    longest = max((len(learned.words(text)) for s in dataset.split("train") for text in s.references), default=1)
    length = max(1, min(longest, config.text.max_length))
    training = config.training.model_copy(update={"max_length": length})
    return config.model_copy(update={"training": training})


def blend(weights: Mapping[str, Tensor], others: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Each weight as `share` of the others' and the rest its own; whole numbers (counters) are kept."""
    return {
        name: torch.lerp(value, others[name], share) if value.is_floating_point() else value
        for name, value in weights.items()
    }


def describe_run(
    model: Model,
    config: Config,
    dataset: Dataset,
    dev_scores: dict[str, float],
    vectors: Mapping[str, Any] | None = None,
) -> Manifest:
    """What a run's artifact says of itself: enough to train it again, and how it did on dev."""
    training = {
        "data": {
            "format": dataset.format,
            "photos": {split: len(dataset.split(split)) for split in ("train", "dev")},
            "captions": sum(len(sample.references) for sample in dataset.split("train")),
            "sha256": {split: split_digest(dataset, split) for split in ("train", "dev")},
            "files": remember(dataset.split("train")),
        },
        "config": config.model_dump(mode="json"),
        **({"vectors": dict(vectors)} if vectors else {}),
    }
    if isinstance(model, ClassifyModel):
        assert config.classifier is not None
        clip = config.clip
        sampling = FrameSampling("uniform", clip.frames, flow=clip.flow) if clip else None
        about = {"training": training, "scores": {"dev": dev_scores}}
        return describe_classifier(model, config.classifier, config.name, sampling, **about)
    return describe(
        model,
        config.decoder,
        config.name,
        FrameSampling("uniform", config.clip.frames) if config.clip else None,
        search=config.training.search,
        training=training,
        scores={"dev": dev_scores},
    )


def changed_settings(before: Config, now: Config) -> list[str]:
    """`section.key` of the settings by which a run would become another run; when to stop and to save is none."""
    earlier = before.model_dump(mode="json")
    return [
        f"{section}.{key}"
        for section, values in now.model_dump(mode="json").items()
        if isinstance(values, dict)
        for key, value in values.items()
        if (earlier.get(section) or {}).get(key) != value and key not in ("patience", "checkpoint_minutes")
    ]


def split_digest(dataset: Dataset, split: str) -> str:
    """What tells a split from one with other photos, captions or labels."""
    known = {s.id: s.references or ((s.label,) if s.label else ()) for s in dataset.split(split)}
    return references_digest({key: [tokenize(text) for text in texts] for key, texts in known.items()})


def _claim(out: Path, config: Config, resume: bool) -> None:
    """Make the run's folder, or check that the run in it is this one."""
    record = out / "config.json"
    resolved = config.model_dump(mode="json")
    if (out / LAST).exists() and not resume:
        raise UsageError(f"{out} holds a run already: add --resume to go on with it, or name another --out")
    if record.is_file() and resume:
        changed = changed_settings(make_config(json.loads(record.read_text("utf-8")), str(record)), config)
        if changed:
            raise TrainingError(
                f"{out}: the run there has other settings ({', '.join(changed)}); "
                "resume with the same ones, or name another --out (and begin there with these weights: "
                f"training.start_from={out})"
            )
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_json(record, resolved)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror})") from error


def _readable(
    dataset: Dataset, model: Model, config: Config, cache: FeatureStore, watchers: Sequence[Callback]
) -> Dataset:
    """The data set without the pictures that do not open; those that do are encoded, where the CNN begins fixed."""
    samples = [*dataset.split("train"), *dataset.split("dev")]
    if config.finetune.covers(0) and config.clip is None:
        found = check_pictures(
            replace(dataset, samples=tuple(samples)), on_progress=progress_of(watchers, "opening pictures")
        )
        broken = {fault.file for fault in found if not fault.fatal}
        lacking = [s for s in samples if s.media in broken]
    else:
        cache.prepare(model.encoder, samples, progress_of(watchers, "encoding pictures"))
        lacking = cache.lacking(samples)
    return dataset.without(lacking, f"{config.modality} that does not open") if lacking else dataset


def _announce(config: Config, dataset: Dataset, model: Model) -> None:
    """Say what is about to be trained on what."""
    count = sum(p.numel() for p in model.parameters())
    faults = sum(fault.kind != DRAWN for fault in dataset.faults)
    log.info(
        "%s: %s + %s, %.1f M parameters, %s; %d train and %d dev %s%s",
        config.name,
        config.encoder.name,
        config.classifier.name if config.classifier else config.decoder.name,
        count / 1e6,
        f"{len(model.vocabulary) - len(SPECIALS)} words"
        if isinstance(model, CaptionModel)
        else f"{len(model.labels)} classes",
        len(dataset.split("train")),
        len(dataset.split("dev")),
        "photos" if config.modality == "picture" else f"{config.modality}s",
        f"; faults in the data passed over: {faults} (seesay data check lists them)" if faults else "",
    )
