"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Progress:
    """Where a run stands; all of it is in the checkpoint."""

    epoch: int = 0
    step: int = 0
    """Steps done in this epoch."""
    total_steps: int = 0
    phase_steps: int = 0
    """Steps since the optimizer was made."""
    averaged: int = 0
    """Updates of the moving average."""
    best: float = -1.0
    best_loss: float | None = None
    """The loss on dev of the best epoch; of two epochs with one score the one with the lower loss is better."""
    best_epoch: int = -1
    sums: dict[str, float] = field(default_factory=dict)
    """Sums over this epoch's steps: loss, count, seconds, waiting, captions."""
    history: list[dict[str, float]] = field(default_factory=list)
    """One row of figures for each finished epoch."""

    def is_best(self, score: float, loss: float, *, by_loss: bool = False) -> bool:
        """Whether an epoch with these figures on dev is better than all before it: in score, or in loss."""
        lower = self.best_loss is None or loss < self.best_loss
        if by_loss:
            return lower
        return score > self.best or (score == self.best and lower)
