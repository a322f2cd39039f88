"""What a run trains: the model and the task that its settings ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightning.fabric import Fabric

from seesay.artifact import find_artifact
from seesay.data import Dataset, Sample
from seesay.data.sample import source_of
from seesay.errors import MediaError, UsageError
from seesay.files import write_json
from seesay.media import read_words
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.models.encoders import EncoderConfig
from seesay.models.sequences import TextCnnConfig
from seesay.text import Vocabulary
from seesay.training.config import Config
from seesay.training.detected import prepare_detected
from seesay.training.distillation import load_teachers
from seesay.training.features import FeatureStore
from seesay.training.loop import LAST
from seesay.training.recognition import RecognitionTask, labels_of
from seesay.training.tasks import CaptionTask, Task
from seesay.training.transfer import start_from
from seesay.training.unpaired import Unpaired
from seesay.training.vectors import check_vectors, give_vectors

Model = CaptionModel | ClassifyModel


@dataclass(frozen=True)
class RunParts:
    """What `build` gives.

    Attributes:
        model: with the weights that it begins with.
        task: makes the task of these training samples; of their encoded pictures, while the CNN is fixed.
        vectors: what is to be told of the words' vectors.
    """

    model: Model
    task: Callable[[Sequence[Sample], FeatureStore | None], Task]
    vectors: dict[str, Any] = field(default_factory=dict)


def build(config: Config, dataset: Dataset, out: Path, fabric: Fabric) -> RunParts:
    """The model and task of a run.

    Args:
        config: the run's settings.
        dataset: vocabulary or classes are those of its training samples.
        out: the run's folder; a checkpoint in it makes weights to begin with needless.
        fabric: processes.

    Raises:
        UsageError: settings that do not fit.
        DataError: recognition, and the data has no labels, or labels on dev that no training clip has.
        MissingPartError: the weights that the model begins with are neither installed nor reachable.
    """
    begins_with = None if (out / LAST).exists() else config.training.start_from
    if config.classifier is not None:
        return _recognizer(config, dataset, begins_with)
    return _captioner(config, dataset, begins_with, out, fabric)


def _recognizer(config: Config, dataset: Dataset, begins_with: str | None) -> RunParts:
    assert config.classifier is not None
    labels = labels_of(dataset.split("train"))
    words = _words_of(config.encoder, dataset.split("train")) if isinstance(config.encoder, TextCnnConfig) else None
    flow = config.clip is not None and config.clip.flow
    model = ClassifyModel.build(
        config.encoder, config.classifier, labels, flow=flow, load_weights=begins_with is None, vocabulary=words
    )
    RecognitionTask(config, model, dataset.split("dev"))  # labels that cannot be judged are found before the work
    if begins_with is not None:
        start_from(model, begins_with, encoder_only=config.training.start_with == "encoder")
    return RunParts(model, lambda samples, features: RecognitionTask(config, model, samples))


def _words_of(encoder: TextCnnConfig, samples: Sequence[Sample]) -> Vocabulary:
    """The vocabulary of the texts that can be read; those that cannot are found and told later."""
    texts = []
    for sample in samples:
        with suppress(MediaError):
            texts.append(read_words(source_of(sample)))
    return Vocabulary.build(texts, encoder.min_count)


def _captioner(config: Config, dataset: Dataset, begins_with: str | None, out: Path, fabric: Fabric) -> RunParts:
    assert isinstance(config.encoder, EncoderConfig), "the settings see to it"
    if config.clip and config.clip.positions:
        raise UsageError("clip.positions=true keeps every place of every frame; captioners read a vector of each frame")
    if len(dataset.split("dev")) < 2:
        raise UsageError(
            f"{dataset.root}: dev has one {dataset.modality}; two or more are needed to score captions: add some, or "
            "draw more with dev=0.2 after the path"
        )
    captions = [config.text.learned.words(text) for sample in dataset.split("train") for text in sample.references]
    unpaired = Unpaired(config.text.unpaired) if config.text.unpaired else None
    every = [*captions, *(tokens for part in unpaired.tokens for tokens in part)] if unpaired else captions
    vocabulary = Vocabulary.build(every, config.text.min_count)
    origin = config.training.start_from if config.training.start_with == "all" else None
    ancestor = None if origin is None else find_artifact(origin).manifest
    if ancestor is not None and config.text.keep:
        vocabulary = Vocabulary.from_json(dict(ancestor.vocabulary)).extended(vocabulary.tokens)
    model = CaptionModel.build(config.encoder, config.decoder, vocabulary, load_weights=begins_with is None)
    vectors = _vectors(model, captions, config, out, fabric)
    if ancestor is not None and not config.detector.words and config.reads_words:
        known = dict(ancestor.model.get("detector") or {})
        lacking = [word for word in known.get("words", ()) if word not in vocabulary]
        if lacking:
            raise UsageError(
                f"start_from={origin}: detects words that this vocabulary lacks ({', '.join(lacking[:3])}, …); "
                "add text.keep=true, or detector.words=1000 for a detector of your own"
            )
        if known:
            model.add_detector(known["words"], int(known["classes"]))
    if begins_with is not None:
        start_from(model, begins_with, encoder_only=config.training.start_with == "encoder")
    finetune = config.finetune.from_epoch is not None
    teachers = (
        load_teachers(config.distillation.teachers, model, finetune=finetune) if config.distillation.teachers else None
    )

    def task(samples: Sequence[Sample], features: FeatureStore | None) -> CaptionTask:
        return CaptionTask(
            config, model, samples, teachers, prepare_detected(config, model, samples, features, unpaired)
        )

    return RunParts(model, task, vectors)


def _vectors(
    model: CaptionModel, captions: Sequence[Sequence[str]], config: Config, out: Path, fabric: Fabric
) -> dict[str, Any]:
    """Give the decoder its word vectors; a run that goes on has them in its checkpoint."""
    check_vectors(model, config.vectors)
    if config.vectors.source == "learned":
        return {}
    record = out / "vectors.json"
    if (out / LAST).is_file():
        found: dict[str, Any] = json.loads(record.read_text("utf-8"))
        return found
    found = give_vectors(model, captions, config.vectors, config.training.seed)
    if fabric.is_global_zero:
        write_json(record, found)
    return found
