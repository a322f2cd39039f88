"""Starting from another model's weights: a photo captioner for clips, a large set's model for a small set."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import Tensor

from seesay.errors import UsageError
from seesay.export.weights import load_model
from seesay.models.captioner import CaptionModel
from seesay.text import Vocabulary

log = logging.getLogger("seesay.training")


def start_from(model: CaptionModel, source: str | Path) -> None:
    """Give `model` the weights of an artefact or a run's folder.

    What depends on the vocabulary (rows of the embedding and of the output) is taken word by word: words that the other
    model does not know stay as they are. All else must have the same shape.

    Raises:
        ArtefactError: `source` is no model.
        UsageError: the two models are of different make.
    """
    other = load_model(source)
    theirs, ours = other.state_dict(), model.state_dict()
    mine, known = shared_words(model.vocabulary, other.vocabulary)
    sizes = (len(model.vocabulary),), (len(other.vocabulary),)
    taken: dict[str, Tensor] = {}
    for name, own in ours.items():
        value = theirs.get(name)
        if value is not None and (own.shape[:1], value.shape[:1]) == sizes and own.shape[1:] == value.shape[1:]:
            taken[name] = own.clone()
            taken[name][mine] = value[known]
        elif value is not None and value.shape == own.shape:
            taken[name] = value
        else:
            raise UsageError(
                f"start_from={source}: its {name} does not fit ({_shape(value)} for {_shape(own)}); "
                "give encoder and decoder the settings that it was trained with"
            )
    model.load_state_dict(taken)
    log.info("weights of %s; it knows %d of %d words", source, len(mine), len(model.vocabulary))


def shared_words(mine: Vocabulary, others: Vocabulary) -> tuple[Tensor, Tensor]:
    """Ids of the words in both vocabularies: in the first and in the second, (n,) int64 each."""
    theirs = {word: index for index, word in enumerate(others.tokens)}
    pairs = [(index, theirs[word]) for index, word in enumerate(mine.tokens) if word in theirs]
    both = torch.tensor(pairs, dtype=torch.int64).view(-1, 2)
    return both[:, 0], both[:, 1]


def _shape(value: Tensor | None) -> str:
    return "nothing" if value is None else "×".join(map(str, value.shape)) or "a number"
