"""Which photos and captions make up each step: a pure function of seed, epoch and step, so that runs can resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from seesay.data import Sample
from seesay.models.decoders.base import PAD
from seesay.models.memory import Memory
from seesay.text import Vocabulary
from seesay.training.sections import TextSettings

T = TypeVar("T")


@dataclass
class Captions:
    """Teacher forcing for some captions.

    Attributes:
        inputs: what goes in, (R, T) int64, 0 is padding.
        targets: what should come out, of the same shape.
        words: (B, W) float, the words detected in their pictures; None for what the model itself detects, if anything.
        word_ids: (W,) int64, these words.
        unpaired: captions without pictures, with the words that were detected in none.
    """

    inputs: Tensor
    targets: Tensor
    words: Tensor | None = None
    word_ids: Tensor | None = None
    unpaired: tuple[Memory, Captions] | None = None

    def to(self, device: torch.device) -> Captions:
        """The same on another device."""
        words, ids = (None if part is None else part.to(device) for part in (self.words, self.word_ids))
        unpaired = None if self.unpaired is None else (self.unpaired[0].to(device), self.unpaired[1].to(device))
        return Captions(self.inputs.to(device), self.targets.to(device), words, ids, unpaired)


@dataclass
class Batch:
    """What a step reads.

    Attributes:
        source: encoded pictures, or uint8 pixels (B, H, W, 3) where the CNN learns.
        targets: what should come of them, as the task makes it; for captions K rows for each picture.
        taught: a Memory for each of distillation's teachers, where the CNN is fixed.
    """

    source: Memory | Tensor
    targets: Any
    taught: Sequence[Memory] = ()

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(self.source.to(device), self.targets.to(device), [memory.to(device) for memory in self.taught])


class CaptionTargets:
    """The training captions as ids, ready to be drawn from.

    Args:
        samples: the training samples.
        vocabulary: words to ids.
        settings: what of a caption is left out, and where it is cut.
    """

    def __init__(self, samples: Sequence[Sample], vocabulary: Vocabulary, settings: TextSettings) -> None:
        self.vocabulary = vocabulary
        self.ids = [[settings.learned.ids(text, vocabulary) for text in sample.references] for sample in samples]

    def draw(self, photos: Sequence[int], per_photo: int, seed: Sequence[int]) -> Captions:
        """`per_photo` captions of each photo, without repetition; a photo with fewer leaves empty rows.

        Args:
            photos: indexes of samples.
            per_photo: K; row i·K+k of the result is caption k of photo i.
            seed: what the choice depends on, beside the photo.
        """
        rows: list[list[int]] = []
        for photo in photos:
            known = [ids for ids in self.ids[photo] if ids]
            if len(known) > per_photo:
                chosen = np.random.default_rng([*seed, photo]).permutation(len(known))[:per_photo]
                known = [known[i] for i in chosen]
            rows += known + [[]] * (per_photo - len(known))
        return as_captions(rows, self.vocabulary)


def as_captions(rows: Sequence[Sequence[int]], vocabulary: Vocabulary) -> Captions:
    """Captions' ids as teacher forcing has them; an empty row is padding alone."""
    length = max(map(len, rows)) + 1
    inputs = torch.full((len(rows), length), PAD, dtype=torch.int64)
    targets = inputs.clone()
    for row, ids in enumerate(rows):
        if ids:
            inputs[row, : len(ids) + 1] = torch.tensor([vocabulary.start, *ids])
            targets[row, : len(ids) + 1] = torch.tensor([*ids, vocabulary.end])
    return Captions(inputs, targets)


def epoch_plan(count: int, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The photos of each step of an epoch, shuffled anew: a list of batches that together hold 0 … count-1 once."""
    order = np.random.default_rng([seed, epoch]).permutation(count).tolist()
    return [order[i : i + batch_size] for i in range(0, count, batch_size)]


def share(batch: list[int], rank: int, world: int) -> list[int]:
    """What one of `world` processes takes of a batch; never nothing (see `is_spare`)."""
    return batch[rank::world] or batch[:1]


def is_spare(batch: list[int], rank: int) -> bool:
    """Whether this process has no share of its own in the batch, and computes along with weight zero."""
    return rank >= len(batch)


def ahead(make: Callable[[int], T], indexes: Sequence[int], depth: int = 3) -> Iterator[T]:
    """`make(i)` for each index in order, computed up to `depth` ahead in a thread."""
    with ThreadPoolExecutor(1) as pool:
        waiting = [pool.submit(make, i) for i in indexes[:depth]]
        try:
            for i in range(len(indexes)):
                result = waiting.pop(0).result()
                if i + depth < len(indexes):
                    waiting.append(pool.submit(make, indexes[i + depth]))
                yield result
        finally:
            for future in waiting:
                future.cancel()
