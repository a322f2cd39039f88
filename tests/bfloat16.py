"""Autocast to bfloat16, where this machine's PyTorch can: on some CPUs oneDNN refuses recurrent nets in it."""

from contextlib import contextmanager

import pytest
import torch


@contextmanager
def bfloat16():
    try:
        with torch.autocast("cpu", torch.bfloat16):
            yield
    except RuntimeError as error:
        if "could not create a primitive" not in str(error):
            raise
        pytest.skip("this CPU's LSTM does not compute in bfloat16 (oneDNN)")
