"""Scores on dev by real decoding, and the loss of the references under teacher forcing beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from lightning.fabric import Fabric

from seesay.data import Sample
from seesay.metrics import score
from seesay.models.captioner import CaptionModel
from seesay.progress import ProgressCallback, silent
from seesay.search import SearchOptions
from seesay.training.batches import CaptionTargets
from seesay.training.config import Config
from seesay.training.features import FeatureStore
from seesay.training.inputs import input_source
from seesay.training.objectives import CrossEntropy

BATCH = 50


@dataclass(frozen=True)
class Decoded:
    """What a model says of a split, and how likely it holds what people said.

    Attributes:
        captions: sample id to the caption found by beam search.
        loss: cross-entropy of the references in nats per token; its exponential is the perplexity.
    """

    captions: dict[str, str]
    loss: float


def decode(
    model: CaptionModel,
    samples: Sequence[Sample],
    config: Config,
    fabric: Fabric,
    features: FeatureStore | None,
    on_progress: ProgressCallback = silent,
) -> Decoded:
    """Caption `samples` by beam search, and read all of their references under teacher forcing.

    The loss is the mean of -ln p over the references' tokens, the end of each counted: no label smoothing, dropout off.
    Words outside of the vocabulary count as the unknown word, so that losses of two vocabularies cannot be compared;
    references are cut at `text.max_length`, as in training.

    Args:
        model: holds the weights to be judged.
        samples: with references; spread over the processes.
        config: beam and length normalization.
        fabric: device, precision and processes.
        features: cached encodings, or None to encode the pictures anew (the CNN is learning).
        on_progress: called with pictures done and pictures to do, of this process.
    """
    mine = samples[fabric.global_rank :: fabric.world_size]
    words = model.vocabulary
    # Clips that are encoded anew count by their frames.
    size = BATCH if features is not None or config.clip is None else max(1, BATCH // config.clip.frames)
    options = SearchOptions(**config.training.search, forbidden=(words.pad, words.start, words.unk))
    book, likelihood = CaptionTargets(mine, words, config.text), CrossEntropy(model, 0.0)
    captions: dict[str, str] = {}
    loss, tokens = 0.0, 0
    model.eval()
    with torch.no_grad(), fabric.autocast():
        for first in range(0, len(mine), size):
            batch = mine[first : first + size]
            if features is None:
                memory = model.encode(input_source(config).pixels(batch, model.preprocessing, None).to(fabric.device))
            else:
                memory = model.with_words(features.memory(batch).to(fabric.device))
            most = max(len(sample.references) for sample in batch)
            references = book.draw(range(first, first + len(batch)), most, (0,)).to(fabric.device)
            loss += float(likelihood(memory, references))
            tokens += int((references.targets != words.pad).sum())
            for sample, hypotheses in zip(batch, model.caption(memory, options), strict=True):
                captions[sample.id] = " ".join(words.decode(hypotheses[0].tokens))
            on_progress(len(captions), len(mine))
    model.train()
    if fabric.world_size > 1:
        parts: list[tuple[dict[str, str], float, int]] = [({}, 0.0, 0)] * fabric.world_size
        torch.distributed.all_gather_object(parts, (captions, loss, tokens))
        captions = {i: text for part in parts for i, text in part[0].items()}
        loss, tokens = sum(part[1] for part in parts), sum(part[2] for part in parts)
    return Decoded({s.id: captions[s.id] for s in samples}, loss / max(1, tokens))


def validate(
    model: CaptionModel,
    samples: Sequence[Sample],
    config: Config,
    fabric: Fabric,
    features: FeatureStore | None,
    on_progress: ProgressCallback = silent,
) -> dict[str, float]:
    """`decode`, scored: Bleu_4, ROUGE_L, CIDEr-D, the share of distinct captions, and the references' loss."""
    found = decode(model, samples, config, fabric, features, on_progress)
    scores = score(found.captions, {s.id: s.references for s in samples}).corpus
    distinct = len(set(found.captions.values())) / len(found.captions)
    # Six digits: where no four words match, BLEU is made of its smoothing's constants alone.
    chosen = {name: round(scores[name], 6) for name in ("Bleu_4", "ROUGE_L", "CIDEr-D")}
    return {**chosen, "distinct": distinct, "loss": found.loss}
