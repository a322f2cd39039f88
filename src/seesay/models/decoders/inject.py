"""Inject: one recurrent net, and the picture in one of the places where the field has put it.

Tanti et al. 2018 (arXiv:1703.09137), section 3: "init", the picture is the state that the net begins with, an LSTM's
cell too; "pre", it is read before the first word, as in Show and Tell (Vinyals et al. 2015, arXiv:1411.4555, eq. 10);
"par", it stands beside every word. "merge" is what they compare these with: the net reads words alone, and the picture
stands beside its state before the output layer.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seesay.models.decoders.base import PAD, Decoder, State, register, repeat_per_row
from seesay.models.decoders.gru_before import ResetBeforeGru
from seesay.models.decoders.published import PlainConfig, norm_or_nothing, word_table
from seesay.models.decoders.recurrent import Cell, Recurrent
from seesay.models.decoders.words import before_output
from seesay.models.dropout import Dropout
from seesay.models.keras import begin_as_keras, one_bias
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class InjectConfig(PlainConfig):
    """Settings of the `inject` decoder."""

    name: Literal["inject"] = "inject"
    conditioning: Literal["init", "pre", "par", "merge"] = "par"
    cell: Cell = "lstm"
    embedding: Count = 256
    """Width of words, and of the picture where it is read as they are."""
    hidden: Count = 256
    layers: Count = 1
    dropout: Share = 0.5
    reset: Literal["after", "before"] = "after"
    """Of a GRU's gate: after the recurrent product (PyTorch, Keras), or before it (Cho et al. 2014, TensorFlow)."""
    begin: Literal["state", "hidden"] = "state"
    """What "init" fills: all of the state, through a tanh; or the hidden state alone, by a linear layer, as Tanti et
    al. have it: an LSTM's cell is zero then."""
    learned_begin: bool = False
    """Whether what the picture does not fill of the first state is learned, in place of being zero."""
    unit_picture: bool = False
    """Whether the picture's vector is brought to length 1 first."""
    picture_dropout: Share | None = None
    """Of the picture's vector; None: as `dropout`."""
    word_dropout: Share | None = None
    """Of words; None: as `dropout`."""
    beside_dropout: bool = True
    """Whether "par" and "merge" drop parts of the projected picture too, where it meets words or state."""

    @model_validator(mode="after")
    def _one_layer(self) -> InjectConfig:
        if self.reset == "before" and (self.cell != "gru" or self.layers > 1):
            raise ValueError("reset=before is of a GRU of one layer: cell=gru, layers=1")
        return self


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
        self.begin_by, self.unit_picture = config.begin, config.unit_picture
        self.embedding = word_table(vocabulary_size, config.embedding, scaled=config.scaled_words)
        inputs = config.embedding * (2 if config.conditioning == "par" else 1)
        before = ResetBeforeGru(inputs, config.hidden) if config.reset == "before" else None
        self.recurrent = Recurrent(config.cell, inputs, config.hidden, config.layers, config.dropout, net=before)
        self.carried = self.recurrent.entries
        width = config.embedding
        if config.conditioning == "init":
            width = (1 if config.begin == "hidden" else len(self.carried)) * config.layers * config.hidden
        picture_dropout = config.dropout if config.picture_dropout is None else config.picture_dropout
        self.picture = nn.Sequential(
            Dropout(picture_dropout), nn.Linear(feature_size, width), norm_or_nothing(width, config.norm)
        )
        met = config.hidden + (config.embedding if config.conditioning == "merge" else 0)
        alone = config.conditioning == "merge" and not config.beside_dropout  # the state is dropped by itself
        self.finish = before_output(met, 0.0 if alone else config.dropout, config.norm)
        self.project = nn.Linear(met, vocabulary_size)
        self.dropout = Dropout(config.dropout)
        self.drop_words = Dropout(config.dropout if config.word_dropout is None else config.word_dropout)
        self.drop_beside = Dropout(config.dropout if config.beside_dropout else 0.0)
        self.beside_dropout = config.beside_dropout
        if config.single_bias:
            one_bias(self.recurrent.net)
        if config.initial == "keras":
            begin_as_keras(self)
        filled = () if config.conditioning != "init" else self.carried[: 1 if config.begin == "hidden" else None]
        shape = self.recurrent.shape
        self.learned_begin = nn.ParameterDict(
            {name: torch.zeros(shape) for name in self.carried if config.learned_begin and name not in filled}
        )

    def start(self, memory: Memory) -> State:
        """The state (B, layers, H) that the first word meets; with "par" and "merge" the picture (B, E) too."""
        picture = self.picture(F.normalize(memory.pooled, dim=-1) if self.unit_picture else memory.pooled)
        state = self.recurrent.begin(picture)
        state |= {name: state[name] + learned for name, learned in self.learned_begin.items()}
        if self.conditioning == "init" and self.begin_by == "hidden":
            return {**state, "hidden": picture.view(state["hidden"].shape)}
        if self.conditioning == "init":
            parts = picture.tanh().chunk(len(state), -1)
            return {name: part.view(state[name].shape) for name, part in zip(state, parts, strict=True)}
        if self.conditioning == "pre":
            return self.recurrent.step(picture, state)[1]
        return {**state, "picture": picture}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V), state."""
        words = self.drop_words(self.embedding(tokens))
        if self.conditioning == "par":
            words = torch.cat([words, self.drop_beside(repeat_per_row(state["picture"], tokens))], -1)
        out, after = self.recurrent.step(words, state)
        if self.conditioning == "merge":
            out = self._beside(out, repeat_per_row(state["picture"], tokens))
        return self.output(self.finish(out)), {**state, **after}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`."""
        state = self.start(memory)
        words = self.drop_words(self.embedding(tokens))
        if self.conditioning == "par":
            picture = self.drop_beside(repeat_per_row(state["picture"], tokens))
            words = torch.cat([words, picture[:, None].expand(-1, tokens.shape[1], -1)], -1)
        begin = {name: repeat_per_row(state[name], tokens) for name in self.carried}
        states = self.recurrent.read(words, tokens, begin)
        if self.conditioning == "merge":
            real_tokens = (tokens != PAD).view(len(memory), -1).sum(1)
            states = self._beside(states, state["picture"].repeat_interleave(real_tokens, 0))
        finished: Tensor = self.finish(states)
        return finished

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H), with "merge" (…, H + E) → (…, V)."""
        logits: Tensor = self.project(hidden)
        return logits

    def _beside(self, states: Tensor, picture: Tensor) -> Tensor:
        """States (…, H) and the picture (…, E) → (…, H + E), before what `finish` does."""
        return torch.cat([states if self.beside_dropout else self.dropout(states), picture], -1)
