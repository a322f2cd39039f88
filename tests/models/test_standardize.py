"""Standardized vectors: exact statistics, however the pictures come in batches and processes."""

import subprocess
import sys

import pytest
import torch

from seesay.models.standardize import FLOOR, Standardize


@pytest.mark.parametrize("sizes", [[40], [1] * 40, [7, 1, 20, 12]])
def test_the_batches_do_not_matter(sizes):
    pictures = torch.rand(40, 6, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 7) + 3
    layer = Standardize(6).train()
    for part in pictures.split(sizes):
        assert layer(part).isfinite().all()
    layer.eval()
    found = layer(pictures)
    expected = (pictures - pictures.mean(0)) / (pictures.var(0, unbiased=False) + FLOOR).sqrt()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(layer(pictures[:1]), expected[:1], atol=1e-4, rtol=1e-4)


def test_use_teaches_nothing_and_old_pictures_fade():
    layer = Standardize(2).eval()
    layer(torch.full((5, 2), 9.0))
    assert layer.mean.eq(0).all()
    assert layer.seen == 0
    layer.train()
    for value in (0.0, 1.0):  # the encoder learned, and its numbers are others now
        for _ in range(100):
            layer(torch.full((1000, 2), value))
    assert (layer.mean > 0.98).all()
    assert (layer.variance < 0.02).all()


SHARED = """
import sys
import torch
from seesay.models.standardize import Standardize
rank, meeting = int(sys.argv[1]), sys.argv[2]
torch.distributed.init_process_group("gloo", init_method="file://" + meeting, rank=rank, world_size=2)
pictures = torch.rand(40, 3, generator=torch.Generator().manual_seed(0)) + 2
layer = Standardize(3).train()
for part in pictures.split(8):
    layer(part[rank::2])
torch.testing.assert_close(layer.mean, pictures.mean(0), atol=1e-4, rtol=1e-4)
torch.testing.assert_close(layer.variance, pictures.var(0, unbiased=False), atol=1e-4, rtol=1e-3)
torch.distributed.destroy_process_group()
"""


@pytest.mark.timeout(300)
def test_two_processes_share_what_they_see(tmp_path):
    calls = [[sys.executable, "-c", SHARED, str(rank), str(tmp_path / "meeting")] for rank in range(2)]
    running = [subprocess.Popen(c, stderr=subprocess.PIPE, text=True) for c in calls]
    told = [process.communicate(timeout=240)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], told
