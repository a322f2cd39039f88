"""The baseline: every frame is judged by itself, and the judgments are averaged. It knows nothing of order."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from seesay.models.classifiers.base import Classifier, ClassifierConfig, State, register
from seesay.models.dropout import Dropout
from seesay.models.memory import Memory
from seesay.models.settings import Share
from seesay.models.standardize import Standardize


class FrameAverageConfig(ClassifierConfig):
    """Settings of the `frame_average` classifier."""

    name: Literal["frame_average"] = "frame_average"
    dropout: Share = 0.5
    standardize: bool = False
    """Frames' numbers less their mean over training, by their deviation (`Standardize`)."""


@register("frame_average")
class FrameAverage(Classifier):
    """One linear layer over each frame's vector ("single frame" in Donahue et al. 2015, section 4).

    Args:
        config: its settings.
        classes: C.
        size: D of the memory's grid.
        grid: rows and columns of a frame's grid; not read.
    """

    config_class = FrameAverageConfig

    def __init__(self, config: FrameAverageConfig, classes: int, size: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.carried: dict[str, tuple[int, ...]] = {}
        self.standardize = Standardize(size) if config.standardize else nn.Identity()
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(size, classes)

    def forward(self, memory: Memory, state: State | None = None) -> tuple[Tensor, State]:
        """See `Classifier.forward`; T = F."""
        return self.output(self.dropout(self.standardize(memory.grid))), {}
