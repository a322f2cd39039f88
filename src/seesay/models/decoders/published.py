"""What these nets have that their papers lack, and the reverse: settings, so that a recipe can be the published system.

Defaults are ours. Recipes that carry a paper's name turn off what the paper does not have; `docs/systems.md` says what
each difference is worth.
"""

from __future__ import annotations

from typing import Literal

from torch import nn

from seesay.models.decoders.base import PAD, DecoderConfig
from seesay.models.decoders.words import WordTable


class NormConfig(DecoderConfig):
    """Of every decoder here."""

    norm: bool = True
    """Layer normalization of the picture's vectors, and of the state before the output layer (merge and blstm have none
    there). Captioners of 2014 to 2018 have none at all."""


class KerasConfig(NormConfig):
    """Of decoders that run `nn.LSTM` and `nn.GRU`."""

    single_bias: bool = False
    """One bias for each gate of an LSTM, as Keras and TensorFlow have it; PyTorch has two, whose sum counts."""
    initial: Literal["pytorch", "keras"] = "pytorch"
    """Weights to begin with: PyTorch's own, or Keras': Glorot uniform, orthogonal recurrent matrices, zero biases,
    words uniform in ±0.05."""


class ScaledWordsConfig(NormConfig):
    """Of decoders whose words are a `WordTable`."""

    scaled_words: bool = True
    """Words begun at a spread of 1/√E and read times √E (`WordTable`); false: a plain table."""


class PlainConfig(KerasConfig, ScaledWordsConfig):
    """All of them."""


def word_table(words: int, width: int, *, scaled: bool) -> nn.Embedding:
    """The table of a decoder's words: V rows of E, the padding's zero."""
    return WordTable(words, width) if scaled else nn.Embedding(words, width, padding_idx=PAD)


def norm_or_nothing(width: int, norm: bool) -> nn.Module:
    """Layer normalization over the last axis, or nothing."""
    return nn.LayerNorm(width) if norm else nn.Identity()
