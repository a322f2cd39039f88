"""Verbs that need PyTorch say so in one line where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seesay.errors import MissingPartError

_TRAIN_PARTS = {
    "torch",
    "torchvision",
    "timm",
    "lightning",
    "pydantic",
    "yaml",
    "safetensors",
    "onnx",
    "matplotlib",
    "gensim",
}
_SWEEP_PARTS = {"optuna", "sqlalchemy", "alembic"}


@contextmanager
def training_parts() -> Iterator[None]:
    """Turn a missing module of the extras `train` and `sweep` into the line that says how to install it.

    Raises:
        MissingPartError: a part is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in _TRAIN_PARTS:
            raise MissingPartError(f"this needs {error.name}: pip install 'seesay[train]'") from None
        if (error.name or "").split(".")[0] in _SWEEP_PARTS:
            raise MissingPartError(f"--trials needs {error.name}: pip install 'seesay[sweep]'") from None
        raise
