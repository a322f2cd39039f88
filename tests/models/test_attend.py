"""Attention by either way against the formula, with its gradients."""

import math

import pytest
import torch

from seesay.models.attend import attend


@pytest.fixture(params=[True, False], ids=["training", "use"])
def parts(request):
    torch.manual_seed(0)
    query, keys, values = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4)
    return [part.requires_grad_(request.param) for part in (query, keys, values)]


def formula(query, keys, values, bias):
    scores = query @ keys.transpose(-1, -2) / math.sqrt(query.shape[-1])
    return (scores + bias).softmax(-1) @ values


EARLIER = torch.ones(5, 5, dtype=torch.bool).tril()
FIRST_THREE = torch.tensor([True, True, True, False, False])


@pytest.mark.parametrize(
    ("settings", "bias"),
    [
        ({}, torch.zeros(5, 5)),
        ({"causal": True}, torch.zeros(5, 5).masked_fill(~EARLIER, -math.inf)),
        ({"mask": FIRST_THREE.expand(5, 5)}, torch.zeros(5, 5).masked_fill(~FIRST_THREE, -math.inf)),
        ({"mask": torch.arange(5.0).expand(5, 5)}, torch.arange(5.0).expand(5, 5)),
    ],
    ids=["everywhere", "causal", "bool mask", "float mask"],
)
def test_it_is_the_formula(parts, settings, bias):
    found, expected = attend(*parts, **settings), formula(*parts, bias)
    torch.testing.assert_close(found, expected)
    if found.requires_grad:
        grads = torch.autograd.grad(found.square().sum(), parts)
        torch.testing.assert_close(grads, torch.autograd.grad(expected.square().sum(), parts))
