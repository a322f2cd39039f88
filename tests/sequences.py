"""Small models of texts and sounds with random weights, and files for them."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seesay.exporting import export_artifact, save_model
from seesay.exporting.weights import describe_classifier
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.sequences import CldnnConfig, SequenceConfig, SoundCnnConfig, TextCnnConfig
from seesay.text import Vocabulary

LABELS = ("first", "second", "third")
WORDS = Vocabulary.build([["the", "cat", "sat", "on", "a", "mat", "and", "slept"]], min_count=1)
SMALL: dict[str, SequenceConfig] = {
    "text": TextCnnConfig(length=11, embedding=6, channels=(8, 5), pool=2),
    "sound": SoundCnnConfig(seconds=0.5, rate=8000, mels=20, channels=(8, 5), kernel=3),
    "cldnn": CldnnConfig(seconds=0.5, rate=8000, mels=20, channels=(8, 8), kernel=3, linear=8),
}


def model_of(kind: str, classifier: str = "recurrent", **settings: Any) -> ClassifyModel:
    """A random recognizer of texts or sounds."""
    torch.manual_seed(0)
    config = CLASSIFIERS[classifier].config_class(**(settings or ({"hidden": 8} if classifier == "recurrent" else {})))
    model = ClassifyModel.build(SMALL[kind], config, LABELS, vocabulary=WORDS if kind == "text" else None)
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            if "running" in name:
                buffer.uniform_(0.1, 0.3)  # no batch norm is what it is at birth
    return model.eval()


def exported(folder: Path, kind: str, quantize: Any = "none") -> Path:
    """Such a model as an artifact that the runtime takes."""
    model = model_of(kind)
    config = CLASSIFIERS["recurrent"].config_class(hidden=8)
    save_model(model, describe_classifier(model, config, f"tiny {kind}", None), folder / "run")
    export_artifact(folder / "run", folder / "model", quantize=quantize)
    return folder / "model"


def tone(pitch: float = 440.0, seconds: float = 0.4, rate: int = 8000) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A sine of half the full scale."""
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)


def write_wav(file: Path, samples: Any, rate: int = 8000, width: int = 2, channels: int = 1) -> Path:
    """Samples of -1 to 1, (S,) or (S, channels), as PCM of so many bytes each."""
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = np.round(np.asarray(samples) * (2.0 ** (8 * width - 1) - 1)).astype("<i8")
    if width == 1:
        content = (whole + 128).astype(np.uint8).tobytes()
    else:
        content = whole.reshape(-1, 1).view(np.uint8)[:, :width].tobytes()
    with wave.open(str(file), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(content)
    return file
