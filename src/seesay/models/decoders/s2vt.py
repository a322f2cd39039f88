"""S2VT (Venugopalan et al. 2015, arXiv:1505.00487, section 3): two LSTMs on top of each other read, then speak.

While they read, the first takes the frames one by one and the second the first's output beside no word; while they
speak, the first takes nothing and the second its output beside the last word. The same weights do both.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from seesay.models.decoders.base import State, register, repeat_per_row
from seesay.models.decoders.published import PlainConfig, norm_or_nothing, word_table
from seesay.models.decoders.recurrent import Cell
from seesay.models.decoders.two_nets import TwoNets
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Count, Share


class S2vtConfig(PlainConfig):
    """Settings of the `s2vt` decoder."""

    name: Literal["s2vt"] = "s2vt"
    cell: Cell = "lstm"
    embedding: Count = 512
    """Width of words and of frames (the paper: 500)."""
    hidden: Count = 512
    """Width of both recurrent nets (the paper: 1000)."""
    dropout: Share = 0.5


@register("s2vt")
class S2vtDecoder(TwoNets):
    """Two LSTMs (or GRUs) that read the memory's grid as a sequence: a clip's frames, or a picture's positions.

    Args:
        config: its settings.
        vocabulary_size: V.
        feature_size: D of the memory's grid.
    """

    config_class = S2vtConfig

    def __init__(self, config: S2vtConfig, vocabulary_size: int, feature_size: int) -> None:
        super().__init__()
        width = config.embedding
        self.embedding = word_table(vocabulary_size, width, scaled=config.scaled_words)
        self.frames = nn.Sequential(
            Dropout(config.dropout), nn.Linear(feature_size, width), norm_or_nothing(width, config.norm)
        )
        self.add_nets(config, vocabulary_size, width)

    def start(self, memory: Memory) -> State:
        """Both nets' states (B, 1, H) after the last frame; frames that are not real are passed over."""
        frames = self.frames(memory.grid)
        lengths = None
        if memory.mask is not None:
            # Real frames first, in their order, so that the others can be cut off.
            order = (~memory.mask).to(torch.int8).argsort(dim=1, stable=True)
            frames = frames.gather(1, order[..., None].expand_as(frames))
            lengths = memory.mask.sum(1)
        read, first = self.first.run(frames, lengths=lengths)
        _, second = self.second.run(self._beside(read, torch.zeros_like(frames)), lengths=lengths)
        return {**first, **second}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens (R,) → logits (R, V), state: one step of both nets."""
        words = self.dropout(self.embedding(tokens))
        out, first = self.first.step(torch.zeros_like(words), state)
        out, second = self.second.step(self._beside(out, words), state)
        return self.output(self.finish(out)), {**state, **first, **second}

    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See `Decoder.hidden`. The first net reads no words, so that it runs once for all captions of a clip."""
        state = self.start(memory)
        words = self.dropout(self.embedding(tokens))
        nothing = words.new_zeros(len(memory), *words.shape[1:])
        out, _ = self.first.run(nothing, state)
        begin = {name: repeat_per_row(state[name], tokens) for name in self.second.entries}
        states: Tensor = self.finish(self.second.read(self._beside(repeat_per_row(out, tokens), words), tokens, begin))
        return states

    def _beside(self, out: Tensor, words: Tensor) -> Tensor:
        """What the second net reads: the first's output (…, H) and words (…, E) → (…, H + E)."""
        return torch.cat([self.dropout(out), words], -1)
