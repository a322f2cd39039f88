"""Dropout that is quick on a CPU, where torch draws each value of the mask by itself, in one thread."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """`torch.nn.Dropout`, with four values decided by each 64-bit random number on a CPU.

    The chance of each is p to within 1/65536, and what is kept is scaled by the chance that was used, so that the mean
    stays what it was.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Any shape → the same shape."""
        if not self.training or not 0 < self.p < 1 or self.inplace or input.device.type != "cpu":
            out: Tensor = super().forward(input)
            return out
        dropped = min(max(round(self.p * 65536), 1), 65535)
        bits = torch.empty(-(-input.numel() // 4), dtype=torch.int64).random_(torch.iinfo(torch.int64).min, None)
        kept = bits.view(torch.int16)[: input.numel()].view(input.shape) >= dropped - 32768
        return input * kept.to(input.dtype).mul_(65536 / (65536 - dropped))
