"""Merge: the recurrent net (LSTM or GRU) reads words only, and meets the picture after it.

Tanti et al. 2018 (arXiv:1703.09137), section 3, architecture "merge"; the tutorial captioner over VGG16 is this net
with `combine: add`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import PAD, Decoder, State, register, repeat_per_row
from seesay.models.decoders.published import KerasConfig, norm_or_nothing
from seesay.models.decoders.recurrent import Cell, Recurrent
from seesay.models.dropout import Dropout
from seesay.models.keras import begin_as_keras, one_bias
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class MergingConfig(KerasConfig):
    """Settings of every net that reads words only and meets the picture after them."""

    cell: Cell = "lstm"
    embedding: Count = 256
    hidden: Count = 256
    """Width of the recurrent net, the picture's projection and the layer where they meet."""
    combine: Literal["add", "concat"] = "add"
    dropout: Share = 0.5
    state_dropout: bool = True
    """Dropout of the words' states too, before they meet the picture; the tutorials have it of words and picture."""


class MergeConfig(MergingConfig):
    """Settings of the `merge` decoder."""

    name: Literal["merge"] = "merge"
    layers: Count = 1


@register("merge")
class MergeDecoder(Decoder):
    """LSTM or GRU over words, picture added (or concatenated) to each of its states, one ReLU layer, softmax.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's pooled vector.
    """

    config_class: ClassVar[type[MergingConfig]] = MergeConfig
    directions = 1
    """How often H the words' states are wide."""

    def __init__(self, config: MergingConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        self.combine = config.combine
        # Not a `WordTable`: a net whose words do not carry the picture only overfits the sooner (docs/results.md).
        self.embedding = nn.Embedding(vocabulary_size, config.embedding, padding_idx=PAD)
        layers = config.layers if isinstance(config, MergeConfig) else 1
        self.recurrent = Recurrent(config.cell, config.embedding, config.hidden, layers, config.dropout)
        self.carried = self.recurrent.entries
        width = self.directions * config.hidden
        self.picture = nn.Sequential(
            Dropout(config.dropout), nn.Linear(feature_size, width), norm_or_nothing(width, config.norm), nn.ReLU()
        )
        meeting = width * (2 if config.combine == "concat" else 1)
        self.meet = nn.Sequential(nn.Linear(meeting, config.hidden), nn.ReLU())
        self.project = nn.Linear(config.hidden, vocabulary_size)
        self.dropout = Dropout(config.dropout)
        self.drop_states = Dropout(config.dropout if config.state_dropout else 0.0)
        if config.single_bias:
            one_bias(self.recurrent.net)
        if config.initial == "keras":
            begin_as_keras(self)

    def start(self, memory: Memory) -> State:
        """The picture's vector (B, H) and a zero recurrent state."""
        picture = self.picture(memory.pooled)
        return {"picture": picture, **self.recurrent.begin(picture)}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V), state."""
        out, after = self.recurrent.step(self._embed(tokens), state)
        logits = self.output(self._merge(out, repeat_per_row(state["picture"], tokens)))
        return logits, {**state, **after}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`."""
        real_tokens = (tokens != PAD).view(len(memory), -1).sum(1)
        return self._merge(self._read(tokens), self.picture(memory.pooled).repeat_interleave(real_tokens, 0))

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, V)."""
        logits: Tensor = self.project(hidden)
        return logits

    def _embed(self, tokens: Tensor) -> Tensor:
        words: Tensor = self.dropout(self.embedding(tokens))
        return words

    def _read(self, tokens: Tensor) -> Tensor:
        """The words' states after each real token, (M, H)."""
        return self.recurrent.read(self._embed(tokens), tokens)

    def _merge(self, states: Tensor, picture: Tensor) -> Tensor:
        states = self.drop_states(states)
        both = states + picture if self.combine == "add" else torch.cat([states, picture.expand_as(states)], -1)
        met: Tensor = self.meet(both)
        return met
