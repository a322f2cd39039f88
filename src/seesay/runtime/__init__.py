"""Captions from an exported artefact, on ONNX Runtime; no PyTorch."""

from seesay.runtime.caption import Caption
from seesay.runtime.captioner import Captioner, load
from seesay.runtime.ensemble import Ensemble
from seesay.runtime.networks import Networks, OnnxNetworks
from seesay.runtime.settings import SearchSettings

__all__ = ["Caption", "Captioner", "Ensemble", "Networks", "OnnxNetworks", "SearchSettings", "load"]
