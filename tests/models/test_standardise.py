"""Standardised pooled vectors: exact statistics, however the pictures come in batches."""

import pytest
import torch

from seesay.models.standardise import FLOOR, Standardise


@pytest.mark.parametrize("sizes", [[40], [1] * 40, [7, 1, 20, 12]])
def test_the_batches_do_not_matter(sizes):
    pictures = torch.rand(40, 6, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 7) + 3
    layer = Standardise(6).train()
    for part in pictures.split(sizes):
        assert layer(part).isfinite().all()
    layer.eval()
    found = layer(pictures)
    expected = (pictures - pictures.mean(0)) / (pictures.var(0, unbiased=False) + FLOOR).sqrt()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(layer(pictures[:1]), expected[:1], atol=1e-4, rtol=1e-4)


def test_use_teaches_nothing_and_old_pictures_fade():
    layer = Standardise(2).eval()
    layer(torch.full((5, 2), 9.0))
    assert layer.mean.eq(0).all()
    assert layer.seen == 0
    layer.train()
    for value in (0.0, 1.0):  # the encoder learned, and its numbers are others now
        for _ in range(100):
            layer(torch.full((1000, 2), value))
    assert (layer.mean > 0.98).all()
    assert (layer.variance < 0.02).all()
