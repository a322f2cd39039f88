"""Dropout drops what it says, keeps the mean, and is torch's own where nothing is to be gained."""

import pytest
import torch

from seesay.models.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_share_and_scale(p: float, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    out = Dropout(p)(torch.ones(1001, 999, dtype=dtype))
    assert out.dtype == dtype
    assert out.shape == (1001, 999)
    assert float((out == 0).double().mean()) == pytest.approx(p, abs=0.003)
    kept = out[out != 0].double().unique()
    assert kept.tolist() == pytest.approx([1 / (1 - p)], rel=4e-3)
    # Neither places nor calls are alike.
    again = Dropout(p)(torch.ones(1001, 999, dtype=dtype))
    same = p * p + (1 - p) ** 2
    assert float(((out == 0) == (again == 0)).double().mean()) == pytest.approx(same, abs=0.004)
    assert float(((out[:, 1:] == 0) == (out[:, :-1] == 0)).double().mean()) == pytest.approx(same, abs=0.004)


def test_gradient_is_the_mask() -> None:
    x = torch.randn(7, 5, requires_grad=True)
    torch.manual_seed(3)
    out = Dropout(0.4)(x)
    out.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad * x, out)


def test_seed_decides() -> None:
    net, x = Dropout(0.5), torch.ones(3, 4)
    torch.manual_seed(5)
    first = net(x)
    torch.manual_seed(5)
    assert torch.equal(net(x), first)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3, 5)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    assert Dropout(0.5)(torch.ones(shape)).shape == shape


def test_nothing_is_dropped_where_nothing_should_be() -> None:
    x = torch.randn(4, 4)
    assert torch.equal(Dropout(0.0)(x), x)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert not Dropout(1.0)(x).any()
