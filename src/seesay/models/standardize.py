"""Features standardized over what training sees."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_REMEMBERED = 20_000.0
FLOOR = 1e-3
"""Added to the variance: a number that hardly ever differs in training may in use."""


class Standardize(nn.Module):
    """Each number of a vector less its mean, over its standard deviation, both over the training frames.

    They are learned while training looks at frames, exactly and without weight of any batch: a batch of one will do,
    and several processes share what they see. Pooled features are all positive: without this, dropout takes away more
    than what tells one frame from another.

    Args:
        size: D.
    """

    mean: Tensor
    variance: Tensor
    seen: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, vectors: Tensor) -> Tensor:
        """(…, D) → float32 (…, D)."""
        vectors = vectors.float()
        if self.training:
            self._learn(vectors.detach().flatten(0, -2))
        standard: Tensor = (vectors - self.mean) * (self.variance + FLOOR).rsqrt()
        return standard

    @torch.no_grad()
    def _learn(self, vectors: Tensor) -> None:
        """Mean and variance with these in them (Chan et al. 1979), over the newest `_REMEMBERED` or so."""
        sums = torch.stack([torch.ones_like(vectors).sum(0), vectors.sum(0), vectors.square().sum(0)])
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums)
        count = sums[0, 0]
        mean = sums[1] / count
        share = count / (self.seen + count)
        away = mean - self.mean
        spread = (sums[2] / count - mean.square()).clamp(min=0)
        self.variance.lerp_(spread, share).add_(away.square() * (share * (1 - share)))
        self.mean.add_(away * share)
        self.seen.add_(count).clamp_(max=_REMEMBERED)
