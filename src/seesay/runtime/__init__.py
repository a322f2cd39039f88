"""Captions and activities from an exported artifact, on ONNX Runtime; no PyTorch."""

from seesay.runtime.caption import Caption
from seesay.runtime.captioner import Captioner
from seesay.runtime.ensemble import Ensemble
from seesay.runtime.fusion import Fusion
from seesay.runtime.loading import load, load_recognizer
from seesay.runtime.networks import Networks, OnnxNetworks
from seesay.runtime.recognizer import Prediction, Recognizer
from seesay.search_options import SearchSettings

__all__ = [
    "Caption",
    "Captioner",
    "Ensemble",
    "Fusion",
    "Networks",
    "OnnxNetworks",
    "Prediction",
    "Recognizer",
    "SearchSettings",
    "load",
    "load_recognizer",
]
