"""A PyTorch model into an artefact and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from seesay.artefact import WEIGHTS, Artefact, Description, find_artefact, seal
from seesay.errors import ArtefactError
from seesay.media import FrameSampling
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS, ClassifierConfig
from seesay.models.decoders import DECODERS, DecoderConfig
from seesay.models.encoders import EncoderConfig
from seesay.models.sequences import encoder_settings
from seesay.text import Vocabulary


def describe(
    model: CaptionModel, decoder: DecoderConfig, name: str, clip: FrameSampling | None = None, **more: Any
) -> Description:
    """What an artefact of `model` says of itself.

    Args:
        model: encoder, decoder and vocabulary.
        decoder: the settings the decoder was built from.
        name: the model's name.
        clip: which frames it reads of a clip; None for pictures.
        more: `search`, `training`, `scores` and `card` of `Description`.
    """
    return Description(
        name=name,
        model={"encoder": model.encoder.config.model_dump(mode="json"), "decoder": decoder.model_dump(mode="json")},
        preprocessing=model.preprocessing.to_json(),
        vocabulary=model.vocabulary.to_json(),
        grid_size=model.encoder.grid_size if clip is None else (1, clip.frames),
        clip=None if clip is None else clip.to_json(),
        carried=tuple(model.decoder.carried),
        **more,
    )


def save_model(model: nn.Module, description: Description, folder: Path) -> Artefact:
    """Write weights (float32) and description into `folder`, which may hold other things, as a run's folder does.

    Returns:
        The artefact, without networks: `export_artefact` adds them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder / WEIGHTS, weights_of(model))
    return seal(folder, description)


def describe_classifier(
    model: ClassifyModel, classifier: ClassifierConfig, name: str, sampling: FrameSampling | None, **more: Any
) -> Description:
    """What an artefact of a recogniser says of itself.

    Args:
        model: encoder, classifier and labels.
        classifier: the settings the classifier was built from.
        name: the model's name.
        sampling: which frames of a clip it judges, and whether with flow; None for texts and sounds.
        more: `training`, `scores` and `card` of `Description`.
    """
    settings = classifier.model_dump(mode="json")
    words = model.vocabulary
    return Description(
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


def load_any_model(artefact: Artefact | Path | str) -> CaptionModel | ClassifyModel:
    """Build the PyTorch model of an artefact, ready for use (`eval`); weights kept as float16 or int8 become float32.

    Args:
        artefact: read already, or its folder, .zip or name.

    Raises:
        ArtefactError: damaged, or without the encoder's weights, as after static int8 quantisation.
    """
    if not isinstance(artefact, Artefact):
        artefact = find_artefact(artefact)
    described = artefact.description
    model: CaptionModel | ClassifyModel
    try:
        encoder = encoder_settings(str(described.model["encoder"]["name"]))(**described.model["encoder"])
        if described.task == "recognize":
            judge = CLASSIFIERS[described.model["classifier"]["name"]].config_class(**described.model["classifier"])
            words = Vocabulary.from_json(described.vocabulary) if described.vocabulary else None
            flow = FrameSampling.from_json(described.clip or {}).flow
            model = ClassifyModel.build(
                encoder, judge, described.labels, flow=flow, load_weights=False, vocabulary=words
            )
        else:
            if not isinstance(encoder, EncoderConfig):
                raise TypeError(f"{encoder.name} is no encoder of pictures")
            decoder = DECODERS[described.model["decoder"]["name"]].config_class(**described.model["decoder"])
            vocabulary = Vocabulary.from_json(dict(described.vocabulary))
            model = CaptionModel.build(encoder, decoder, vocabulary, load_weights=False)
        weights = restored(load_file(artefact.file(WEIGHTS)))
        missing = [name for name in weights_of(model) if name not in weights]
        if missing:
            calibrated = all(name.startswith("encoder.") for name in missing)
            raise ArtefactError(
                f"{artefact.source}: {WEIGHTS} lacks {missing[0]} and {len(missing) - 1} more: "
                + ("calibrated int8 has no others; " if calibrated else "made by an older SeeSay, or damaged; ")
                + ("use the artefact that it was exported from" if calibrated else "train it again")
            )
        model.load_state_dict({**model.state_dict(), **weights})
    except (KeyError, TypeError, ValidationError, RuntimeError, SafetensorError, OSError) as error:
        text = " ".join(str(error).split())[:200]
        raise ArtefactError(f"{artefact.source}: settings and weights do not fit ({text})") from error
    return model.eval()


def load_model(artefact: Artefact | Path | str) -> CaptionModel:
    """The captioner of an artefact: see `load_any_model`.

    Raises:
        ArtefactError: damaged, or a model that says no sentences.
    """
    model = load_any_model(artefact)
    if not isinstance(model, CaptionModel):
        named = artefact.source if isinstance(artefact, Artefact) else artefact
        raise ArtefactError(f"{named}: recognises activities and says no sentences; a captioner is needed here")
    return model


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """The model's floating-point weights by name; counters such as batch norm's are of no use to anyone."""
    return {name: value.detach().cpu() for name, value in model.state_dict().items() if value.is_floating_point()}


def write_weights(file: Path, weights: dict[str, Tensor]) -> None:
    """Write a safetensors file, whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    save_file({name: value.contiguous() for name, value in weights.items()}, part)
    part.chmod(0o644)
    part.replace(file)


def stored(weights: dict[str, Tensor], storage: str) -> dict[str, Tensor]:
    """Weights as they are kept: float32 as they are, float16, or int8 with a float32 scale a row in `NAME.scale`.

    Only matrices and kernels are made smaller. Vectors (biases, batch and layer norm) stay float32: they are one part
    in a hundred of the bytes, and most of the rounding error.

    Raises:
        ArtefactError: a weight is not finite, or too large for float16.
    """
    kept: dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.ndim < 2 or storage == "float32":
            kept[name] = value
        elif storage == "float16":
            kept[name] = value.half()
        else:
            scale = value.abs().amax(tuple(range(1, value.ndim)), keepdim=True).clamp(min=1e-12) / 127
            kept[f"{name}.scale"] = scale
            kept[name] = (value / scale).round().to(torch.int8)
        if not (torch.isfinite(value).all() and torch.isfinite(kept[name]).all()):
            raise ArtefactError(f"{name} holds values that are not finite, or past float16: use --quantize none")
    return kept


def restored(kept: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `stored` gave, as float32."""
    return {
        name: value.float() * kept[f"{name}.scale"] if f"{name}.scale" in kept else value.float()
        for name, value in kept.items()
        if not (name.endswith(".scale") and name.removesuffix(".scale") in kept)
    }
