"""Recognizers of clips with their optical flow, on ONNX Runtime: what they see is what training saw."""

import numpy as np
import pytest
import torch
from activities import draw_activities

from seesay.artifact import read_artifact
from seesay.data import Sample
from seesay.errors import MissingPartError
from seesay.exporting import export_artifact
from seesay.exporting.weights import describe_classifier, load_any_model, save_model
from seesay.media import FrameSampling, frames_of
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.encoders import EncoderConfig
from seesay.runtime import load_recognizer
from seesay.training.inputs import Clips
from seesay.training.sections import ClipSettings

pytest.importorskip("cv2", reason="optical flow needs OpenCV: pip install 'seesay[flow]'")
FRAMES = 3


def make(folder, name, **settings):
    torch.manual_seed(0)
    config = CLASSIFIERS[name].config_class(**settings)
    eyes = EncoderConfig(name="test_efficientnet", weights="random", size=64)
    model = ClassifyModel.build(eyes, config, ("GoesLeft", "GoesRight", "Stays"), flow=True).eval()
    about = describe_classifier(model, config, "tiny", FrameSampling("uniform", FRAMES, flow=True))
    save_model(model, about, folder / "run")
    export_artifact(folder / "run", folder / "model", quantize="none")  # which compares the two
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = make(tmp_path_factory.mktemp("flow_recognizer"), "recurrent", hidden=8)
    draw_activities(root / "clips")
    return root


@pytest.fixture(scope="module")
def recognizer(folder):
    return load_recognizer(folder / "model", threads=1)


@pytest.fixture(scope="module")
def clip(folder):
    return folder / "clips" / "GoesRight" / "1.gif"


def test_the_artifact_says_that_it_reads_flow(folder):
    assert read_artifact(folder / "model").manifest.clip["flow"] is True


def test_whole_clips_are_seen_as_in_training(folder, recognizer):
    files = sorted((folder / "clips").glob("*/*.gif"))
    seen = np.stack([recognizer.preprocessing.load(file) for file in files])
    inputs = Clips(ClipSettings(frames=FRAMES, flow=True))
    trained = inputs.pixels([Sample(str(file), file) for file in files], recognizer.each, None)
    np.testing.assert_array_equal(seen, trained.numpy())
    assert seen.shape == (len(files), FRAMES, 64, 64, 6)
    assert seen[..., 5].any(), "something moves"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("recurrent", {"hidden": 8, "cell": "rnn", "differences": True}),
        ("conv_lstm", {"channels": 4, "hidden": 4}),
    ],
)
def test_probabilities_are_those_of_pytorch(name, settings, folder, tmp_path):
    make(tmp_path, name, **settings)
    recognizer = load_recognizer(tmp_path / "model", threads=1)
    model = load_any_model(tmp_path / "run")
    files = sorted((folder / "clips").glob("*/*.gif"))[2:6]
    pixels = np.stack([recognizer.preprocessing.load(file) for file in files])
    with torch.no_grad():
        expected = model.probabilities(model.encode(pixels)).numpy()
    np.testing.assert_allclose(recognizer.probabilities(pixels), expected, atol=1e-5)
    for found, wanted in zip(recognizer.recognize(files), expected, strict=True):
        assert found[0].label == recognizer.labels[wanted.argmax()]
        assert found[0].probability == pytest.approx(wanted.max(), abs=1e-5)


def test_following_carries_the_state_and_sees_the_flow(recognizer, clip):
    *_, (_, last) = recognizer.follow(clip, every=0.25, window=0.1)
    pixels = np.stack([pixels for _, pixels in frames_of(clip, recognizer.each, flow=True)])
    assert pixels.shape == (4, 64, 64, 6)
    logits, _ = recognizer.networks.classify(recognizer.networks.frames(pixels[None]))
    expected = np.exp(logits[0, -1]) / np.exp(logits[0, -1]).sum()
    np.testing.assert_allclose(last, expected, atol=1e-5)


def test_over_time_a_window_is_judged_with_its_flow(recognizer, clip):
    rows = list(recognizer.timeline(clip, every=0.5, window=8.0))  # all frames in each window
    pixels = np.stack([pixels for _, pixels in frames_of(clip, recognizer.each, 0.5, flow=True)])
    expected = recognizer.probabilities(pixels[None][:, [0, 0, 1]])[0]
    assert [second for second, _ in rows] == [0, 0.5]
    for _, found in rows:
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_without_opencv_a_model_of_flow_says_what_to_install(recognizer, clip, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(MissingPartError, match=r"seesay\[flow\]"):
        recognizer(clip)
    with pytest.raises(MissingPartError, match=r"seesay\[flow\]"):
        list(recognizer.follow(clip))
