"""What these nets have that their papers lack, and the reverse: settings, so that a recipe can be the published system.

Defaults are ours. Recipes that carry a paper's name turn off what the paper does not have; `docs/systems.md` says what
each difference is worth.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

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


def one_bias(net: nn.Module) -> None:
    """Leave an LSTM one bias for each gate: the second becomes a constant zero, and no weight of the net any more."""
    if not isinstance(net, nn.LSTM):
        return
    for name in [name for name, _ in net.named_parameters() if name.startswith("bias_hh")]:
        zeros = torch.zeros_like(getattr(net, name)).detach()
        delattr(net, name)
        net.register_buffer(name, zeros, persistent=False)
    net._flat_weights = [getattr(net, name) for name in net._flat_weights_names]


@torch.no_grad()
def begin_as_keras(module: nn.Module) -> None:
    """Draw all weights anew as Keras draws them; an LSTM's forget gate begins at a bias of 1 there too."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                part.bias.zero_()
        elif isinstance(part, nn.Embedding):
            part.weight.uniform_(-0.05, 0.05)
            part.weight[PAD] = 0
        elif isinstance(part, (nn.LSTM, nn.GRU)):
            _recurrent_as_keras(part)


def _recurrent_as_keras(net: nn.LSTM | nn.GRU) -> None:
    gates = 4 if isinstance(net, nn.LSTM) else 3
    for name, weight in net.named_parameters():
        if name.startswith("weight_ih"):
            _glorot(weight)
        elif name.startswith("weight_hh"):
            # One orthogonal matrix for all gates together, as Keras draws (H, G·H).
            weight.copy_(nn.init.orthogonal_(torch.empty(net.hidden_size, gates * net.hidden_size)).T)
        else:
            weight.zero_()
            if gates == 4 and name.startswith("bias_ih"):
                weight[net.hidden_size : 2 * net.hidden_size] = 1


def _glorot(weight: Tensor) -> None:
    """Uniform within √(6 / (inputs + outputs)), the gates counted as outputs together, as Keras counts them."""
    outputs, inputs = weight.shape
    bound = (6 / (inputs + outputs)) ** 0.5
    weight.uniform_(-bound, bound)
