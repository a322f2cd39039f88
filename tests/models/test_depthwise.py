"""The quick gradients are the gradients."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seesay.models.depthwise import QuickDepthwise, wanted

SHAPES = [(3, 1, 1), (3, 2, 1), (5, 1, 1), (5, 2, 1), (3, 1, 2), (7, 1, 1)]


def gradients(kernel: int, stride: int, dilation: int, *, quick: bool, bf16: bool, bias: bool = False):
    torch.manual_seed(2)
    conv = nn.Conv2d(8, 8, kernel, stride, kernel // 2, dilation, groups=8, bias=bias)
    x = torch.randn(4, 8, 15, 17, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        if quick:
            with QuickDepthwise():
                out = conv(x)
        else:
            out = conv(x)
    (out.float() * torch.linspace(-1, 1, out.numel()).view_as(out)).sum().backward()
    return [out.detach().float(), x.grad, *(p.grad for p in conv.parameters())]


def distance(found, true):
    return max(float((a - b).norm() / b.norm()) for a, b in zip(found, true, strict=True))


@pytest.mark.parametrize(("kernel", "stride", "dilation"), SHAPES)
@pytest.mark.parametrize("bias", [False, True])
def test_quick_gradients_are_as_near_to_float32_as_the_usual_ones(kernel, stride, dilation, bias):
    true = gradients(kernel, stride, dilation, quick=False, bf16=False, bias=bias)
    usual = gradients(kernel, stride, dilation, quick=False, bf16=True, bias=bias)
    quick = gradients(kernel, stride, dilation, quick=True, bf16=True, bias=bias)
    assert distance(quick, true) < 1.2 * distance(usual, true) < 0.05


def test_other_convolutions_are_left_alone():
    x, full, grouped = torch.randn(1, 8, 5, 5), torch.randn(8, 8, 3, 3), torch.randn(8, 4, 3, 3)
    with torch.autocast("cpu", torch.bfloat16), QuickDepthwise():
        found = F.conv2d(x, full, padding=1), F.conv2d(x, grouped, None, 1, 1, 1, 2)
    with torch.autocast("cpu", torch.bfloat16):
        usual = F.conv2d(x, full, padding=1), F.conv2d(x, grouped, None, 1, 1, 1, 2)
    assert all(torch.equal(a, b) for a, b in zip(found, usual, strict=True))


def test_it_is_for_gradients_in_bfloat16_only():
    pixels = torch.zeros(1, 3, 4, 4)
    assert not wanted(pixels)
    with torch.autocast("cpu", torch.bfloat16):
        assert wanted(pixels)
        with torch.no_grad():
            assert not wanted(pixels)
