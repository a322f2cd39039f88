"""Inject: one recurrent net, and the picture in one of the places where the field has put it.

Tanti et al. 2018 (arXiv:1703.09137), section 3: "init", the picture is the state that the net begins with, an LSTM's
cell too; "pre", it is read before the first word, as in Show and Tell (Vinyals et al. 2015, arXiv:1411.4555, eq. 10);
"par", it stands beside every word. "merge" is what they compare these with: the net reads words alone, and the picture
stands beside its state before the output layer.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import PAD, Decoder, DecoderConfig, State, register, repeat_per_row
from seesay.models.decoders.recurrent import Cell, Recurrent
from seesay.models.decoders.words import WordTable, before_output
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class InjectConfig(DecoderConfig):
    """Settings of the `inject` decoder."""

    name: Literal["inject"] = "inject"
    conditioning: Literal["init", "pre", "par", "merge"] = "par"
    cell: Cell = "lstm"
    embedding: Count = 256
    """Width of words, and of the picture where it is read as they are."""
    hidden: Count = 256
    layers: Count = 1
    dropout: Share = 0.5


@register("inject")
class InjectDecoder(Decoder):
    """LSTM or GRU that begins with the picture, reads it first or beside every word, or leaves it to the output layer.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's pooled vector.
    """

    config_class = InjectConfig

    def __init__(self, config: InjectConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        self.conditioning = config.conditioning
        self.embedding = WordTable(vocabulary_size, config.embedding)
        beside = config.embedding if config.conditioning == "par" else 0
        self.recurrent = Recurrent(config.cell, config.embedding + beside, config.hidden, config.layers, config.dropout)
        self.carried = self.recurrent.entries
        width = config.embedding
        if config.conditioning == "init":
            width = len(self.carried) * config.layers * config.hidden
        self.picture = nn.Sequential(Dropout(config.dropout), nn.Linear(feature_size, width), nn.LayerNorm(width))
        met = config.hidden + (config.embedding if config.conditioning == "merge" else 0)
        self.finish = before_output(met, config.dropout)
        self.project = nn.Linear(met, vocabulary_size)
        self.dropout = Dropout(config.dropout)

    def start(self, memory: Memory) -> State:
        """The state (B, layers, H) that the first word meets; with "par" and "merge" the picture (B, E) too."""
        picture = self.picture(memory.pooled)
        state = self.recurrent.begin(picture)
        if self.conditioning == "init":
            parts = picture.tanh().chunk(len(state), -1)
            return {name: part.view(state[name].shape) for name, part in zip(state, parts, strict=True)}
        if self.conditioning == "pre":
            return self.recurrent.step(picture, state)[1]
        return {**state, "picture": picture}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V), state."""
        words = self.dropout(self.embedding(tokens))
        if self.conditioning == "par":
            words = torch.cat([words, self.dropout(repeat_per_row(state["picture"], tokens))], -1)
        out, after = self.recurrent.step(words, state)
        if self.conditioning == "merge":
            out = torch.cat([out, repeat_per_row(state["picture"], tokens)], -1)
        return self.output(self.finish(out)), {**state, **after}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`."""
        state = self.start(memory)
        words = self.dropout(self.embedding(tokens))
        if self.conditioning == "par":
            picture = self.dropout(repeat_per_row(state["picture"], tokens))
            words = torch.cat([words, picture[:, None].expand(-1, tokens.shape[1], -1)], -1)
        begin = {name: repeat_per_row(state[name], tokens) for name in self.carried}
        states = self.recurrent.read(words, tokens, begin)
        if self.conditioning == "merge":
            real_tokens = (tokens != PAD).view(len(memory), -1).sum(1)
            states = torch.cat([states, state["picture"].repeat_interleave(real_tokens, 0)], -1)
        finished: Tensor = self.finish(states)
        return finished

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H), with "merge" (…, H + E) → (…, V)."""
        logits: Tensor = self.project(hidden)
        return logits
