"""A PyTorch model into an artifact and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from seesay.artifact import WEIGHTS, Artifact, Manifest, find_artifact, write_manifest
from seesay.artifact.older import current_weight
from seesay.errors import ArtifactError
from seesay.files import replacing
from seesay.media import FrameSampling
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS, ClassifierConfig
from seesay.models.decoders import DECODERS, DecoderConfig
from seesay.models.encoders import EncoderConfig
from seesay.models.sequences import encoder_settings
from seesay.text import Vocabulary

_ROWS = 8
"""Matrices of fewer rows are kept as vectors are."""


def describe(
    model: CaptionModel, decoder: DecoderConfig, name: str, clip: FrameSampling | None = None, **more: Any
) -> Manifest:
    """What an artifact of `model` says of itself.

    Args:
        model: encoder, decoder and vocabulary.
        decoder: the settings the decoder was built from.
        name: the model's name.
        clip: which frames it reads of a clip; None for pictures.
        more: `search`, `training`, `scores` and `card` of `Manifest`.
    """
    return Manifest(
        name=name,
        model={
            "encoder": model.encoder.config.model_dump(mode="json"),
            "decoder": decoder.model_dump(mode="json"),
            **({"detector": model.detector.to_json()} if model.detector else {}),
        },
        preprocessing=model.preprocessing.to_json(),
        vocabulary=model.vocabulary.to_json(),
        grid_size=model.encoder.grid_size if clip is None else (1, clip.frames),
        clip=None if clip is None else clip.to_json(),
        carried=tuple(model.decoder.carried),
        **more,
    )


def save_model(model: nn.Module, manifest: Manifest, folder: Path) -> Artifact:
    """Write weights (float32) and manifest into `folder`, which may hold other things, as a run's folder does.

    Returns:
        The artifact, without networks: `export_artifact` adds them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder / WEIGHTS, weights_of(model))
    return write_manifest(folder, manifest)


def describe_classifier(
    model: ClassifyModel, classifier: ClassifierConfig, name: str, sampling: FrameSampling | None, **more: Any
) -> Manifest:
    """What an artifact of a recognizer says of itself.

    Args:
        model: encoder, classifier and labels.
        classifier: the settings the classifier was built from.
        name: the model's name.
        sampling: which frames of a clip it judges, and whether with flow; None for texts and sounds.
        more: `training`, `scores` and `card` of `Manifest`.
    """
    settings = classifier.model_dump(mode="json")
    words = model.vocabulary
    return Manifest(
        name=name,
        task="recognize",
        model={"encoder": model.encoder.config.model_dump(mode="json"), "classifier": settings},
        preprocessing=model.preprocessing.to_json(),
        vocabulary=words.to_json() if words else {},
        grid_size=model.encoder.grid_size,
        carried=tuple(model.classifier.carried),
        clip=sampling.to_json() if sampling else None,
        labels=model.labels,
        **more,
    )


def load_any_model(artifact: Artifact | Path | str) -> CaptionModel | ClassifyModel:
    """Build the PyTorch model of an artifact, ready for use (`eval`); weights kept as float16 or int8 become float32.

    Args:
        artifact: read already, or its folder, .zip or name.

    Raises:
        ArtifactError: damaged, or without the encoder's weights, as after static int8 quantization.
    """
    if not isinstance(artifact, Artifact):
        artifact = find_artifact(artifact)
    described = artifact.manifest
    model: CaptionModel | ClassifyModel
    try:
        encoder = encoder_settings(str(described.model["encoder"]["name"]))(**described.model["encoder"])
        if described.task == "recognize":
            classifier = CLASSIFIERS[described.model["classifier"]["name"]].config_class(
                **described.model["classifier"]
            )
            words = Vocabulary.from_json(described.vocabulary) if described.vocabulary else None
            flow = FrameSampling.from_json(described.clip or {}).flow
            model = ClassifyModel.build(
                encoder, classifier, described.labels, flow=flow, load_weights=False, vocabulary=words
            )
        else:
            if not isinstance(encoder, EncoderConfig):
                raise TypeError(f"{encoder.name} is no encoder of pictures")
            decoder = DECODERS[described.model["decoder"]["name"]].config_class(**described.model["decoder"])
            vocabulary = Vocabulary.from_json(dict(described.vocabulary))
            model = CaptionModel.build(encoder, decoder, vocabulary, load_weights=False)
            if detector := described.model.get("detector"):
                model.add_detector([str(word) for word in detector["words"]], int(detector["classes"]))
        kept = {current_weight(name): value for name, value in load_file(artifact.file(WEIGHTS)).items()}
        weights = dequantized(kept)
        missing = [name for name in weights_of(model) if name not in weights]
        if missing:
            calibrated = all(name.startswith("encoder.") for name in missing)
            raise ArtifactError(
                f"{artifact.source}: {WEIGHTS} lacks {missing[0]} and {len(missing) - 1} more: "
                + ("calibrated int8 has no others; " if calibrated else "made by an older SeeSay, or damaged; ")
                + ("use the artifact that it was exported from" if calibrated else "train it again")
            )
        model.load_state_dict({**model.state_dict(), **weights})
    except (KeyError, TypeError, ValidationError, RuntimeError, SafetensorError, OSError) as error:
        text = " ".join(str(error).split())[:200]
        raise ArtifactError(f"{artifact.source}: settings and weights do not fit ({text})") from error
    return model.eval()


def load_model(artifact: Artifact | Path | str) -> CaptionModel:
    """The captioner of an artifact: see `load_any_model`.

    Raises:
        ArtifactError: damaged, or a model that says no sentences.
    """
    model = load_any_model(artifact)
    if not isinstance(model, CaptionModel):
        named = artifact.source if isinstance(artifact, Artifact) else artifact
        raise ArtifactError(f"{named}: recognizes activities and says no sentences; a captioner is needed here")
    return model


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """The model's floating-point weights by name; counters such as batch norm's are of no use to anyone."""
    return {name: value.detach().cpu() for name, value in model.state_dict().items() if value.is_floating_point()}


def write_weights(file: Path, weights: dict[str, Tensor]) -> None:
    """Write a safetensors file, whole or not at all."""
    with replacing(file) as part:
        save_file({name: value.contiguous() for name, value in weights.items()}, part)
        part.chmod(0o644)


def quantized(weights: dict[str, Tensor], storage: str) -> dict[str, Tensor]:
    """Weights as they are kept: float32 as they are, float16, or int8 with a float32 scale a row in `NAME.scale`.

    Only matrices and kernels are made smaller. Vectors (biases, batch and layer norm), and matrices of a few rows, stay
    float32: they are one part in a hundred of the bytes, and most of the rounding error.

    Raises:
        ArtifactError: a weight is not finite, or too large for float16.
    """
    kept: dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.ndim < 2 or len(value) < _ROWS or storage == "float32":
            kept[name] = value
        elif storage == "float16":
            kept[name] = value.half()
        else:
            scale = value.abs().amax(tuple(range(1, value.ndim)), keepdim=True).clamp(min=1e-12) / 127
            kept[f"{name}.scale"] = scale
            kept[name] = (value / scale).round().to(torch.int8)
        if not (torch.isfinite(value).all() and torch.isfinite(kept[name]).all()):
            raise ArtifactError(f"{name} holds values that are not finite, or past float16: use --quantize none")
    return kept


def dequantized(kept: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `quantized` gave, as float32."""
    return {
        name: value.float() * kept[f"{name}.scale"] if f"{name}.scale" in kept else value.float()
        for name, value in kept.items()
        if not (name.endswith(".scale") and name.removesuffix(".scale") in kept)
    }
