"""`small_cnn`: a CNN of four layers, small enough to be trained from random weights along with what reads it."""

from __future__ import annotations

from typing import Any

import torch
from timm.models import register_model
from torch import Tensor, nn

WIDTHS = (32, 64, 128, 256)


class SmallCnn(nn.Module):
    """Four times convolution 3×3, batch norm, ReLU and 2×2 max pooling; known to timm, as every encoder is.

    Pooling rounds up, so that pictures of 10×10 pixels will do.

    Args:
        num_classes: 0; there is no classifier.
    """

    def __init__(self, num_classes: int = 0, **_: Any) -> None:
        super().__init__()
        assert num_classes == 0
        self.num_features = WIDTHS[-1]
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.MaxPool2d(2, ceil_mode=True),
            )
            for before, width in zip((3, *WIDTHS), WIDTHS, strict=False)
        )

    def forward_features(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 256, ⌈H/16⌉, ⌈W/16⌉)."""
        for stage in self.stages:
            pixels = stage(pixels)
        return pixels

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 256), the mean over positions."""
        return self.forward_features(pixels).mean((2, 3))

    @torch.jit.ignore  # type: ignore[untyped-decorator]
    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """timm's way to say which weights belong to which group of layers."""
        return {"stem": r"^stages\.0", "blocks": r"^stages\.(\d+)"}


@register_model
def small_cnn(pretrained: bool = False, **options: Any) -> SmallCnn:
    """For timm's registry."""
    if pretrained:
        raise RuntimeError("small_cnn has no weights to load: encoder.weights=random, and let it learn from epoch 0")
    net = SmallCnn(**options)
    net.pretrained_cfg = net.default_cfg = {  # type: ignore[assignment]
        "input_size": (3, 64, 64),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "interpolation": "bilinear",
        "crop_pct": 1.0,
    }
    return net
