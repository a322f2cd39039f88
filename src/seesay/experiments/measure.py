"""What a finished run is worth on dev: captions or labels, kept beside it as an evaluation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lightning.fabric import Fabric

from seesay.artifact import Artifact, read_artifact
from seesay.data import Dataset, Sample, check_pictures
from seesay.evaluation.recognition import RecognitionEvaluation
from seesay.experiments.search_space import SEARCH_KEYS, Point, folder_name
from seesay.exporting.weights import load_any_model
from seesay.files import cache_folder, write_json
from seesay.metrics import health, recognition, score
from seesay.metrics.recognition import likeliest, recognition_signature
from seesay.metrics.scores import possible_metrics
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.progress import ProgressCallback
from seesay.training.callbacks import Callback, progress_of
from seesay.training.config import Config, make_config
from seesay.training.features import FeatureStore
from seesay.training.inputs import CachedSource, input_source
from seesay.training.loop import make_fabric
from seesay.training.recognition import RecognitionTask
from seesay.training.run import split_digest
from seesay.training.validation import decode

Measured = tuple[list[dict[str, Any]], dict[str, Any]]
"""Predictions and scores, as `seesay evaluate` writes them."""


def measure(
    run: Path, dataset: Dataset, search: Point | None = None, callbacks: Sequence[Callback] = ()
) -> dict[str, Any]:
    """Caption or recognize dev with a finished run and score it, once: kept in the run's folder as `dev…/`.

    Args:
        run: a run's folder.
        dataset: with dev.
        search: `SEARCH_KEYS` to values, in place of the run's own; None for those.
        callbacks: told of the work.

    Returns:
        Of a captioner corpus scores, `metrics.Health`, `loss` (nats per token) and `signature`; of a recognizer
        accuracy and the rest as `RecognitionEvaluation.to_json` has it, and `loss` (nats per clip).
    """
    search = search or {}
    file = measured_file(run, search)
    folder, digest = file.parent, split_digest(dataset, "dev")
    if file.is_file():
        kept: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if kept.get("data") == digest:
            return kept
    artifact = read_artifact(run)
    config = _with_search(make_config(dict(artifact.manifest.training["config"]), str(run)), search)
    fabric = make_fabric(config.training.precision)
    model = load_any_model(artifact)
    fabric.to_device(model)
    inputs = input_source(config)
    features: FeatureStore | None = None
    samples = dataset.split("dev")
    if isinstance(inputs, CachedSource):
        features = FeatureStore(cache_folder("features"), fabric, inputs)
        features.prepare(model.encoder, samples, progress_of(callbacks, "encoding pictures"))
        broken = {s.id for s in features.lacking(samples)}
        samples = tuple(s for s in samples if s.id not in broken)
    else:
        faults = check_pictures(replace(dataset, samples=samples), on_progress=progress_of(callbacks, "opening files"))
        files = {fault.file for fault in faults}
        samples = tuple(s for s in samples if s.media not in files)
    if isinstance(model, CaptionModel):
        training = [text for s in dataset.split("train") for text in s.references]
        on_progress = progress_of(callbacks, "captioning dev")
        predictions, scores = _captioned(artifact, model, config, samples, training, fabric, features, on_progress)
    else:
        on_progress = progress_of(callbacks, "recognizing dev")
        predictions, scores = _recognized(artifact, model, config, samples, fabric, features, on_progress)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "predictions.json", predictions)
    kept = {**scores, "data": digest}
    write_json(file, kept)
    return kept


def _captioned(
    artifact: Artifact,
    model: CaptionModel,
    config: Config,
    samples: Sequence[Sample],
    training: Sequence[str],
    fabric: Fabric,
    features: FeatureStore | None,
    on_progress: ProgressCallback,
) -> Measured:
    found = decode(model, samples, config, fabric, features, on_progress)
    metrics, _ = possible_metrics(len(samples))
    scores = score(found.captions, {s.id: s.references for s in samples}, metrics)
    signs = asdict(health(found.captions.values(), training, model.vocabulary.tokens))
    about = {"model": artifact.name, "split": "dev", "photos": len(samples), "signature": scores.signature}
    predictions = [{"image_id": i, "caption": c} for i, c in found.captions.items()]
    return predictions, {**scores.corpus, "loss": found.loss, **signs, **about}


def _recognized(
    artifact: Artifact,
    model: ClassifyModel,
    config: Config,
    samples: Sequence[Sample],
    fabric: Fabric,
    features: FeatureStore | None,
    on_progress: ProgressCallback,
) -> Measured:
    found = RecognitionTask(config, model, samples).recognize(samples, fabric, features, on_progress)
    labels = [str(s.label) for s in samples]
    report = RecognitionEvaluation(
        artifact.name,
        "dev",
        len(samples),
        recognition(labels, found.probabilities, model.labels),
        signature=recognition_signature({s.id: str(s.label) for s in samples}, len(model.labels)),
    )
    predictions = [
        {"id": s.id, "predictions": [{"label": n, "probability": p} for n, p in likeliest(row, model.labels).items()]}
        for s, row in zip(samples, found.probabilities, strict=True)
    ]
    return predictions, {**report.to_json(), "loss": found.loss}


def measured_file(run: Path, search: Point) -> Path:
    """Where `measure` keeps what it found."""
    return run / (f"dev,{folder_name(search, '')}" if search else "dev") / "scores.json"


def _with_search(config: Config, search: Point) -> Config:
    changed = {SEARCH_KEYS[key]: value for key, value in search.items()}
    values = config.model_dump(mode="json")
    return make_config({**values, "training": {**values["training"], **changed}}, "search settings")
