"""Depthwise convolutions whose gradients are quick in bfloat16 on a CPU.

oneDNN has no fast bfloat16 kernel for two of them: the gradient of the input where the stride is not 1 (10 to 100 times
slower than float32) and that of kernels wider than 3 (3 times). These are computed in float32; all else stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class QuickDepthwise(TorchFunctionMode):
    """Within this context, `conv2d` that is depthwise, on a CPU and under bfloat16 autocast has the quick gradient."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in (F.conv2d, torch.conv2d) and len(args) == 7 and not kwargs:
            x, weight, bias, stride, padding, dilation, groups = args
            if 1 < groups == len(weight) == x.shape[1] and not isinstance(padding, str):
                out = _Depthwise.apply(x, weight, _pair(stride), _pair(padding), _pair(dilation))
                return out if bias is None else out + bias[:, None, None]
        return func(*args, **(kwargs or {}))


def wanted(pixels: Tensor) -> bool:
    """Whether there is something to gain: gradients in bfloat16 on a CPU."""
    return (
        torch.is_grad_enabled()
        and pixels.device.type == "cpu"
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") == torch.bfloat16
    )


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: list[int], padding: list[int], dilation: list[int]) -> Any:
        x = x.bfloat16()
        ctx.save_for_backward(x, weight)
        ctx.options = stride, padding, dilation
        with torch.autocast("cpu", enabled=False):
            return F.conv2d(x, weight.bfloat16(), None, stride, padding, dilation, len(weight))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        x, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.options

        def one(wanted: int, dtype: torch.dtype) -> Tensor:
            values = gradient.to(dtype), x.to(dtype), weight.to(dtype)
            mask = [wanted == 0, wanted == 1, False]
            found = torch.ops.aten.convolution_backward(
                *values, None, stride, padding, dilation, False, [0, 0], len(weight), mask
            )
            result: Tensor = found[wanted]
            return result

        of_input = of_weight = None
        if ctx.needs_input_grad[0]:
            of_input = one(0, torch.float32 if max(stride) > 1 else torch.bfloat16).to(x.dtype)
        if ctx.needs_input_grad[1]:
            of_weight = one(1, torch.float32 if max(weight.shape[2:]) > 3 else torch.bfloat16).to(weight.dtype)
        return of_input, of_weight, None, None, None


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)
