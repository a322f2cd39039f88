"""ConvLSTM over the frames' grids (Shi et al. 2015, arXiv:1506.04214): a recurrent net that keeps where things are."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from seesay.models.classifiers.base import Classifier, ClassifierConfig, State, register
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory


class ConvLstmCell(nn.Module):
    """An LSTM whose products are convolutions, with peepholes (Shi et al. 2015, eq. 3).

    Args:
        inputs: channels of what is read.
        hidden: channels H of the state.
        grid: rows and columns, which the peepholes' weights have too.
        kernel: of both convolutions; odd.
    """

    def __init__(self, inputs: int, hidden: int, grid: tuple[int, int], kernel: int = 3) -> None:
        super().__init__()
        self.read = nn.Conv2d(inputs, 4 * hidden, kernel, padding=kernel // 2)
        self.remember = nn.Conv2d(hidden, 4 * hidden, kernel, padding=kernel // 2, bias=False)
        self.peepholes = nn.Parameter(torch.zeros(3, hidden, *grid))

    def forward(self, gates: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """One frame on.

        Args:
            gates: what `read` gives of the frame, (B, 4H, rows, columns); taken for all frames in one call.
            hidden: (B, H, rows, columns).
            cell: the same shape.

        Returns:
            The new hidden and cell.
        """
        write, keep, new, show = (gates + self.remember(hidden)).chunk(4, 1)
        write = (write + self.peepholes[0] * cell).sigmoid()
        keep = (keep + self.peepholes[1] * cell).sigmoid()
        cell = keep * cell + write * new.tanh()
        show = (show + self.peepholes[2] * cell).sigmoid()
        return show * cell.tanh(), cell


class ConvLstmConfig(ClassifierConfig):
    """Settings of the `conv_lstm` classifier."""

    name: Literal["conv_lstm"] = "conv_lstm"
    channels: int = Field(128, ge=1)
    """What the CNN's channels are brought to first, by a 1×1 convolution."""
    hidden: int = Field(64, ge=1)
    """Channels of the state."""
    kernel: int = Field(3, ge=1)
    dropout: float = Field(0.5, ge=0, lt=1)

    @field_validator("kernel")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("kernel must be odd, so that the grid keeps its size")
        return value


@register("conv_lstm")
class ConvLstmClassifier(Classifier):
    """A ConvLSTM over grids; its state's mean over places is judged after every frame.

    Args:
        config: its settings.
        classes: C.
        size: D of the memory's grid.
        grid: rows and columns of a frame's grid: the memory's N is F · rows · columns.
    """

    positions: ClassVar[bool] = True
    stepwise = True
    config_class = ConvLstmConfig

    def __init__(self, config: ConvLstmConfig, classes: int, size: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.grid = grid
        self.carried = dict.fromkeys(("hidden", "cell"), (config.hidden, *grid))
        self.reduce = nn.Linear(size, config.channels)
        self.dropout = Dropout(config.dropout)
        self.cell = ConvLstmCell(config.channels, config.hidden, grid, config.kernel)
        self.output = nn.Linear(config.hidden, classes)

    def forward(self, memory: Memory, state: State | None = None) -> tuple[Tensor, State]:
        """See `Classifier.forward`; T = F."""
        rows, columns = self.grid
        frames = memory.grid.view(memory.grid.shape[0], -1, rows, columns, memory.grid.shape[-1])
        reduced = self.reduce(self.dropout(frames)).relu().permute(0, 1, 4, 2, 3)  # (B, F, channels, rows, columns)
        gates = self.cell.read(reduced.flatten(0, 1)).unflatten(0, reduced.shape[:2])
        at = self.begin(memory) if state is None else state
        hidden, cell = at["hidden"], at["cell"]
        seen = []
        for frame in range(gates.shape[1]):
            hidden, cell = self.cell(gates[:, frame], hidden, cell)
            seen.append(hidden.mean((2, 3)))
        logits: Tensor = self.output(self.dropout(torch.stack(seen, 1)))
        return logits, {"hidden": hidden, "cell": cell}
