"""Show, Attend and Tell (Xu et al. 2015, arXiv:1502.03044) with soft attention: look, then read, then speak.

Before each word the state so far asks the picture by additive attention; what is seen is scaled by a gate (section
4.2.1) and read by the recurrent net beside the last word; the next word comes from a deep output layer (eq. 7). While
it learns, a penalty asks the looks at each place to add up to one over a caption (eq. 14).

The paper's annotations are the maps of VGG-19's conv5_4; here a learned layer brings any CNN's to one width first.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from seesay.models.decoders.additive import AdditiveAttention, Annotations, Rows, all_rows, weighted_sum
from seesay.models.decoders.base import PAD, Decoder, State, mask_bias, register, repeat_per_row
from seesay.models.decoders.looping import LoopCell, loop_words
from seesay.models.decoders.published import ScaledWordsConfig, norm_or_nothing, word_table
from seesay.models.decoders.recurrent import Cell
from seesay.models.decoders.words import before_output
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class ShowAttendTellConfig(ScaledWordsConfig):
    """Settings of the `show_attend_tell` decoder."""

    name: Literal["show_attend_tell"] = "show_attend_tell"
    cell: Cell = "lstm"
    embedding: Count = 512
    """Width of words and of the deep output."""
    hidden: Count = 512
    """Width of the recurrent state and of annotations."""
    attention: Count = 512
    """Width of the layer that scores places."""
    doubly_stochastic: float = 1.0
    """λ, the weight of the penalty."""
    dropout: Share = 0.5
    annotations: Literal["projected", "raw"] = "projected"
    """What is looked at: the CNN's places brought to `hidden` by a learned layer, or as they are, as in the paper."""
    gated: bool = True
    """Whether what is seen is scaled by a gate (section 4.2.1), which SA-LSTM (Yao et al. 2015) does not have."""
    deep_tanh: bool = False
    """Whether the deep output goes through a tanh before the last layer: in Yao et al. 2015, and both authors' code."""


@register("show_attend_tell")
class ShowAttendTellDecoder(Decoder):
    """LSTM (or GRU) that looks before each word.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's grid and pooled vectors.
    """

    config_class = ShowAttendTellConfig

    def __init__(self, config: ShowAttendTellConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        words, width = config.embedding, config.hidden
        self.doubly_stochastic = config.doubly_stochastic
        self.embedding = word_table(vocabulary_size, words, scaled=config.scaled_words)
        projected = config.annotations == "projected"
        self.annotations = Annotations(
            feature_size, width, config.dropout if projected else 0.0, norm=config.norm, project=projected
        )
        seen = self.annotations.width
        self.deep_tanh = config.deep_tanh
        self.cell = LoopCell(config.cell, width)
        self.carried = (*self.cell.entries, "attention")
        self.begin = nn.Sequential(
            norm_or_nothing(feature_size, config.norm),
            nn.Linear(feature_size, width * len(self.cell.entries)),
            nn.Tanh(),
        )
        self.attention = AdditiveAttention(seen, width, config.attention)
        self.gate = nn.Linear(width, 1) if config.gated else None
        self.word_gates = nn.Linear(words, self.cell.gates, bias=False)
        self.context_gates = nn.Linear(seen, self.cell.gates, bias=False)
        self.of_hidden = nn.Linear(width, words)
        self.of_context = nn.Linear(seen, words, bias=False)
        self.finish = before_output(words, config.dropout, config.norm)
        self.project = nn.Linear(words, vocabulary_size)
        self.dropout = Dropout(config.dropout)

    def start(self, memory: Memory) -> State:
        """Keys (B, N, A) and values (B, N, H), and a first state from the mean annotation (section 3.1.2)."""
        values = self.annotations(memory.grid)
        begin = self.begin(memory.pooled).chunk(len(self.cell.entries), -1)
        return {
            "keys": self.attention.keys(values),
            "values": values,
            "bias": mask_bias(memory),
            **dict(zip(self.cell.entries, begin, strict=True)),
            "attention": memory.grid.new_zeros(memory.grid.shape[:2]),
        }

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V); `attention` (R, N) is for the word these logits give."""
        words = self.dropout(self.embedding(tokens))
        bias = repeat_per_row(state["bias"], tokens)
        after = self._advance(self.word_gates(words), {**state, "bias": bias}, state)
        logits = self.output(self._speak(words, after["hidden"], after["context"]))
        return logits, {**state, **{name: after[name] for name in self.carried}}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`. In training mode leaves its `penalty`."""
        picture = self.start(memory)
        words = self.dropout(self.embedding(tokens))
        real, per_picture = tokens != PAD, tokens.shape[0] // len(memory)
        begin = {name: repeat_per_row(picture[name], tokens) for name in (*self.cell.entries, "bias")}
        hidden, context, weights = loop_words(
            lambda known, state: self._advance(known, state, picture, Rows(state["row"], per_picture)),
            self.word_gates(words),
            tokens,
            {**begin, "row": all_rows(tokens)},
            ("hidden", "context", "attention"),
        )
        self.penalty = self._penalty(weights, real, begin["bias"]) if self.training else None
        return self._speak(words[real], hidden, context)

    def output(self, hidden: Tensor) -> Tensor:
        """(…, E) → (…, V), L_o of eq. 7."""
        logits: Tensor = self.project(hidden)
        return logits

    def _advance(self, word_gates: Tensor, state: State, picture: State, rows: Rows | None = None) -> State:
        """Look, then read: `word_gates` (R, G); keys and values are the picture's, all else the rows'."""
        before = state["hidden"]
        scores = self.attention(picture["keys"], self.attention.query(before), rows)
        weights = (scores + state["bias"]).softmax(-1)
        context = weighted_sum(weights, picture["values"], rows)
        if self.gate is not None:
            context = self.gate(before).sigmoid() * context
        entries = tuple(state[name] for name in self.cell.entries)
        after = self.cell(word_gates + self.context_gates(context), entries)
        return {
            **state,
            **dict(zip(self.cell.entries, after, strict=True)),
            "context": context,
            "attention": weights,
        }

    def _speak(self, words: Tensor, hidden: Tensor, context: Tensor) -> Tensor:
        """Eq. 7 without its last layer: the last word, the state and what was seen → (…, E)."""
        said = words + self.of_hidden(hidden) + self.of_context(context)
        finished: Tensor = self.finish(said.tanh() if self.deep_tanh else said)
        return finished

    def _penalty(self, weights: Tensor, real: Tensor, bias: Tensor) -> Tensor:
        """λ Σ_i (1 - Σ_t α_ti)² of eq. 14, summed over captions, real places only: weights (M, N), real (R, T)."""
        caption = real.nonzero()[:, 0]
        attended = weights.new_zeros(bias.shape).index_add(0, caption, weights)
        counts = real.any(1, keepdim=True) & bias.isfinite()
        return self.doubly_stochastic * (1 - attended)[counts].square().sum()
