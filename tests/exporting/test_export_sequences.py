"""Recognizers of texts and sounds, exported: what ONNX Runtime says is what PyTorch says, from files to predictions."""

import sys

import numpy as np
import pytest
import torch
from sequences import LABELS, exported, tone, write_wav

import seesay
from seesay.artifact import read_artifact
from seesay.errors import UsageError
from seesay.exporting import export_artifact
from seesay.exporting.weights import load_any_model
from seesay.runtime import load_recognizer


def sources(kind, folder):
    if kind == "text":
        return [b"the cat sat", b"a mat slept and the cat sat on a mat and then on more", b"dog"]
    lengths = enumerate((0.05, 0.3, 0.9))
    return [write_wav(folder / f"{i}.wav", tone(300 * (i + 1), seconds)) for i, seconds in lengths]


@pytest.mark.parametrize("quantize", ["none", "float16", "int8"])
@pytest.mark.parametrize("kind", ["text", "sound"])
def test_the_runtime_says_what_pytorch_says(kind, quantize, tmp_path):
    model = exported(tmp_path, kind, quantize)
    recognizer = load_recognizer(model, threads=1)
    assert recognizer.modality == kind
    given = sources(kind, tmp_path)
    whole = load_any_model(model)
    assert whole.preprocessing == recognizer.preprocessing
    with torch.no_grad():
        loaded = np.stack([whole.preprocessing.load(source) for source in given])
        expected = whole.probabilities(whole.encode(loaded)).numpy()
    np.testing.assert_allclose(recognizer.probabilities(loaded), expected, atol=1e-4)
    for source, row in zip(given, expected, strict=True):
        (best, *_) = recognizer(source)
        assert best.label == LABELS[row.argmax()]
        assert best.probability == pytest.approx(row.max(), abs=1e-4)


def test_the_graph_takes_tokens_or_frames(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    for kind, name, shape, dtype in (("text", "tokens", [11], "int64"), ("sound", "frames", [48, 20], "float")):
        file = exported(tmp_path / kind, kind) / "encoder.onnx"
        (given,) = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]).get_inputs()
        assert (given.name, given.shape[1:], given.type) == (name, shape, f"tensor({dtype})")
    described = read_artifact(tmp_path / "text" / "model").manifest
    assert "cat" in described.vocabulary["tokens"]
    assert described.clip is None


def test_no_pytorch_is_needed(tmp_path, monkeypatch):
    model = exported(tmp_path, "sound")
    for name in ("torch", "timm", "onnx", "safetensors"):
        monkeypatch.setitem(sys.modules, name, None)
    found = seesay.load(model)(write_wav(tmp_path / "a.wav", tone()))
    assert {one.label for one in found} == set(LABELS)


def test_over_time_and_calibration_are_for_clips(tmp_path):
    recognizer = load_recognizer(exported(tmp_path, "text"))
    for call in (recognizer.timeline, recognizer.follow):
        with pytest.raises(UsageError, match="judges whole texts; only clips are judged over time"):
            call(b"the cat")
    with pytest.raises(UsageError, match="calibration is of CNNs that look at pictures"):
        export_artifact(tmp_path / "run", tmp_path / "int8", quantize="int8", calibration=["a.jpg"])
