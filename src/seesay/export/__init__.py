"""From a trained model to an artefact that runs without PyTorch: ONNX graphs, quantisation, and the check of both."""

from seesay.export.weights import describe, load_model, save_model

__all__ = ["describe", "load_model", "save_model"]
