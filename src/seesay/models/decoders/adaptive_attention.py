"""Knowing when to look (Lu et al. 2017, arXiv:1612.01887): attention that may turn to a visual sentinel instead.

The picture stands beside every word; attention comes after the recurrence, asked with its state (eq. 6-8), and so a
whole caption looks at once. The sentinel, what the LSTM's memory knows of the sentence (eq. 9, 10), competes with the
places: the share it wins, β (eq. 12), is how little the picture is needed for the next word.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from seesay.models.decoders.additive import AdditiveAttention, Annotations, Rows, weighted_sum
from seesay.models.decoders.base import PAD, Decoder, State, mask_bias, register, repeat_per_row
from seesay.models.decoders.looping import LoopCell, loop_words
from seesay.models.decoders.published import ScaledWordsConfig, norm_or_nothing, word_table
from seesay.models.decoders.words import before_output
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class AdaptiveAttentionConfig(ScaledWordsConfig):
    """Settings of the `adaptive_attention` decoder."""

    name: Literal["adaptive_attention"] = "adaptive_attention"
    embedding: Count = 512
    """Width of words and of the picture's vector beside them."""
    hidden: Count = 512
    """Width of the recurrent state, the sentinel and the places looked at."""
    attention: Count = 128
    """Width of the layer that scores places (the paper: their number, 49)."""
    dropout: Share = 0.5


@register("adaptive_attention")
class AdaptiveAttentionDecoder(Decoder):
    """LSTM, then spatial attention with a sentinel.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's grid and pooled vectors.
    """

    config_class = AdaptiveAttentionConfig
    carried = ("hidden", "cell", "attention")

    def __init__(self, config: AdaptiveAttentionConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        words, width = config.embedding, config.hidden
        self.width = width
        self.embedding = word_table(vocabulary_size, words, scaled=config.scaled_words)
        self.picture = nn.Sequential(
            norm_or_nothing(feature_size, config.norm),
            nn.Linear(feature_size, words),
            nn.ReLU(),
            Dropout(config.dropout),
        )
        self.annotations = Annotations(feature_size, width, config.dropout, norm=config.norm)
        self.cell = LoopCell("lstm", width)
        # The LSTM's gates and the sentinel's read the same input, [word; picture].
        gates = self.cell.gates + width
        self.word_gates = nn.Linear(words, gates, bias=False)
        self.picture_gates = nn.Linear(words, gates)
        self.sentinel_gate = nn.Linear(width, width, bias=False)
        self.attention = AdditiveAttention(width, width, config.attention)
        self.sentinel_key = nn.Linear(width, config.attention)
        self.finish = before_output(width, config.dropout, config.norm)
        self.project = nn.Linear(width, vocabulary_size)
        self.dropout = Dropout(config.dropout)

    def start(self, memory: Memory) -> State:
        """Keys (B, N, A), values (B, N, H), the picture's share of all gates (B, 5·H), and a zero state (B, H)."""
        values = self.annotations(memory.grid)
        zero = memory.grid.new_zeros(memory.grid.shape[0], self.width)
        return {
            "keys": self.attention.keys(values),
            "values": values,
            "bias": mask_bias(memory),
            "gates": self.picture_gates(self.picture(memory.pooled)),
            "hidden": zero,
            "cell": zero,
            "attention": memory.grid.new_zeros(memory.grid.shape[:2]),
        }

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V); `attention` (R, N) is for the word these logits give, and sums to 1-β."""
        known = self._word_gates(tokens) + repeat_per_row(state["gates"], tokens)
        after = self._read(known, state)
        sentinel = self._sentinel(known, after)
        hidden, weights = self._attend(after["hidden"], sentinel, repeat_per_row(state["bias"], tokens), state)
        carried = {"hidden": after["hidden"], "cell": after["cell"], "attention": weights}
        return self.output(hidden), {**state, **carried}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`: only the LSTM loops, as the sentinel needs its memory after every word."""
        picture = self.start(memory)
        known = self._word_gates(tokens) + repeat_per_row(picture["gates"], tokens)[:, None]
        begin = {name: repeat_per_row(picture[name], tokens) for name in ("hidden", "cell")}
        before, hidden, cell = loop_words(self._read, known, tokens, begin, ("before", "hidden", "cell"))
        real = tokens != PAD
        sentinel = self._sentinel(known[real], {"before": before, "cell": cell})
        rows = Rows(real.flatten().nonzero()[:, 0], tokens.numel() // len(memory))
        bias = picture["bias"][rows.index // rows.per_picture]
        return self._attend(hidden, sentinel, bias, picture, rows)[0]

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, V)."""
        logits: Tensor = self.project(hidden)
        return logits

    def _word_gates(self, tokens: Tensor) -> Tensor:
        gates: Tensor = self.word_gates(self.dropout(self.embedding(tokens)))
        return gates

    def _read(self, known: Tensor, state: State) -> State:
        """One word on: `known` (R, 5·H) → hidden and cell after it, and `before`, the hidden state that met it."""
        hidden, cell = self.cell(known[..., : self.cell.gates], (state["hidden"], state["cell"]))
        return {"before": state["hidden"], "hidden": hidden, "cell": cell}

    def _sentinel(self, known: Tensor, state: State) -> Tensor:
        """Eq. 9 and 10: s = σ(W_x x_t + W_h h_{t-1}) ⊙ tanh(m_t), (R, H)."""
        gate = known[..., self.cell.gates :] + self.sentinel_gate(state["before"])
        sentinel: Tensor = gate.sigmoid() * state["cell"].tanh()
        return sentinel

    def _attend(
        self, hidden: Tensor, sentinel: Tensor, bias: Tensor, picture: State, rows: Rows | None = None
    ) -> tuple[Tensor, Tensor]:
        """Eq. 6 and 11-13: hidden states and sentinels (R, H) → ĉ + h (R, H), and the places' weights (R, N).

        The softmax over places and sentinel together gives (1-β) α and β at once.
        """
        query = self.attention.query(hidden)
        places = self.attention(picture["keys"], query, rows) + bias
        rival = self.attention.energy((self.sentinel_key(sentinel) + query).tanh()).float()
        both = torch.cat([places, rival], -1).softmax(-1)
        weights, share = both[..., :-1], both[..., -1:]
        context = weighted_sum(weights, picture["values"], rows) + share * sentinel
        finished: Tensor = self.finish(context + hidden)
        return finished, weights
