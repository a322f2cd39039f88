"""ExpansionNet v2: expansion layers in place of self-attention, over the grid and over the words.

Hu et al. 2022, "Exploiting Multiple Sequence Lengths in Fast End to End Training for Image Captioning"
(arXiv:2208.06551), with Swin-L at 384 pixels as encoder. Layers are pre-norm; the outputs of all layers of a stack are
concatenated, reduced by a linear layer, added to the last and normalized.

Parameter names are those of the published code, so that its checkpoints load (`seesay convert expansionnet-v2`). Its
key bias in the cross attention is left out: it adds the same to all of a word's scores, and the softmax cancels it.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from seesay.errors import UsageError
from seesay.models.attend import attend
from seesay.models.decoders.base import PAD, Decoder, DecoderConfig, State, register, scatter_real
from seesay.models.decoders.expansion import DynamicExpansion, FeedForward, StaticExpansion
from seesay.models.decoders.words import WordTable
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class ExpansionConfig(DecoderConfig):
    """Settings of the `expansionnet_v2` decoder; the defaults are those published."""

    name: Literal["expansionnet_v2"] = "expansionnet_v2"
    hidden: Count = 512
    """Width of positions, words and all layers."""
    heads: Count = 8
    """Of the cross attention; they share out `hidden`."""
    feed_forward: Count = 2048
    layers: int = Field(3, ge=1)
    """Of the stack over the grid, and of the stack over the words."""
    static: tuple[Count, ...] = Field((32, 64, 128, 256, 512), min_length=1)
    """Sizes of the groups of vectors that a picture's positions are spread over."""
    dynamic: int = Field(16, ge=1)
    """Vectors that each word is spread over."""
    dropout: Share = 0.3
    max_length: int = Field(74, ge=1)
    """Most tokens that can be read: the start and the words. Each has a learned position."""


class EncoderLayer(nn.Module):
    """Static expansion and feed-forward, pre-norm."""

    def __init__(self, config: ExpansionConfig) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(config.hidden), nn.LayerNorm(config.hidden)
        self.stc_exp = StaticExpansion(config.hidden, config.static, config.dropout)
        self.ff = FeedForward(config.hidden, config.feed_forward, config.dropout)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, N, H) → (B, N, H)."""
        x = x + self.dropout(self.stc_exp(self.norm_1(x), mask))
        out: Tensor = x + self.dropout(self.ff(self.norm_2(x)))
        return out


class CrossAttention(nn.Module):
    """Multi-head attention of words on a picture (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.Wq = nn.Linear(width, width)
        self.Wk = nn.Linear(width, width, bias=False)
        self.Wv = nn.Linear(width, width)
        self.out_linear = nn.Linear(width, width)

    def remember(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, H) → keys and values, each (B, heads, N, H/heads)."""
        return self._split(self.Wk(memory)), self._split(self.Wv(memory))

    def forward(self, x: Tensor, real: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        """Whole captions: real words (M, H) → (M, H), as they lie in `real` (B, K·T); bias (B, 1, 1, N)."""
        query = self._split(scatter_real(self.Wq(x), real))
        attended = attend(query, keys, values, bias)
        out: Tensor = self.out_linear(attended.transpose(1, 2)[real].flatten(1))
        return out

    def step(self, x: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """One word: x (R, H) → (R, H), and where it attended, (R, N): the mean over heads."""
        # A picture's rows ask together, (B, heads, R/B, H/heads), so that its keys are read once for all of them.
        query = self._split(self.Wq(x).view(keys.shape[0], -1, x.shape[-1]))
        weights = (query @ keys.transpose(-1, -2) / math.sqrt(query.shape[-1]) + bias).softmax(-1)
        attended = (weights @ values).transpose(1, 2).reshape(x.shape)
        return self.out_linear(attended), weights.mean(1).flatten(0, 1)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)


class DecoderLayer(nn.Module):
    """Dynamic expansion, cross attention and feed-forward, pre-norm."""

    def __init__(self, config: ExpansionConfig) -> None:
        super().__init__()
        self.norm_1, self.norm_2, self.norm_3 = (nn.LayerNorm(config.hidden) for _ in range(3))
        self.dyn_exp = DynamicExpansion(config.hidden, config.dynamic, config.dropout)
        self.mha = CrossAttention(config.hidden, config.heads)
        self.ff = FeedForward(config.hidden, config.feed_forward, config.dropout)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, real: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        """Whole captions: real words (M, H) → (M, H), as they lie in `real` (B·K, T)."""
        x = x + self.dropout(self.dyn_exp(self.norm_1(x), real))
        by_picture = real.view(keys.shape[0], -1)
        x = x + self.dropout(self.mha(self.norm_2(x), by_picture, keys, values, bias))
        out: Tensor = x + self.dropout(self.ff(self.norm_3(x)))
        return out

    def step(
        self, x: Tensor, cache: State, position: Tensor, keys: Tensor, values: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor, State]:
        """One word: x (R, H) → (R, H), where it looked (R, N), and the caches after it."""
        expanded, cache = self.dyn_exp.step(self.norm_1(x), cache, position)
        x = x + expanded
        attended, attention = self.mha.step(self.norm_2(x), keys, values, bias)
        x = x + attended
        return x + self.ff(self.norm_3(x)), attention, cache


@register("expansionnet_v2")
class ExpansionDecoder(Decoder):
    """Static expansion over the grid, dynamic expansion over the words, cross attention between them.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's grid.
    """

    config_class = ExpansionConfig

    def __init__(self, config: ExpansionConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        width = config.hidden
        self.max_length = config.max_length
        self.input_linear = nn.Linear(feature_size, width)
        # Any: what a ModuleList holds is lost on a type checker.
        self.encoders: Any = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.enc_reduce_group = nn.Linear(width * config.layers, width)
        self.enc_reduce_norm = nn.LayerNorm(width)
        self.out_embedder = nn.ModuleDict({"embed": WordTable(vocabulary_size, width)})
        self.pos_encoder = nn.Embedding(config.max_length, width)
        self.decoders: Any = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))
        self.dec_reduce_group = nn.Linear(width * config.layers, width)
        self.dec_reduce_norm = nn.LayerNorm(width)
        self.vocab_linear = nn.Linear(width, vocabulary_size)
        self.dropout = Dropout(config.dropout)
        cached = (f"{name}.{layer}" for layer in range(config.layers) for name in DynamicExpansion.entries)
        self.carried = ("position", "attention", *cached)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)

    def start(self, memory: Memory) -> State:
        """Keys and values of each layer (B, heads, N, H/heads), and empty caches (see `DynamicExpansion.step`)."""
        state = self._attend_picture(memory)
        bias = state["bias"]
        state |= {"position": torch.zeros_like(bias[:, 0], dtype=torch.int64), "attention": torch.zeros_like(bias)}
        for layer, decoder in enumerate(self.decoders):
            cache = decoder.dyn_exp.begin(bias, self.max_length)
            state |= {f"{name}.{layer}": value for name, value in cache.items()}
        return state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V); `attention` (R, N) is the last layer's mean over heads.

        Raises:
            UsageError: more than `max_length` tokens.
        """
        position = state["position"]
        if not torch.compiler.is_exporting() and bool((position >= self.max_length).any()):
            self._refuse(self.max_length + 1)
        x = self._embed(tokens, position)
        after = {**state, "position": position + 1}
        bias = state["bias"][:, None, None]
        outputs = []
        for layer, decoder in enumerate(self.decoders):
            cache = {name: state[f"{name}.{layer}"] for name in DynamicExpansion.entries}
            keys, values = state[f"cross_keys.{layer}"], state[f"cross_values.{layer}"]
            x, after["attention"], cache = decoder.step(x, cache, position, keys, values, bias)
            after |= {f"{name}.{layer}": value for name, value in cache.items()}
            outputs.append(x)
        return self.output(self._reduce(outputs, self.dec_reduce_group, self.dec_reduce_norm)), after

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`: no step waits for another.

        Raises:
            UsageError: a caption of more than `max_length` tokens.
        """
        state = self._attend_picture(memory)
        real = tokens != PAD
        position = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)[real]
        if tokens.shape[1] > self.max_length and bool((position >= self.max_length).any()):
            self._refuse(int(position.max()) + 1)
        x = self._embed(tokens[real], position)
        bias = None if memory.mask is None else state["bias"][:, None, None]
        outputs = []
        for layer, decoder in enumerate(self.decoders):
            x = decoder(x, real, state[f"cross_keys.{layer}"], state[f"cross_values.{layer}"], bias)
            outputs.append(x)
        return self._reduce(outputs, self.dec_reduce_group, self.dec_reduce_norm)

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, V)."""
        logits: Tensor = self.vocab_linear(hidden)
        return logits

    def _attend_picture(self, memory: Memory) -> State:
        """What stays the same for a picture: `bias` (B, N), -inf where nothing is, and each layer's keys and values."""
        x = self.dropout(self.input_linear(memory.grid))
        outputs = []
        for encoder in self.encoders:
            x = encoder(x, memory.mask)
            outputs.append(x)
        x = self._reduce(outputs, self.enc_reduce_group, self.enc_reduce_norm)
        bias = torch.zeros_like(memory.grid[..., 0])
        state = {"bias": bias if memory.mask is None else bias.masked_fill(~memory.mask, float("-inf"))}
        for layer, decoder in enumerate(self.decoders):
            state[f"cross_keys.{layer}"], state[f"cross_values.{layer}"] = decoder.mha.remember(x)
        return state

    @property
    def embedding(self) -> WordTable:
        """The table of words."""
        table = self.out_embedder["embed"]
        assert isinstance(table, WordTable)
        return table

    def _embed(self, tokens: Tensor, position: Tensor) -> Tensor:
        """Words and their positions, both (…,) → (…, H)."""
        embedded: Tensor = self.dropout(self.embedding(tokens)) + self.pos_encoder(position)
        return embedded

    def _reduce(self, outputs: list[Tensor], group: nn.Module, norm: nn.Module) -> Tensor:
        """Outputs of all layers of a stack (…, H) → one (…, H)."""
        reduced: Tensor = norm(outputs[-1] + self.dropout(group(torch.cat(outputs, -1))))
        return reduced

    def _refuse(self, length: int) -> None:
        raise UsageError(
            f"a caption of {length} tokens, its start counted: this model was built for {self.max_length}; "
            f"ask for shorter captions, or train with decoder.max_length={length}"
        )
