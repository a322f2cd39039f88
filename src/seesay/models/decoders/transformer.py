"""Encoder-decoder transformer (Vaswani et al. 2017, arXiv:1706.03762) over a picture's grid.

Layers are pre-norm: each sub-layer reads the norm of what it adds to, and a last norm stands at the end of each stack
(Xiong et al. 2020, arXiv:2002.04745, figure 1b). Positions are sinusoids (section 3.5), of words and of places; the
output layer is the embedding, transposed (section 3.4).

Step by step, keys and values of the words so far are kept in a ring of `window` slots for each row, so that the state
has one shape at every step. A word sees the last `window` words, itself among them; whole captions are read by the
same rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
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
from seesay.models.decoders.words import WordTable
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share

_Masks = tuple[Tensor | None, Tensor | None]


class TransformerConfig(DecoderConfig):
    """Settings of the `transformer` decoder."""

    name: Literal["transformer"] = "transformer"
    hidden: int = Field(512, ge=2, multiple_of=2)
    """Width of words, places and layers."""
    heads: Count = 8
    encoder_layers: int = Field(2, ge=0)
    decoder_layers: int = Field(3, ge=1)
    feed_forward: Count = 2048
    window: int = Field(32, ge=1)
    """How many words back each word sees, itself counted."""
    dropout: Share = 0.3


class Attention(nn.Module):
    """The projections of multi-head scaled dot-product attention (section 3.2.2).

    Args:
        width: H.
        heads: H is a multiple of it.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.keys = nn.Linear(width, width, bias=False)  # a bias here would cancel in the softmax
        self.values = nn.Linear(width, width)
        self.mix = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        """(B, T, H) → (B, heads, T, H/heads)."""
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)


class EncoderLayer(nn.Module):
    """Places look at each other; then a feed-forward net for each."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.norm_own = nn.LayerNorm(config.hidden)
        self.own = Attention(config.hidden, config.heads)
        self.feed = FeedForward(config)
        self.dropout = Dropout(config.dropout)

    def forward(self, grid: Tensor, mask: Tensor | None) -> Tensor:
        """(B, N, H) → (B, N, H); `mask` (B, 1, 1, N) is added to the scores."""
        x, own = self.norm_own(grid), self.own
        query, keys, values = own.split(own.query(x)), own.split(own.keys(x)), own.split(own.values(x))
        attended = attend(query, keys, values, mask).transpose(1, 2).flatten(2)
        after: Tensor = self.feed(grid + self.dropout(own.mix(attended)))
        return after


class DecoderLayer(nn.Module):
    """A word looks at those before it, then at the picture; then a feed-forward net."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.norm_own, self.norm_picture = nn.LayerNorm(config.hidden), nn.LayerNorm(config.hidden)
        self.own = Attention(config.hidden, config.heads)
        self.picture = Attention(config.hidden, config.heads)
        self.feed = FeedForward(config)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, picture: tuple[Tensor, Tensor], tokens: Tensor, masks: _Masks) -> Tensor:
        """All words of whole captions, real ones only: (M, H) → (M, H).

        Args:
            x: the words.
            picture: keys and values, each (B, heads, N, H/heads).
            tokens: (B·K, T), to tell padding.
            masks: of the words so far, and of the picture.
        """
        real, own = tokens != PAD, self.own
        before = self.norm_own(x)
        query, keys, values = (
            own.split(scatter_real(part(before), real)) for part in (own.query, own.keys, own.values)
        )
        read = attend(query, keys, values, masks[0], causal=masks[0] is None)
        x = x + self.dropout(own.mix(read.transpose(1, 2)[real].flatten(1)))
        # All captions of a picture look at it in one call.
        together = real.view(picture[0].shape[0], -1)
        query = self.picture.split(scatter_real(self.picture.query(self.norm_picture(x)), together))
        attended = attend(query, *picture, masks[1])
        x = x + self.dropout(self.picture.mix(attended.transpose(1, 2)[together].flatten(1)))
        after: Tensor = self.feed(x)
        return after

    def step(
        self, x: Tensor, picture: tuple[Tensor, Tensor], bias: Tensor, cache: tuple[Tensor, Tensor], position: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
        """One word on.

        Args:
            x: the word of each row, (R, H).
            picture: keys and values, each (B, heads, N, H/heads).
            bias: added to the scores of places, (B, N).
            cache: keys and values of the words so far, each (R, heads, window, H/heads).
            position: how many words each row has read, (R,).

        Returns:
            The word after this layer, the cache with it, and how much each head looked where, (R, heads, N).
        """
        before, own = self.norm_own(x)[:, None], self.own
        slots = torch.arange(cache[0].shape[2], device=x.device)
        here = (slots == (position % len(slots))[:, None])[:, None, :, None]
        keys = torch.where(here, own.split(own.keys(before)), cache[0])
        values = torch.where(here, own.split(own.values(before)), cache[1])
        filled = (slots <= position[:, None])[:, None, None]
        read = attend(own.split(own.query(before)), keys, values, filled)
        x = x + own.mix(read.flatten(1))
        query = self.picture.query(self.norm_picture(x)).view(bias.shape[0], -1, x.shape[-1])
        query = self.picture.split(query) / math.sqrt(keys.shape[-1])
        weights = (query @ picture[0].transpose(-1, -2) + bias[:, None, None]).softmax(-1)
        attended = (weights @ picture[1]).transpose(1, 2).reshape(x.shape)
        x = self.feed(x + self.picture.mix(attended))
        return x, (keys, values), weights.transpose(1, 2).flatten(0, 1)


class FeedForward(nn.Module):
    """x + W₂ max(0, W₁ norm(x)), section 3.3."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.hidden
        self.net = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, config.feed_forward),
            nn.ReLU(),
            Dropout(config.dropout),
            nn.Linear(config.feed_forward, width),
            Dropout(config.dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(…, H) → (…, H)."""
        after: Tensor = x + self.net(x)
        return after


@register("transformer")
class TransformerDecoder(Decoder):
    """Encoder over the grid, decoder over words with self- and cross-attention.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's grid.
    """

    config_class = TransformerConfig
    tied = True

    def __init__(self, config: TransformerConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        width = config.hidden
        self.window, self.heads = config.window, config.heads
        self.grid = nn.Sequential(nn.LayerNorm(feature_size), nn.Linear(feature_size, width))
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.norm_grid = nn.LayerNorm(width)
        self.embedding = WordTable(vocabulary_size, width)
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.norm_words = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.dropout = Dropout(config.dropout)
        caches = (name for i in range(config.decoder_layers) for name in _cache(i))
        self.carried = (*caches, "position", "attention")

    def start(self, memory: Memory) -> State:
        """Each decoder layer's keys and values of the picture, (B, heads, N, H/heads), and an empty ring of words."""
        bias = mask_bias(memory)
        mask = None if memory.mask is None else bias[:, None, None]
        # Real places are counted, which also keeps their sinusoids out of an exported graph as a table.
        places = (bias == 0).cumsum(1) - 1
        grid = drop_channels(self.dropout, self.grid(memory.grid))
        grid = grid + sinusoids(places, grid.shape[-1])
        for layer in self.encoder:
            grid = layer(grid, mask)
        grid = self.norm_grid(grid)
        state: State = {"bias": bias, "position": torch.zeros_like(bias[:, 0], dtype=torch.int64)}
        state["attention"] = torch.zeros_like(bias)
        empty = grid.new_zeros(grid.shape[0], self.heads, self.window, grid.shape[-1] // self.heads)
        for i, layer in self._layers():
            attention = layer.picture
            for name, part in zip(_picture(i), (attention.keys, attention.values), strict=True):
                state[name] = attention.split(part(grid))
            state |= dict.fromkeys(_cache(i), empty)
        return state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V); `attention` (R, N) is the last layer's mean over heads."""
        position = state["position"]
        x = self._embed(tokens, position)
        after = {**state, "position": position + 1}
        for i, layer in self._layers():
            picture = (state[_picture(i)[0]], state[_picture(i)[1]])
            cache = (state[_cache(i)[0]], state[_cache(i)[1]])
            x, cache, weights = layer.step(x, picture, state["bias"], cache, position)
            after |= dict(zip(_cache(i), cache, strict=True))
            after["attention"] = weights.mean(1)
        return self.output(self.norm_words(x)), after

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`."""
        state = self.start(memory)
        real, length = tokens != PAD, tokens.shape[1]
        positions = torch.arange(length, device=tokens.device)
        x = self._embed(tokens[real], positions.expand_as(tokens)[real])
        back = positions[:, None] - positions
        masks: _Masks = (
            None if length <= self.window else (back >= 0) & (back < self.window),
            None if memory.mask is None else state["bias"][:, None, None],
        )
        for i, layer in self._layers():
            x = layer(x, (state[_picture(i)[0]], state[_picture(i)[1]]), tokens, masks)
        hidden: Tensor = self.norm_words(x)
        return hidden

    def output(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, V) by the transposed embedding."""
        return F.linear(hidden, self.embedding.weight, self.bias)

    def _layers(self) -> Iterator[tuple[int, DecoderLayer]]:
        for i, layer in enumerate(self.decoder):
            assert isinstance(layer, DecoderLayer)
            yield i, layer

    def _embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Tokens and their positions, both (M,) → (M, H)."""
        width = self.embedding.embedding_dim
        words: Tensor = self.dropout(self.embedding(tokens) + sinusoids(positions, width))
        return words


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """Section 3.5, sines before cosines: positions (…) int64 → (…, width) float32; `width` is even."""
    steps = torch.arange(0, width, 2, device=positions.device, dtype=torch.float32)
    angle = positions[..., None] * torch.exp(steps * (-math.log(10000.0) / width))
    return torch.cat([angle.sin(), angle.cos()], -1)


def _cache(layer: int) -> tuple[str, str]:
    """Names of the state entries that keep the words so far."""
    return f"keys_{layer}", f"values_{layer}"


def _picture(layer: int) -> tuple[str, str]:
    """Names of the state entries that keep the picture."""
    return f"picture_keys_{layer}", f"picture_values_{layer}"
