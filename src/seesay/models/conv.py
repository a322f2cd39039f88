"""`conv`: a CNN written down in settings, layer by layer, for pictures of any size; it begins with random weights."""

from __future__ import annotations

import re
from typing import Any, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional

from seesay.errors import UsageError
from seesay.models.encoders import ENCODERS, EncoderConfig

_LAYER = re.compile(r"conv:(?P<channels>\d+):(?P<kernel>\d+)|pool:(?P<pool>\d+)|(?P<norm>norm)|(?P<flatten>flatten)")
LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in a gray picture (ITU-R BT.601)."""


@ENCODERS.register("conv")
class ConvConfig(EncoderConfig):
    """Settings of the `conv` encoder."""

    name: Literal["conv"] = "conv"
    weights: str = "random"
    size: int | None = Field(64, ge=1)
    layers: tuple[str, ...] = ("conv:32:3", "pool:2", "conv:64:3", "pool:2", "conv:128:3", "pool:2")
    """In order: conv:CHANNELS:KERNEL (the picture keeps its size, ReLU), pool:K (the largest of K × K), norm (batch
    norm; behind a conv it comes before the ReLU), and flatten, which hands all positions over as one vector."""
    channels: Literal[1, 3] = 3
    """Of the picture: 3, or 1 for a gray one."""

    @field_validator("layers")
    @classmethod
    def _known(cls, layers: tuple[str, ...]) -> tuple[str, ...]:
        for layer in layers:
            if not _LAYER.fullmatch(layer) or ":0" in layer:
                raise ValueError(f"{layer!r} is none of conv:CHANNELS:KERNEL, pool:K, norm, flatten")
        if not any(layer.startswith("conv") for layer in layers):
            raise ValueError("there is no conv:CHANNELS:KERNEL among them")
        if "flatten" in layers[:-1]:
            raise ValueError("flatten comes last")
        return layers

    def own_backbone(self) -> nn.Module:
        """`ConvNet`."""
        return ConvNet(self)


class SameConv(nn.Conv2d):
    """A convolution that keeps the picture's size as Keras' "same" does: an even kernel has its extra zeros last."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H, W)."""
        before, after = (self.kernel_size[0] - 1) // 2, self.kernel_size[0] // 2
        out: Tensor = super().forward(functional.pad(input, (before, after, before, after)))
        return out


class ConvNet(nn.Module):
    """The backbone of these settings, with what `Encoder` asks of one of timm's.

    Args:
        config: its settings.
    """

    def __init__(self, config: ConvConfig) -> None:
        super().__init__()
        self.gray = config.channels == 1
        stages: list[list[nn.Module]] = []
        width, side = int(config.channels), config.size or 64
        for layer in config.layers:
            found = _LAYER.fullmatch(layer)
            assert found is not None, "the settings see to it"
            if found["channels"]:
                made = SameConv(width, int(found["channels"]), int(found["kernel"]))
                width = made.out_channels
                stages.append([made, nn.ReLU()])
            elif not stages:
                raise UsageError(
                    f"encoder.layers: {layer} stands before the first conv; begin with conv:CHANNELS:KERNEL"
                )
            elif found["pool"]:
                stages[-1].append(nn.MaxPool2d(int(found["pool"])))
                side //= int(found["pool"])
            elif found["norm"]:
                stages[-1].insert(1 if len(stages[-1]) == 2 else len(stages[-1]), nn.BatchNorm2d(width))
            else:
                stages[-1].append(nn.Flatten())
                width *= side * side
        if side < 1:
            raise UsageError(f"encoder.layers: nothing is left of a picture of {config.size} pixels; pool less")
        self.stages = nn.ModuleList(nn.Sequential(*stage) for stage in stages)
        self.num_features = width
        self.pretrained_cfg = {
            "input_size": (3, config.size or 64, config.size or 64),
            "mean": (0.0, 0.0, 0.0),
            "std": (1.0, 1.0, 1.0),
            "interpolation": "bilinear",
            "crop_pct": 1.0,
        }
        self.default_cfg = self.pretrained_cfg

    def forward_features(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → the map after the last layer, (B, C, h, w), or with flatten (B, C·h·w)."""
        if self.gray:
            pixels = (pixels * torch.tensor(LUMA, device=pixels.device)[:, None, None]).sum(1, keepdim=True)
        for stage in self.stages:
            pixels = stage(pixels)
        return pixels

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → one vector, (B, D): the mean over positions."""
        features = self.forward_features(pixels)
        return features if features.ndim == 2 else features.mean((2, 3))

    @torch.jit.ignore  # type: ignore[untyped-decorator]
    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        """timm's way to say which weights belong to which group of layers."""
        return {"stem": r"^stages\.0", "blocks": r"^stages\.(\d+)"}
