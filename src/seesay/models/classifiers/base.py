"""The classifier contract: a `Memory` of frames in, logits over the classes out. Nothing else is needed of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from seesay.models.memory import Memory
from seesay.registry import Registry

State = dict[str, Tensor]
Cell = Literal["lstm", "gru", "rnn"]
NETS: dict[Cell, type[nn.LSTM | nn.GRU | nn.RNN]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class ClassifierConfig(BaseModel):
    """Settings every classifier has; each family adds its own beside its class."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str


class Classifier(nn.Module, ABC):
    """Logits over classes from the frames of a clip.

    Attributes:
        positions: whether it reads the grid of every frame, (B, F·P, D), or one vector of each, (B, F, D).
        stepwise: whether a graph of it takes one frame at a time, as where it loops over frames in Python.
        carried: shapes of the state's entries without the batch, by name: what goes on from one part of a clip to the
            next. Empty where frames do not know of each other, or where all must be there at once.
        streams: whether a clip in parts, the state carried, gives what the whole gives.
    """

    positions: ClassVar[bool] = False
    carried: dict[str, tuple[int, ...]]
    streams: bool = True
    stepwise: bool = False
    config_class: ClassVar[type[ClassifierConfig]]

    @abstractmethod
    def forward(self, memory: Memory, state: State | None = None) -> tuple[Tensor, State]:
        """Judge a clip, or its next part.

        Args:
            memory: its grid (B, N, D) is read; frames in order.
            state: what the part before gave; None at a clip's beginning, which zeros stand for as well.

        Returns:
            Logits (B, T, C): one row after every frame, or (T = 1) one for all frames there were. And the state after
            it, an entry (B, …) for each of `carried`.
        """

    def begin(self, memory: Memory) -> State:
        """The state at a clip's beginning: zeros, one row for each clip."""
        return {name: memory.grid.new_zeros(memory.grid.shape[0], *shape) for name, shape in self.carried.items()}


CLASSIFIERS: Registry[type[Any]] = Registry("classifier", "seesay.classifiers")
register = CLASSIFIERS.register


def average(logits: Tensor) -> Tensor:
    """Logits (B, T, C) → probabilities (B, C): the mean over time, as LRCN does (Donahue et al. 2015, section 4)."""
    return logits.float().softmax(-1).mean(1)


def fuse(streams: list[Tensor]) -> Tensor:
    """Late fusion: logits (…, C) of several streams → the logarithm of their mean probability."""
    if len(streams) == 1:
        return streams[0]
    each = torch.stack([logits.float().log_softmax(-1) for logits in streams])
    return each.exp().mean(0).clamp(min=1e-30).log()
