"""The loss of each token, and its gradient, are torch's."""

import pytest
import torch
from torch.nn import functional as F

from seesay.training.cross_entropy import ROWS, token_losses


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("tokens", [1, ROWS, 2 * ROWS + 3])
def test_as_torch(smoothing: float, tokens: int) -> None:
    torch.manual_seed(0)
    ours = (4 * torch.randn(tokens, 31)).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    targets, weight = torch.randint(0, 31, (tokens,)), torch.randn(tokens)
    found = token_losses(ours, targets, smoothing)
    wanted = F.cross_entropy(theirs, targets, label_smoothing=smoothing, reduction="none")
    torch.testing.assert_close(found, wanted)
    (found * weight).sum().backward()
    (wanted * weight).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_bfloat16_is_summed_in_float32() -> None:
    torch.manual_seed(0)
    logits = torch.randn(500, 2000).bfloat16().requires_grad_()
    targets = torch.randint(0, 2000, (500,))
    losses = token_losses(logits, targets, 0.1)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses, F.cross_entropy(logits.float(), targets, label_smoothing=0.1, reduction="none"))
    losses.sum().backward()
    assert logits.grad is not None
    assert logits.grad.dtype == torch.bfloat16


def test_large_logits_stay_finite() -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    loss = token_losses(logits, torch.tensor([1]), 0.1)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
