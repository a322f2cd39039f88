"""Cross-entropy over a large vocabulary, without copies of the logits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

ROWS = 256
"""Tokens at once on a CPU: their float32 probabilities stay in its cache."""


def token_losses(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Label-smoothed cross-entropy of each token (Szegedy et al. 2016, section 7), computed in float32.

    As `F.cross_entropy`; on a CPU it goes over the tokens a few at a time, and keeps no float32 copy of the logits.

    Args:
        logits: (M, V), float32 or bfloat16.
        targets: (M,) int64.
        label_smoothing: share of the target spread evenly over all V words.

    Returns:
        (M,) float32.
    """
    if logits.device.type != "cpu":
        return F.cross_entropy(logits.float(), targets, label_smoothing=label_smoothing, reduction="none")
    losses: Tensor = _TokenLosses.apply(logits, targets, label_smoothing)
    return losses


class _TokenLosses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        normalizers, losses = [], []
        for some, wanted in zip(torch.split(logits, ROWS), torch.split(targets, ROWS), strict=True):
            values = some.float()
            normalizer = values.logsumexp(1)
            right = values.gather(1, wanted[:, None])[:, 0]
            losses.append(normalizer - (1 - smoothing) * right - smoothing * values.mean(1))
            normalizers.append(normalizer)
        ctx.save_for_backward(logits, targets, torch.cat(normalizers))
        ctx.smoothing = smoothing
        return torch.cat(losses)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        logits, targets, normalizers = ctx.saved_tensors
        out = torch.empty_like(logits)
        for start in range(0, len(logits), ROWS):
            rows = slice(start, start + ROWS)
            values = logits[rows].float().sub_(normalizers[rows, None]).exp_()
            values.sub_(ctx.smoothing / logits.shape[1])
            values.scatter_add_(1, targets[rows, None], values.new_full((len(values), 1), ctx.smoothing - 1))
            out[rows] = values.mul_(gradients[0][rows, None])
        return out, None, None
