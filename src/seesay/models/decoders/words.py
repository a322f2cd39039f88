"""How words enter a decoder, and what stands before the layer they leave by."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import PAD
from seesay.models.dropout import Dropout


class WordTable(nn.Embedding):
    """Vectors of words, begun at a standard deviation of 1/√E and read times √E (Vaswani et al. 2017, section 3.4).

    Adam's steps are as large as its rate, whatever a value's scale: in a table that is read as it is, and so must begin
    at a standard deviation near 1, words hardly move.

    Args:
        words: V.
        width: E.

    Attributes:
        scale: √E.
    """

    def __init__(self, words: int, width: int) -> None:
        super().__init__(words, width, padding_idx=PAD)
        self.scale = math.sqrt(width)
        with torch.no_grad():
            self.weight /= self.scale

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (…) int64 → (…, E)."""
        return super().forward(tokens) * self.scale


def before_output(width: int, dropout: float, norm: bool = True) -> nn.Sequential:
    """What a recurrent state (…, H) meets before the output layer: layer normalization (Ba et al. 2016), dropout.

    The papers of these decoders have no normalization there; `norm=False` leaves it out. An LSTM's state is small (0.1
    and less when it begins to learn), and an output layer that reads it learns slowly for as long.
    """
    return nn.Sequential(nn.LayerNorm(width) if norm else nn.Identity(), Dropout(dropout))
