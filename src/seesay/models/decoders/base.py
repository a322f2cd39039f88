"""The decoder contract: `start`, `step` and `forward`. Search, training, ensembles and export need nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import BaseModel, ConfigDict, model_validator
from torch import Tensor, nn

from seesay.models.memory import Memory
from seesay.registry import Registry

State = dict[str, Tensor]
PAD = 0  # Vocabulary.pad, the one id every decoder must know


class DecoderConfig(BaseModel):
    """Settings every decoder has; each family adds its own beside its class.

    A family that reads only so many tokens says so by a setting `max_length`: the start and the words. Config and
    runtime refuse longer captions by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str

    @model_validator(mode="after")
    def _heads_fit(self) -> DecoderConfig:
        heads, hidden = getattr(self, "heads", 1), getattr(self, "hidden", 0)
        if hidden % heads:
            raise ValueError(f"hidden={hidden} is not a multiple of heads={heads}")
        return self


class Decoder(nn.Module, ABC):
    """Words from a `Memory`, one at a time (`step`) or a whole caption at once (`forward`); both agree to 1e-5.

    Attributes:
        carried: the state entries that `step` changes; every other entry stays what `start` made it, one row for each
            picture.
        penalty: what the last `hidden` in training mode wants added to the loss, a sum over its captions; None for
            nothing. `training.objectives.CrossEntropy` takes it.
        tied: whether the output layer is the words' table.
    """

    carried: tuple[str, ...]
    penalty: Tensor | None = None
    tied: ClassVar[bool] = False
    config_class: ClassVar[type[DecoderConfig]]

    @abstractmethod
    def start(self, memory: Memory) -> State:
        """Everything that can be computed once per picture: a flat mapping, name to tensor, batch first."""

    @abstractmethod
    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """One word on: tokens (R,) int64 just emitted → logits (R, V) of the next, and the new state.

        R is a multiple of B: rows i·R/B … (i+1)·R/B-1 belong to picture i. Carried entries of the state have R rows,
        the others B.
        """

    @abstractmethod
    def hidden(self, memory: Memory, tokens: Tensor) -> Tensor:
        """Teacher forcing without the output layer, for real tokens only: tokens (B·K, T) int64 → (M, H).

        Rows i·K … i·K+K-1 are the K captions of picture i. M is the number of tokens that are not padding,
        in reading order, as `x[tokens != PAD]` gives them.
        """

    def constant(self, state: Mapping[str, object]) -> set[str]:
        """Names of the state's entries that `step` leaves as they are."""
        return set(state) - set(self.carried)

    @abstractmethod
    def output(self, hidden: Tensor) -> Tensor:
        """Hidden states (…, H) → logits (…, V)."""

    def forward(self, memory: Memory, tokens: Tensor) -> Tensor:
        """Teacher forcing in fused operations: tokens (B·K, T) → logits (B·K, T, V), zero on padding."""
        return scatter_real(self.output(self.hidden(memory, tokens)), tokens != PAD)


DECODERS: Registry[type[Any]] = Registry("decoder", "seesay.decoders")
register = DECODERS.register


def scatter_real(values: Tensor, real: Tensor) -> Tensor:
    """Put values (M, …) back where real (R, T) is True: (R, T, …), zero elsewhere."""
    whole = values.new_zeros(*real.shape, *values.shape[1:])
    whole[real] = values
    return whole


def repeat_per_row(values: Tensor, rows: Tensor) -> Tensor:
    """Repeat what each picture has, (B, …), for its rows (R, …): (R, …)."""
    times = rows.shape[0] // values.shape[0]
    return values[:, None].expand(-1, times, *values.shape[1:]).flatten(0, 1)


def mask_bias(memory: Memory) -> Tensor:
    """What to add to attention scores, (B, N): 0, and -inf where a position is not real."""
    zero = torch.zeros_like(memory.grid[..., 0])
    return zero if memory.mask is None else zero.masked_fill(~memory.mask, float("-inf"))


def drop_channels(dropout: nn.Dropout, grid: Tensor) -> Tensor:
    """Dropout of whole channels of a picture, (B, N, H): positions agree too much for single values to matter."""
    kept: Tensor = dropout(torch.ones_like(grid[:, :1]))
    return grid * kept
