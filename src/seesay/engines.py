"""What computes a model's answers: ONNX Runtime where it is exported, else PyTorch, where that is installed."""

from __future__ import annotations

from typing import Any

from seesay.artifact import Artifact
from seesay.extras import part_of
from seesay.runtime.loading import onnx_networks

ONNX, TORCH = "ONNX Runtime", "PyTorch"


def open_networks(artifact: Artifact, threads: int | None = None) -> Any:
    """The networks of an exported artifact, or those of a run that is not exported, on PyTorch.

    Args:
        artifact: of a captioner or a recognizer.
        threads: CPU threads for ONNX Runtime; None takes all cores.

    Raises:
        ArtifactError: it is damaged, or neither exported nor PyTorch installed.
    """
    if artifact.exported:
        return onnx_networks(artifact, threads)
    try:
        from seesay.exporting.parity import TorchNetworks, TorchRecognition
        from seesay.exporting.weights import load_any_model
        from seesay.models.captioner import CaptionModel
    except ModuleNotFoundError as error:
        part = part_of(error.name or "")
        if part is None or part.extra != "train":
            raise
        return onnx_networks(artifact, threads)  # which says how to export it
    model = load_any_model(artifact)
    return TorchNetworks(model) if isinstance(model, CaptionModel) else TorchRecognition(model)


def engine_of(artifact: Artifact) -> str:
    """What computes its answers, in words."""
    return ONNX if artifact.exported else TORCH
