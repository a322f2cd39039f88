"""A decoder's words begin with word vectors."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import torch

from seesay.errors import UsageError
from seesay.models.captioner import CaptionModel
from seesay.models.decoders.words import WordTable
from seesay.text.vectors import read_vectors, train_vectors, vector_table
from seesay.training.sections import VectorSettings

log = logging.getLogger("seesay.training")


def give_vectors(
    model: CaptionModel, captions: Iterable[Sequence[str]], settings: VectorSettings, seed: int
) -> dict[str, Any]:
    """Put word vectors into the decoder's embedding.

    Args:
        model: a fresh one.
        captions: the training captions' tokens, for vectors that are trained on them. A word that the vocabulary lacks
            counts as the unknown word, and each caption has its start and its end, so that these have vectors too.
        settings: where the vectors come from.
        seed: of the training, and of words without a vector.

    Returns:
        source, dimension, and the share of the vocabulary's words that have a vector, for the model's description.

    Raises:
        UsageError: a file without any of the words, of another dimension than the decoder's, or vectors that are to
            stay fixed in a decoder whose output layer they are too.
    """
    decoder, words = model.decoder, model.vocabulary
    embedding = _table(model)
    width = embedding.embedding_dim
    if settings.source in ("cbow", "skipgram"):
        sentences = [
            [words.tokens[i] for i in (words.start, *words.encode(caption), words.end)] for caption in captions
        ]
        kind = cast(Literal["cbow", "skipgram"], settings.source)
        found = train_vectors(sentences, width, kind, seed)
    else:
        found = read_vectors(Path(settings.source), words.tokens)
        if found.bad_lines:
            log.warning(
                "%s: %d lines are passed over, the first is %s", settings.source, found.bad_lines, found.first_bad
            )
        if found.dimension != width:
            setting = "decoder.embedding" if "embedding" in decoder.config_class.model_fields else "decoder.hidden"
            raise UsageError(
                f"vectors.source: {settings.source} has {found.dimension} numbers a word, the decoder takes "
                f"{width}: set {setting}={found.dimension}"
            )
    table, covered = vector_table(found, words.tokens, seed)
    values = torch.from_numpy(table)
    if decoder.tied:
        # The table is the output layer too, whose logits depend on its scale.
        values *= embedding.weight.detach().std() / values.std()
    elif isinstance(embedding, WordTable):
        values /= embedding.scale  # by which it is read
    with torch.no_grad():
        embedding.weight.copy_(values)
    log.info(
        "word vectors (%s, %d numbers): %.1f %% of the %d words have one",
        settings.source,
        found.dimension,
        100 * covered,
        len(words) - 4,
    )
    return {"source": settings.source, "dimension": found.dimension, "covered": round(covered, 4)}


def check_vectors(model: CaptionModel, settings: VectorSettings) -> None:
    """Refuse what cannot be; fix the embedding where it is not to be tuned.

    Raises:
        UsageError: the decoder has no embedding of its own, or its output layer is tied to the one that is to be fixed.
    """
    if settings.source == "learned":
        return
    embedding = _table(model)
    if not settings.tune and model.decoder.tied:
        raise UsageError(
            f"vectors.tune=false: the output layer of {type(model.decoder).__name__} is its table of words, which must "
            "learn; set vectors.tune=true, or take another decoder"
        )
    embedding.weight.requires_grad_(settings.tune)


def _table(model: CaptionModel) -> torch.nn.Embedding:
    table = getattr(model.decoder, "embedding", None)
    if not isinstance(table, torch.nn.Embedding):
        name = type(model.decoder).__name__
        raise UsageError(f"vectors.source: {name} has no table of words to put vectors into; leave it at learned")
    return table
