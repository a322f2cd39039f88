"""The fast attention LSTM: one recurrent net, then every step looks at the picture in one attention call.

The picture stands beside every word (par-inject, Tanti et al. 2018, arXiv:1703.09137). Attention (multi-head scaled
dot product, Vaswani et al. 2017, eq. 1) is asked with the LSTM's output and nothing is fed back into the recurrence,
so a whole caption needs one LSTM call and one attention call. The output layer is the embedding, transposed
(Press and Wolf 2017, arXiv:1608.05859).

With `words` the likeliest of the words that a detector found (`seesay.models.detector`) stand in the memory beside the
grid, as attributes do in You et al. 2016 (arXiv:1603.03925), and their mean beside every word. A grid of no positions
is a picture that is absent: what is said is then made of the words alone, which is how captions without pictures are
learned from.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from seesay.models.attend import attend
from seesay.models.decoders.base import (
    PAD,
    Decoder,
    DecoderConfig,
    State,
    drop_channels,
    mask_bias,
    register,
    scatter_real,
)
from seesay.models.decoders.recurrent import read_words
from seesay.models.decoders.words import WordTable
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class AttentionConfig(DecoderConfig):
    """Settings of the `attention` decoder."""

    name: Literal["attention"] = "attention"
    hidden: Count = 512
    """Width of words, recurrent state, attention and output."""
    heads: Count = 8
    feed_forward: Count = 2048
    dropout: Share = 0.4
    words: int = Field(0, ge=0)
    """Detected words beside the grid, the likeliest of each picture; 0 for none."""


class DetectedWords(nn.Module):
    """Detected words as positions of the memory.

    Args:
        width: H.
        count: K, how many of the likeliest are taken.
    """

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.word = nn.Linear(width, width)
        self.certainty = nn.Linear(2, width, bias=False)
        self.summary = nn.Linear(width, width, bias=False)
        nn.init.normal_(self.summary.weight, std=0.1 / math.sqrt(width))

    def forward(self, table: WordTable, words: Tensor, word_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities (B, W) of words (W,) → the K likeliest (B, K, H), and a mean weighed by probability (B, H)."""
        # In float32: the nearest to 1 that bfloat16 has is 1 itself, whose odds have no end.
        sure, place = words.float().topk(min(self.count, words.shape[1]), dim=1)
        odds = torch.logit(sure, 1e-4) / 4
        found = F.gelu(self.word(table(word_ids[place])) + self.certainty(torch.stack([sure, odds], -1)))
        mean = (found * sure[..., None]).sum(1) / (1 + sure.sum(1, keepdim=True))
        return found, self.summary(mean)


@register("attention")
class AttentionDecoder(Decoder):
    """LSTM with multi-head attention after the recurrence.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's grid and pooled vectors.
    """

    config_class = AttentionConfig
    carried = ("hidden", "cell", "attention")
    tied = True

    def __init__(self, config: AttentionConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        width = config.hidden
        self.heads = config.heads
        self.embedding = WordTable(vocabulary_size, width)
        self.picture = nn.Sequential(nn.LayerNorm(feature_size), nn.Linear(feature_size, width), nn.GELU())
        self.grid = nn.Sequential(nn.LayerNorm(feature_size), nn.Linear(feature_size, width), nn.GELU())
        self.keys = nn.Linear(width, width, bias=False)  # a bias here would cancel in the softmax
        self.values = nn.Linear(width, width)
        self.recurrent = nn.LSTM(2 * width, width, batch_first=True)
        self.query = nn.Linear(width, width)
        self.mix = nn.Linear(width, width)
        self.norm_attention = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, config.feed_forward), nn.GELU(), nn.Linear(config.feed_forward, width)
        )
        self.norm_output = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.detected = DetectedWords(width, config.words) if config.words else None
        self.dropout = Dropout(config.dropout)

    def start(self, memory: Memory) -> State:
        """Keys and values (B, heads, N + K, H/heads), the picture's vector (B, H), its share of the gates (B, 4·H).

        And `words` (B, W), where there are any, which no step reads: they are for whoever asks what was detected.
        """
        grid = drop_channels(self.dropout, self.grid(memory.grid))
        picture = self.dropout(self.picture(memory.pooled))
        looked_at = mask_bias(memory)
        if self.detected is not None and memory.words is not None:
            assert memory.word_ids is not None, "detected words come with their ids"
            found, mean = self.detected(self.embedding, memory.words, memory.word_ids)
            grid, picture = torch.cat([grid, self.dropout(found)], 1), picture + mean
            looked_at = torch.cat([looked_at, torch.zeros_like(found[..., 0])], 1)
        _, of_picture, _, bias = self._lstm()
        zero = torch.zeros_like(picture)
        words = {} if self.detected is None or memory.words is None else {"words": memory.words}
        return {
            **words,
            "keys": self._split(self.keys(grid)),
            "values": self._split(self.values(grid)),
            "bias": looked_at,
            "picture": picture,
            "gates": F.linear(picture, of_picture, bias),
            "hidden": zero,
            "cell": zero,
            "attention": memory.grid.new_zeros(memory.grid.shape[:2]),
        }

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V); `attention` (R, N) is the mean over heads for the word these logits give.

        Of what is looked at beside detected words, so that it adds up to 1 over the grid.
        """
        of_words, _, of_state, _ = self._lstm()
        gates = self._word_gates(tokens, of_words) + F.linear(state["hidden"], of_state)
        gates = gates.view(state["gates"].shape[0], -1, gates.shape[-1]) + state["gates"][:, None]
        enter, forget, new, leave = gates.flatten(0, 1).chunk(4, -1)
        cell = forget.sigmoid() * state["cell"] + enter.sigmoid() * new.tanh()
        hidden = leave.sigmoid() * cell.tanh()
        # A picture's rows ask together, (B, heads, R/B, H/heads), so that its keys are read once for all of them.
        query = self._split(self.query(hidden).view(state["keys"].shape[0], -1, hidden.shape[-1]))
        scores = query @ state["keys"].transpose(-1, -2) / math.sqrt(query.shape[-1])
        weights = (scores + state["bias"][:, None, None]).softmax(-1)
        attended = (weights @ state["values"]).transpose(1, 2).reshape(hidden.shape)
        logits = self.output(self._after(hidden, attended))
        attention = weights.mean(1).flatten(0, 1)
        if self.detected is not None:
            attention = attention[:, : state["attention"].shape[1]]
            attention = attention / attention.sum(1, keepdim=True).clamp(min=1e-9)
        return logits, {**state, "hidden": hidden, "cell": cell, "attention": attention}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`: one LSTM call, one attention call for all steps of all captions of a picture."""
        state = self.start(memory)
        pictures, (rows, length) = len(memory), tokens.shape
        real = (tokens != PAD).view(pictures, -1)
        picture = state["picture"].repeat_interleave(rows // pictures, 0)[:, None].expand(-1, length, -1)
        states = read_words(self.recurrent, torch.cat([self._embed(tokens), picture], -1), tokens)
        query = self._split(scatter_real(self.query(states), real))
        mask = None if memory.mask is None else state["bias"][:, None, None]
        attended = attend(query, state["keys"], state["values"], mask)
        return self._after(states, attended.transpose(1, 2)[real].flatten(1))

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, V) by the transposed embedding."""
        return F.linear(hidden, self.embedding.weight, self.bias)

    def _lstm(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The LSTM's weights, each (4·H, H), for words, picture and state, and its bias (4·H,)."""
        weight = self.recurrent.get_parameter
        words, picture = weight("weight_ih_l0").chunk(2, dim=1)
        return words, picture, weight("weight_hh_l0"), weight("bias_ih_l0") + weight("bias_hh_l0")

    def _word_gates(self, tokens: Tensor, of_words: Tensor) -> Tensor:
        """What words add to the gates, (…, 4·H): in an exported graph a table, computed once when it is loaded."""
        if torch.compiler.is_exporting():
            return F.embedding(tokens, F.linear(self.embedding.weight * self.embedding.scale, of_words))
        return F.linear(self._embed(tokens), of_words)

    def _embed(self, tokens: Tensor) -> Tensor:
        words: Tensor = self.dropout(self.embedding(tokens))
        return words

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, H) → (B, heads, T, H/heads)."""
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)

    def _after(self, states: Tensor, attended: Tensor) -> Tensor:
        """Recurrent states and what was seen, both (…, H) → hidden (…, H)."""
        seen = self.norm_attention(states + self.dropout(self.mix(attended)))
        hidden: Tensor = self.norm_output(seen + self.dropout(self.feed_forward(self.dropout(seen))))
        return hidden
