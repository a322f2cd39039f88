"""From a trained model to an artifact that runs without PyTorch: ONNX graphs, quantization, and the check of both."""

from seesay.exporting.command import Quantize, export_artifact
from seesay.exporting.parity import Parity, TorchNetworks, check_parity
from seesay.exporting.weights import describe, load_model, save_model

__all__ = [
    "Parity",
    "Quantize",
    "TorchNetworks",
    "check_parity",
    "describe",
    "export_artifact",
    "load_model",
    "save_model",
]
