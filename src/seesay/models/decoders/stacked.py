"""Three recurrent nets on top of each other, the picture added to what the first gives at every step.

"Image Caption Generator: Leveraging LSTM and BLSTM over Inception V3" (Tiwari, Mistry and Negi 2018): words → LSTM → a
linear layer for each step; the picture's layer is added; → LSTM → LSTM → a ReLU layer → all words. In its bidirectional
form all three nets read the finished prefix both ways, anew for each word, so that none sees the word to predict.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from seesay.models.decoders.base import PAD, Decoder, State, register, repeat_per_row
from seesay.models.decoders.published import KerasConfig
from seesay.models.decoders.recurrent import remember
from seesay.models.dropout import Dropout
from seesay.models.keras import begin_as_keras, one_bias
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share

NETS = 3


class StackedConfig(KerasConfig):
    """Settings of the `stacked` decoder."""

    name: Literal["stacked"] = "stacked"
    bidirectional: bool = False
    """Whether all three nets read the finished prefix in both directions."""
    embedding: Count = 300
    """Width of words, of the picture and of the layer where they are added."""
    hidden: Count = 256
    """Width of each net, in each direction, and of the layer before the last."""
    window: int = Field(40, ge=1)
    """How many words back bidirectional nets read at most, the start among them."""
    norm: bool = False
    """Layer normalization of the picture's vector, which the authors' net does not have."""
    single_bias: bool = True
    """One bias for each gate, as in the authors' Keras."""
    dropout: Share = 0.2
    """Of the picture's vector, of words, and of their sum."""


class BothWays(nn.Module):
    """Two LSTMs over sequences of several lengths, one of which reads each from its end: (R, T, I) → (R, T, 2·H).

    Both run forwards, one over the reversed sequence, so that what stands after a sequence's end reaches neither, with
    nothing packed: such nets can be exported.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.forwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.backwards = nn.LSTM(inputs, hidden, batch_first=True)

    def forward(self, sequence: Tensor, turned: Tensor) -> Tensor:
        """`turned` (R, T): for each place of the reversed sequence its place in the sequence, and the reverse."""
        there, _ = self.forwards(sequence)
        back, _ = self.backwards(_gather(sequence, turned))
        return torch.cat([there, _gather(back, turned)], -1)


@register("stacked")
class StackedDecoder(Decoder):
    """Three LSTMs, or bidirectional LSTMs over the finished prefix, the picture added after the first.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's pooled vector.
    """

    config_class = StackedConfig

    def __init__(self, config: StackedConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        words, hidden = config.embedding, config.hidden
        self.bidirectional, self.window = config.bidirectional, config.window
        self.shape = (NETS, hidden)
        self.embedding = nn.Embedding(vocabulary_size, words, padding_idx=PAD)
        norm = [nn.LayerNorm(words)] if config.norm else []
        self.picture = nn.Sequential(Dropout(config.dropout), nn.Linear(feature_size, words), *norm, nn.ReLU())
        states = hidden * (2 if config.bidirectional else 1)
        self.each_word = nn.Linear(states, words)
        make = BothWays if config.bidirectional else _one_way
        self.nets = nn.ModuleList(make(inputs, hidden) for inputs in (words, words, states))
        self.meet = nn.Sequential(nn.Linear(states, hidden), nn.ReLU())
        self.project = nn.Linear(hidden, vocabulary_size)
        self.dropout = Dropout(config.dropout)
        self.carried = ("prefix",) if config.bidirectional else ("hidden", "cell")
        lstms = [module for module in self.modules() if isinstance(module, nn.LSTM)]
        for net in lstms:
            remember(net)
            if config.single_bias:
                one_bias(net)
        if config.initial == "keras":
            begin_as_keras(self)

    def start(self, memory: Memory) -> State:
        """The picture (B, E), and zero states (B, 3, H) or an empty prefix (B, window) int64, newest first."""
        picture = self.picture(memory.pooled)
        if self.bidirectional:
            return {"picture": picture, "prefix": torch.zeros_like(picture[:, :1]).long().repeat(1, self.window)}
        zero = picture.new_zeros(picture.shape[0], *self.shape)
        return {"picture": picture, "hidden": zero, "cell": zero}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V), state."""
        picture = repeat_per_row(state["picture"], tokens)
        if self.bidirectional:
            prefix = torch.cat([tokens[:, None], state["prefix"][:, :-1]], 1)
            return self.output(self._read_both_ways(prefix, picture)), {**state, "prefix": prefix}
        x, hidden, cell = self.dropout(self.embedding(tokens))[:, None], [], []
        for place, net in enumerate(self.nets):
            begin = tuple(state[name][:, place][None].contiguous() for name in ("hidden", "cell"))
            x, (h, c) = net(x, begin)
            hidden.append(h[0])
            cell.append(c[0])
            if place == 0:
                x = self._add(x, picture[:, None])
        after = {"hidden": torch.stack(hidden, 1), "cell": torch.stack(cell, 1)}
        return self.output(self.meet(x[:, 0])), {**state, **after}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`."""
        picture = repeat_per_row(self.picture(memory.pooled), tokens)
        real = tokens != PAD
        if self.bidirectional:
            return self._read_both_ways(self._prefixes(tokens)[real], picture[real.nonzero()[:, 0]])
        # Causal nets over padded rows: what comes after a row's end is left out.
        x, _ = self.nets[0](self.dropout(self.embedding(tokens)))
        x = self._add(x, picture[:, None])
        for net in self.nets[1:]:
            x, _ = net(x)
        met: Tensor = self.meet(x[real])
        return met

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, V)."""
        logits: Tensor = self.project(hidden)
        return logits

    def _add(self, states: Tensor, picture: Tensor) -> Tensor:
        """States of the first net and the picture (…, E) → what the second reads (…, E)."""
        added: Tensor = self.dropout(self.each_word(states) + picture)
        return added

    def _prefixes(self, tokens: Tensor) -> Tensor:
        """The prefix that ends at each token of (R, T), newest first: (R, T, window)."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        table = places[:, None] - torch.arange(min(self.window, tokens.shape[1]), device=tokens.device)[None]
        return torch.where(table >= 0, tokens[:, table.clamp(min=0)], PAD)

    def _read_both_ways(self, prefix: Tensor, picture: Tensor) -> Tensor:
        """Prefixes (M, W), newest first, and a picture (M, E) for each → (M, H)."""
        lengths = (prefix != PAD).sum(1).clamp(min=1)
        turned = _turned(lengths, prefix.shape[1])
        x = self.dropout(self.embedding(prefix.gather(1, turned)))
        x = self.nets[1](self._add(self.nets[0](x, turned), picture[:, None]), turned)
        x = self.nets[2](x, turned)
        # Each direction's state after all it reads: of the last word forwards, of the first backwards.
        forwards, backwards = x.chunk(2, -1)
        last = (lengths - 1)[:, None, None].expand(-1, 1, forwards.shape[-1])
        met: Tensor = self.meet(torch.cat([forwards.gather(1, last)[:, 0], backwards[:, 0]], -1))
        return met


def _one_way(inputs: int, hidden: int) -> nn.Module:
    return nn.LSTM(inputs, hidden, batch_first=True)


def _turned(lengths: Tensor, size: int) -> Tensor:
    """For lengths (R,) the places of each sequence from its end to its beginning, then those of the padding: (R, T)."""
    places = torch.arange(size, device=lengths.device)[None]
    return torch.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)


def _gather(sequence: Tensor, places: Tensor) -> Tensor:
    """Sequences (R, T, D) in the order of places (R, T)."""
    return sequence.gather(1, places[..., None].expand(-1, -1, sequence.shape[-1]))
