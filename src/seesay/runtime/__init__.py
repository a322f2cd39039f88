"""Captions from an exported artefact, on ONNX Runtime; no PyTorch."""

from seesay.runtime.caption import Caption
from seesay.runtime.captioner import Captioner, load
from seesay.runtime.networks import Networks, OnnxNetworks

__all__ = ["Caption", "Captioner", "Networks", "OnnxNetworks", "load"]
