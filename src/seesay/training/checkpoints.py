"""Checkpoints: one safetensors file, written whole or not at all. No pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from seesay.errors import TrainingError
from seesay.files import replacing


def write_checkpoint(file: Path, tensors: Mapping[str, Tensor], progress: Mapping[str, Any]) -> None:
    """Write tensors and JSON-able progress to `file`; a kill or a full disk leaves the previous checkpoint whole.

    Raises:
        TrainingError: the file could not be written, for example because no space is left.
    """
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        with replacing(file) as part:
            save_file(whole, part, metadata={"progress": json.dumps(progress)})
            part.chmod(0o644)  # safetensors' own is 0600
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{file}: checkpoint not written ({error}); the previous one is kept") from error


def read_checkpoint(file: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and progress of a checkpoint.

    Raises:
        TrainingError: the file is missing or damaged.
    """
    try:
        with safe_open(str(file), framework="pt") as handle:
            progress: dict[str, Any] = json.loads(handle.metadata()["progress"])
            return {name: handle.get_tensor(name) for name in handle.keys()}, progress  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{file}: not a checkpoint ({error}); train into a new folder, without --resume") from error


def with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names as `prefix.name`."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def without_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries named `prefix.…`, their prefix removed."""
    start = f"{prefix}."
    return {name[len(start) :]: tensor for name, tensor in tensors.items() if name.startswith(start)}
