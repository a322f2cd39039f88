"""LRCN for image description (Donahue et al. 2015, arXiv:1411.4389, section 5), two layers, factored ("LRCN_2f").

The first recurrent net reads words only; the second reads the first's output with the picture beside it, at every step.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import PAD, State, register, repeat_per_row, scatter_real
from seesay.models.decoders.published import PlainConfig, norm_or_nothing, word_table
from seesay.models.decoders.recurrent import Cell
from seesay.models.decoders.two_nets import TwoNets
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class LrcnConfig(PlainConfig):
    """Settings of the `lrcn` decoder."""

    name: Literal["lrcn"] = "lrcn"
    cell: Cell = "lstm"
    embedding: Count = 512
    """Width of words and of the picture."""
    hidden: Count = 512
    """Width of both recurrent nets (the paper: 1000)."""
    dropout: Share = 0.5
    picture_layer: bool = True
    """A linear layer that brings the picture to the words' width; false: the second net reads the CNN's vector as it
    is, as the authors' does."""


@register("lrcn")
class LrcnDecoder(TwoNets):
    """Two LSTMs (or GRUs), the picture given to the second.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's pooled vector.
    """

    config_class = LrcnConfig

    def __init__(self, config: LrcnConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        width = config.embedding
        self.embedding = word_table(vocabulary_size, width, scaled=config.scaled_words)
        beside = width if config.picture_layer else feature_size
        self.picture: nn.Module = nn.Identity()
        if config.picture_layer:
            self.picture = nn.Sequential(
                Dropout(config.dropout), nn.Linear(feature_size, width), norm_or_nothing(width, config.norm)
            )
        self.add_nets(config, vocabulary_size, beside)

    def start(self, memory: Memory) -> State:
        """The picture's vector (B, E) and both nets' zero states."""
        picture = self.picture(memory.pooled)
        return {"picture": picture, **self.first.begin(picture), **self.second.begin(picture)}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V), state."""
        words, first = self.first.step(self.dropout(self.embedding(tokens)), state)
        both = torch.cat([self.dropout(words), self.dropout(repeat_per_row(state["picture"], tokens))], -1)
        out, second = self.second.step(both, state)
        return self.output(self.finish(out)), {**state, **first, **second}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`: one call of each net."""
        words = self.first.read(self.dropout(self.embedding(tokens)), tokens)
        picture = self.dropout(repeat_per_row(self.picture(memory.pooled), tokens))[:, None].expand(
            -1, tokens.shape[1], -1
        )
        both = torch.cat([scatter_real(self.dropout(words), tokens != PAD), picture], -1)
        states: Tensor = self.finish(self.second.read(both, tokens))
        return states
