"""Starting from another model's weights: a photo captioner for clips, a large set's model for a small set."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from seesay.errors import UsageError
from seesay.exporting.weights import load_any_model
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel

BEGIN_ANEW = ("detector.", "decoder.detected.")
"""What reads detected words is reinitialized, where the other model has none of it."""

log = logging.getLogger("seesay.training")


def start_from(model: CaptionModel | ClassifyModel, source: str | Path, *, encoder_only: bool = False) -> None:
    """Give `model` the weights of an artifact or a run's folder.

    What depends on the vocabulary (rows of the embedding and of the output) is taken word by word, and what depends on
    the classes class by class: those that the other model does not know stay as they are. All else must have the same
    shape. A recognizer that starts from a captioner, or the other way, takes its CNN alone.

    Args:
        model: changed in place.
        source: of the weights.
        encoder_only: take the CNN alone in any case.

    Raises:
        ArtifactError: `source` is no model.
        UsageError: the two models are of different make.
    """
    other = load_any_model(source)
    if isinstance(model, ClassifyModel) and isinstance(other, ClassifyModel) and other.vocabulary != model.vocabulary:
        raise UsageError(f"start_from={source}: its vocabulary is another; begin with a model of the same texts")
    theirs, ours = other.state_dict(), model.state_dict()
    names, other_names = _names(model), _names(other)
    mine, known = shared_names(names, other_names)
    sizes = (len(names),), (len(other_names),)
    alike = type(other) is type(model) and not encoder_only
    taken: dict[str, Tensor] = {}
    for name, own in ours.items():
        value = theirs.get(name)
        anew = value is None and name.startswith(BEGIN_ANEW)
        if anew or (not alike and not name.startswith("encoder.")):
            taken[name] = own
        elif value is not None and (own.shape[:1], value.shape[:1]) == sizes and own.shape[1:] == value.shape[1:]:
            taken[name] = own.clone()
            taken[name][mine] = value[known]
        elif value is not None and value.shape == own.shape:
            taken[name] = value
        else:
            raise UsageError(
                f"start_from={source}: its {name} does not fit ({_shape(value)} for {_shape(own)}); "
                "give encoder and decoder or classifier the settings that it was trained with"
            )
    model.load_state_dict(taken)
    if alike:
        kind = "words" if isinstance(model, CaptionModel) else "classes"
        log.info("weights of %s; it knows %d of %d %s", source, len(mine), len(names), kind)
    else:
        log.info("the CNN of %s", source)


def _names(model: CaptionModel | ClassifyModel) -> Sequence[str]:
    return model.vocabulary.tokens if isinstance(model, CaptionModel) else model.labels


def shared_names(mine: Sequence[str], others: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Places of the words or classes in both lists: in the first and in the second, (n,) int64 each."""
    theirs = {word: index for index, word in enumerate(others)}
    pairs = [(index, theirs[word]) for index, word in enumerate(mine) if word in theirs]
    both = torch.tensor(pairs, dtype=torch.int64).view(-1, 2)
    return both[:, 0], both[:, 1]


def _shape(value: Tensor | None) -> str:
    return "nothing" if value is None else "×".join(map(str, value.shape)) or "a number"
