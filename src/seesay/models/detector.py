"""Which words a caption of a picture would hold, told from the CNN's vector of it.

Two witnesses are heard for each word: the classes that the CNN was first trained on (ImageNet's), those that mean the
word or a kind of it; and a linear probe that learned the word from captions (after Fang et al. 2015, arXiv:1411.4952).
What they say is weighed word by word into one calibrated probability; `seesay.training.detection` fits it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from seesay.models.memory import Memory

FAINT = 1e-4
"""Class probabilities below it are nothing."""


class WordDetector(nn.Module):
    """Words of a vocabulary from a CNN's pooled vector.

    Args:
        dim: D.
        words: the W words.
        word_ids: (W,) int64, these words in the vocabulary.
        classes: C, classes of the CNN's own head; 0 for none.

    Attributes:
        classes: the CNN's own head, (D) → (C) logits.
        links: (C, W) float, 1 where a class means the word or a kind of it.
        probe: (D) → (W) logits.
        mix: (3, W): what is added, and by what the classes' and the probe's evidence are multiplied.
    """

    links: Tensor
    word_ids: Tensor
    mix: Tensor

    def __init__(self, dim: int, words: Sequence[str], word_ids: Sequence[int], classes: int) -> None:
        super().__init__()
        self.words = tuple(words)
        self.classes = nn.Linear(dim, classes) if classes else None
        self.probe = nn.Linear(dim, len(words))
        self.register_buffer("links", torch.zeros(classes, len(words)))
        self.register_buffer("mix", torch.zeros(3, len(words)))
        self.register_buffer("word_ids", torch.tensor(list(word_ids), dtype=torch.int64), persistent=False)
        self.requires_grad_(False)

    def forward(self, pooled: Tensor) -> Tensor:
        """(B, D) → probabilities (B, W)."""
        return weigh(self.mix, self.class_evidence(pooled), self.probe(pooled))

    def class_evidence(self, pooled: Tensor) -> Tensor:
        """(B, D) → (B, W): log of the summed probability of each word's classes, above `FAINT`; 0 is none."""
        if self.classes is None:
            return torch.zeros(pooled.shape[0], len(self.words), device=pooled.device)
        found: Tensor = self.classes(pooled).softmax(-1) @ self.links
        return (found + FAINT).log() - math.log(FAINT)

    def to_json(self) -> dict[str, Any]:
        """What it is built from."""
        return {"words": list(self.words), "classes": self.classes.out_features if self.classes else 0}

    def detect(self, memory: Memory) -> Memory:
        """The same memory with the words detected in it."""
        return replace(memory, words=self(memory.pooled), word_ids=self.word_ids)


def weigh(mix: Tensor, of_classes: Tensor, of_probe: Tensor) -> Tensor:
    """Evidence (B, W) of both witnesses → probabilities (B, W)."""
    return (mix[0] + mix[1] * of_classes + mix[2] * of_probe).sigmoid()
