"""Bidirectional prefix encoder: each finished prefix is read in both directions, and meets the picture after it.

A bidirectional net over a whole caption (Wang et al. 2016, arXiv:1604.00790) would see, under teacher forcing, the word
that it is to predict. Here the net reads a prefix alone: forwards, which all prefixes of a caption share, and
backwards, anew for each. The two last states meet the picture as in `merge` (Tanti et al. 2018, arXiv:1703.09137).
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from seesay.models.decoders.base import PAD, State, register, repeat_per_row
from seesay.models.decoders.merge import MergeDecoder, MergingConfig
from seesay.models.decoders.recurrent import LastState
from seesay.models.keras import begin_as_keras, one_bias
from seesay.models.memory import Memory
from seesay.models.settings import Count


class BlstmConfig(MergingConfig):
    """Settings of the `blstm` decoder."""

    name: Literal["blstm"] = "blstm"
    hidden: Count = 256
    """Width of each direction and of the layer where they meet the picture."""
    window: int = Field(32, ge=1)
    """How many words the backward direction reads back at most, the start among them."""


@register("blstm")
class BlstmDecoder(MergeDecoder):
    """Bidirectional LSTM or GRU over the prefix, picture added (or concatenated) to both last states.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's pooled vector.
    """

    config_class = BlstmConfig
    directions = 2

    def __init__(self, config: BlstmConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__(config, vocabulary_size, feature_size)
        self.window = config.window
        self.backward_net = LastState(config.cell, config.embedding, config.hidden)
        if config.single_bias:
            one_bias(self.backward_net.net)
        if config.initial == "keras":
            begin_as_keras(self.backward_net)
        self.carried = (*self.recurrent.entries, "prefix")

    def start(self, memory: Memory) -> State:
        """The picture's vector (B, 2·H), a zero forward state, an empty prefix (B, window) int64, newest first."""
        state = super().start(memory)
        return {**state, "prefix": torch.zeros_like(state["picture"][:, :1]).long().repeat(1, self.window)}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V), state: one word forwards, and the whole prefix backwards."""
        prefix = torch.cat([tokens[:, None], state["prefix"][:, :-1]], 1)
        out, after = self.recurrent.step(self._embed(tokens), state)
        both = torch.cat([out, self.backward_net(prefix, self._embed)], -1)
        logits = self.output(self._merge(both, repeat_per_row(state["picture"], tokens)))
        return logits, {**state, **after, "prefix": prefix}

    def _read(self, tokens: Tensor) -> Tensor:
        """Both directions after each real token: (M, 2·H)."""
        forwards = super()._read(tokens)
        length = tokens.shape[1]
        places = torch.arange(length, device=tokens.device)
        # Row t of the table says where the words of prefix t are, newest first.
        table = places[:, None] - places[None, : self.window]
        prefixes = torch.where(table >= 0, tokens[:, table.clamp(min=0)], PAD)
        backwards = self.backward_net(prefixes.flatten(0, 1), self._embed)
        return torch.cat([forwards, backwards[(tokens != PAD).flatten()]], -1)
