"""What an encoder hands to a decoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Memory:
    """A batch of encoded pictures or clips.

    Attributes:
        grid: (B, N, D) float: N positions of a picture's feature map, row by row, or N frames.
        pooled: (B, D) float: one vector for the whole picture.
        mask: (B, N) bool, True where a position is real; None when all are.
        words: (B, W) float, how likely a caption names each of the detector's words; None where nothing detects any.
        word_ids: (W,) int64, these words in the vocabulary.
    """

    grid: Tensor
    pooled: Tensor
    mask: Tensor | None = None
    words: Tensor | None = None
    word_ids: Tensor | None = None

    def __len__(self) -> int:
        """Pictures in the batch. In `Decoder.start` ask `pooled.shape[0]`: `len` is a constant in an exported graph."""
        return self.pooled.shape[0]

    def to(self, device: torch.device) -> Memory:
        """The same on another device."""
        parts = (self.mask, self.words, self.word_ids)
        return Memory(
            self.grid.to(device), self.pooled.to(device), *(None if part is None else part.to(device) for part in parts)
        )
