"""Scores on dev by real decoding, never under teacher forcing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from lightning.fabric import Fabric

from seesay.data import Sample
from seesay.metrics import score
from seesay.models.captioner import CaptionModel
from seesay.search import SearchOptions
from seesay.training.config import Config
from seesay.training.features import Features, load_pixels

BATCH = 50


def validate(
    model: CaptionModel,
    samples: Sequence[Sample],
    config: Config,
    fabric: Fabric,
    features: Features | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Caption `samples` by beam search and score them: Bleu_4, ROUGE_L, CIDEr-D, and the share of distinct captions.

    Args:
        model: holds the weights to be judged.
        samples: with references; spread over the processes.
        config: beam and length normalisation.
        fabric: device, precision and processes.
        features: cached encodings, or None to encode the pictures anew (the CNN is learning).
        on_progress: called with pictures done and pictures to do, of this process.
    """
    mine = samples[fabric.global_rank :: fabric.world_size]
    words = model.vocabulary
    options = SearchOptions(
        beam=config.training.beam,
        length_power=config.training.length_power,
        no_repeat_ngram=config.training.no_repeat_ngram,
        forbidden=(words.pad, words.start, words.unk),
    )
    captions: dict[str, str] = {}
    model.eval()
    with torch.no_grad(), fabric.autocast():
        for first in range(0, len(mine), BATCH):
            batch = mine[first : first + BATCH]
            if features is None:
                memory = model.encode(load_pixels(batch, model.preprocessing, None).to(fabric.device))
            else:
                memory = features.memory(batch).to(fabric.device)
            for sample, hypotheses in zip(batch, model.caption(memory, options), strict=True):
                captions[sample.id] = " ".join(words.decode(hypotheses[0].tokens))
            if on_progress:
                on_progress(len(captions), len(mine))
    model.train()
    if fabric.world_size > 1:
        parts: list[dict[str, str]] = [{}] * fabric.world_size
        torch.distributed.all_gather_object(parts, captions)
        captions = {i: text for part in parts for i, text in part.items()}
    scores = score({s.id: captions[s.id] for s in samples}, {s.id: s.references for s in samples}).corpus
    distinct = len(set(captions.values())) / len(captions)
    return {**{name: scores[name] for name in ("Bleu_4", "ROUGE_L", "CIDEr-D")}, "distinct": distinct}
