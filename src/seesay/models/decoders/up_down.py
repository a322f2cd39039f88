"""Up-Down (Anderson et al. 2018, arXiv:1707.07998, section 3.2): one LSTM decides where to look, a second what to say.

The attention LSTM reads the second's last state, the mean of the picture and the last word (eq. 2); its state asks the
picture by additive attention (eq. 3-5); the language LSTM reads what was seen and the first's state (eq. 6). The paper
looks at regions that a detector proposes; here the places are those of the CNN's grid, brought to one width by a
learned layer.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from seesay.models.decoders.additive import AdditiveAttention, Annotations, Rows, all_rows, weighted_sum
from seesay.models.decoders.base import Decoder, State, mask_bias, register, repeat_per_row
from seesay.models.decoders.looping import LoopCell, loop_words
from seesay.models.decoders.published import ScaledWordsConfig, norm_or_nothing, word_table
from seesay.models.decoders.recurrent import Cell
from seesay.models.decoders.words import before_output
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class UpDownConfig(ScaledWordsConfig):
    """Settings of the `up_down` decoder."""

    name: Literal["up_down"] = "up_down"
    cell: Cell = "lstm"
    embedding: Count = 512
    hidden: Count = 512
    """Width of both recurrent states and of the places looked at."""
    attention: Count = 512
    """Width of the layer that scores places."""
    dropout: Share = 0.5
    annotations: Literal["projected", "raw"] = "projected"
    """What is looked at: the CNN's places brought to `hidden` by a learned layer, or as they are, as in the paper."""


@register("up_down")
class UpDownDecoder(Decoder):
    """Attention LSTM and language LSTM (or GRUs).

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's grid and pooled vectors.
    """

    config_class = UpDownConfig

    def __init__(self, config: UpDownConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        width = config.hidden
        self.embedding = word_table(vocabulary_size, config.embedding, scaled=config.scaled_words)
        projected = config.annotations == "projected"
        self.annotations = Annotations(
            feature_size, width, config.dropout if projected else 0.0, norm=config.norm, project=projected
        )
        seen = self.annotations.width
        self.hidden_size = width
        self.attention = AdditiveAttention(seen, width, config.attention)
        self.attention_cell = LoopCell(config.cell, width)
        self.language_cell = LoopCell(config.cell, width)
        self.attention_entries = tuple(f"attention_{name}" for name in self.attention_cell.entries)
        self.language_entries = tuple(f"language_{name}" for name in self.language_cell.entries)
        self.carried = (*self.attention_entries, *self.language_entries, "attention")
        gates = self.attention_cell.gates
        # What the attention LSTM reads, [h2; mean; word], is a sum of three products, of which two need no loop.
        self.picture_gates = nn.Sequential(
            norm_or_nothing(feature_size, config.norm),
            Dropout(config.dropout),
            nn.Linear(feature_size, gates, bias=False),
        )
        self.word_gates = nn.Linear(config.embedding, gates, bias=False)
        self.language_gates = nn.Linear(width, gates, bias=False)
        self.seen_gates = nn.Linear(seen + width, gates, bias=False)
        self.finish = before_output(width, config.dropout, config.norm)
        self.project = nn.Linear(width, vocabulary_size)
        self.dropout = Dropout(config.dropout)

    def start(self, memory: Memory) -> State:
        """Keys (B, N, A), values (B, N, H), the mean's share of the first gates (B, G), and zero states (B, H)."""
        values = self.annotations(memory.grid)
        zero = memory.grid.new_zeros(memory.grid.shape[0], self.hidden_size)
        return {
            "keys": self.attention.keys(values),
            "values": values,
            "bias": mask_bias(memory),
            "gates": self.picture_gates(memory.pooled),
            **dict.fromkeys((*self.attention_entries, *self.language_entries), zero),
            "attention": memory.grid.new_zeros(memory.grid.shape[:2]),
        }

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V); `attention` (R, N) is for the word these logits give."""
        known = self._word_gates(tokens) + repeat_per_row(state["gates"], tokens)
        after = self._advance(known, {**state, "bias": repeat_per_row(state["bias"], tokens)}, state)
        logits = self.output(self.finish(after["language_hidden"]))
        return logits, {**state, **{name: after[name] for name in self.carried}}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`."""
        picture = self.start(memory)
        per_picture = tokens.shape[0] // len(memory)
        entries = (*self.attention_entries, *self.language_entries, "bias")
        (states,) = loop_words(
            lambda known, state: self._advance(known, state, picture, Rows(state["row"], per_picture)),
            self._word_gates(tokens) + repeat_per_row(picture["gates"], tokens)[:, None],
            tokens,
            {**{name: repeat_per_row(picture[name], tokens) for name in entries}, "row": all_rows(tokens)},
            ("language_hidden",),
        )
        finished: Tensor = self.finish(states)
        return finished

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, V)."""
        logits: Tensor = self.project(hidden)
        return logits

    def _word_gates(self, tokens: Tensor) -> Tensor:
        gates: Tensor = self.word_gates(self.dropout(self.embedding(tokens)))
        return gates

    def _advance(self, known: Tensor, state: State, picture: State, rows: Rows | None = None) -> State:
        """Where, what: `known` gates (R, G); keys and values are the picture's, all else the rows'."""
        where = self.attention_cell(
            known + self.language_gates(state["language_hidden"]), tuple(state[n] for n in self.attention_entries)
        )
        scores = self.attention(picture["keys"], self.attention.query(where[0]), rows)
        weights = (scores + state["bias"]).softmax(-1)
        seen = weighted_sum(weights, picture["values"], rows)
        what = self.language_cell(
            self.seen_gates(torch.cat([seen, where[0]], -1)), tuple(state[n] for n in self.language_entries)
        )
        return {
            **state,
            **dict(zip(self.attention_entries, where, strict=True)),
            **dict(zip(self.language_entries, what, strict=True)),
            "attention": weights,
        }
