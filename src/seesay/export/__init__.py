"""From a trained model to an artefact that runs without PyTorch: ONNX graphs, quantisation, and the check of both."""

from seesay.export.command import Quantize, export_artefact
from seesay.export.parity import Parity, TorchNetworks, check_parity
from seesay.export.weights import describe, load_model, save_model

__all__ = [
    "Parity",
    "Quantize",
    "TorchNetworks",
    "check_parity",
    "describe",
    "export_artefact",
    "load_model",
    "save_model",
]
