"""Recognizers on ONNX Runtime: whole clips, over time, as they come."""

import numpy as np
import pytest
import torch
from activities import draw_activities
from PIL import Image

import seesay
from seesay.errors import MediaError, UsageError
from seesay.exporting import export_artifact
from seesay.exporting.weights import describe_classifier, load_any_model, save_model
from seesay.media import FrameSampling
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.encoders import EncoderConfig
from seesay.runtime import Prediction, Recognizer, load_recognizer

LABELS = ("GoesLeft", "GoesRight", "Stays")


def make(folder, name="recurrent", **settings):
    torch.manual_seed(0)
    config = CLASSIFIERS[name].config_class(**settings)
    eyes = EncoderConfig(name="test_efficientnet", weights="random", size=32)
    model = ClassifyModel.build(eyes, config, LABELS).eval()
    save_model(model, describe_classifier(model, config, "tiny", FrameSampling("uniform", 4)), folder / "run")
    export_artifact(folder / "run", folder / "model", quantize="none")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = make(tmp_path_factory.mktemp("recognizer"), hidden=8)
    draw_activities(root / "clips")
    return root


@pytest.fixture(scope="module")
def recognizer(folder):
    return load_recognizer(folder / "model", threads=1)


def test_load_gives_a_recognizer_whose_predictions_are_sorted(folder):
    loaded = seesay.load(folder / "model", threads=1)
    assert isinstance(loaded, Recognizer)
    found = loaded(folder / "clips" / "GoesLeft" / "0.gif")
    assert {one.label for one in found} == set(LABELS)
    assert [one.probability for one in found] == sorted((one.probability for one in found), reverse=True)
    assert sum(one.probability for one in found) == pytest.approx(1, abs=1e-5)
    assert loaded(folder / "clips" / "GoesLeft" / "0.gif", top=1) == found[:1]
    assert Prediction("a", 0.5).to_json() == {"label": "a", "probability": 0.5}


def test_probabilities_are_those_of_pytorch_alone_and_together(folder, recognizer):
    clips = sorted((folder / "clips").glob("*/*.gif"))[:5]
    pixels = np.stack([recognizer.preprocessing.load(clip) for clip in clips])
    together = recognizer.probabilities(pixels)
    model = load_any_model(folder / "run")
    with torch.no_grad():
        expected = model.probabilities(model.encode(pixels)).numpy()
    np.testing.assert_allclose(together, expected, atol=1e-5)
    np.testing.assert_allclose(recognizer.probabilities(pixels[[3]])[0], together[3], atol=1e-5)
    said = [predictions[0].label for predictions in recognizer.recognize(clips)]
    assert said == [LABELS[i] for i in expected.argmax(1)]


def test_clips_that_do_not_open_are_named_and_the_others_go_on(folder, recognizer, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no clip at all")
    good = folder / "clips" / "GoesLeft" / "0.gif"
    results = dict(recognizer.stream([good, tmp_path / "broken.mp4", good]))
    assert isinstance(results[1], MediaError)
    assert "broken.mp4" in str(results[1])
    assert results[0] == results[2]
    with pytest.raises(MediaError, match="broken"):
        recognizer.recognize([tmp_path / "broken.mp4"])


def test_a_timeline_judges_each_moment_as_a_clip_of_its_window(folder, recognizer):
    frames = [np.random.default_rng(i).integers(0, 255, (24, 32, 3), np.uint8) for i in range(12)]
    source = animated(folder / "long.gif", frames, 0.5)  # 6 seconds
    rows = list(recognizer.timeline(source, every=1.0, window=2.0))
    assert [second for second, _ in rows] == [0, 1, 2, 3, 4, 5]
    for second, found in rows[1:-1]:
        part = [frames[i] for i in range(12) if second - 1 <= i / 2 < second + 1]
        pixels = np.stack([recognizer.each.pixels(gif_frame(source, i)) for i in map_back(frames, part)])
        np.testing.assert_allclose(found, recognizer.probabilities(pixels[None])[0], atol=1e-4)


def test_a_short_clip_has_one_moment_at_least(folder, recognizer):
    rows = list(recognizer.timeline(folder / "clips" / "GoesLeft" / "0.gif", every=5.0, window=0.1))
    assert [second for second, _ in rows] == [0]
    assert rows[0][1].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("recurrent", {"hidden": 8, "bidirectional": True}),
        ("recurrent", {"hidden": 8, "pool": "attention"}),
        ("conv_lstm", {"channels": 4, "hidden": 4}),
    ],
)
def test_every_kind_follows_and_keeps_time(name, settings, tmp_path):
    other = load_recognizer(make(tmp_path, name, **settings) / "model", threads=1)
    clip = draw_activities(tmp_path / "clips") / "GoesLeft" / "0.gif"
    for rows in (list(other.follow(clip, every=0.5, window=1.0)), list(other.timeline(clip, every=0.5, window=1.0))):
        assert [second for second, _ in rows] == [0, 0.5]
        assert all(found.sum() == pytest.approx(1, abs=1e-5) for _, found in rows)


@pytest.mark.parametrize("settings", [{"pool": "attention"}, {"bidirectional": True}])
def test_what_is_long_gone_is_not_judged(settings, tmp_path):
    """Of a net that sees its window at once nothing older has a part in what it says."""
    other = load_recognizer(make(tmp_path, hidden=8, **settings) / "model", threads=1)
    dark = [Image.new("RGB", (32, 32), (i, 0, 0)) for i in range(40)]
    light = [Image.new("RGB", (32, 32), (255, 255 - i, i)) for i in range(8)]
    found = []
    for name, frames in (("both.gif", dark + light), ("light.gif", light)):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=250)
        *_, (_, last) = other.follow(tmp_path / name, every=0.25, window=1.0)
        found.append(last)
    np.testing.assert_allclose(*found, atol=1e-4)


def test_following_carries_the_state_from_frame_to_frame(folder, recognizer):
    source = folder / "clips" / "GoesRight" / "1.gif"
    *_, (_, last) = recognizer.follow(source, every=0.25, window=0.1)
    pixels = np.stack([recognizer.each.pixels(gif_frame(source, i)) for i in range(4)])
    logits, _ = recognizer.networks.classify(recognizer.networks.frames(pixels[None]))
    expected = np.exp(logits[0, -1]) / np.exp(logits[0, -1]).sum()
    np.testing.assert_allclose(last, expected, atol=1e-5)


def test_wrong_use_is_refused(folder, recognizer, tmp_path):
    clip = folder / "clips" / "GoesLeft" / "0.gif"
    with pytest.raises(UsageError, match="takes a list"):
        recognizer.recognize(str(clip))
    with pytest.raises(UsageError, match="top is 0"):
        recognizer(clip, top=0)
    with pytest.raises(UsageError, match="above 0"):
        recognizer.timeline(clip, every=0)
    with pytest.raises(UsageError, match="above 0"):
        recognizer.follow(clip, window=-1)


def animated(file, frames, seconds):
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=round(1000 * seconds))
    return file


def gif_frame(file, index):
    from PIL import Image

    with Image.open(file) as opened:
        opened.seek(index)
        return opened.convert("RGB")


def map_back(frames, part):
    return [next(i for i, frame in enumerate(frames) if frame is one) for one in part]
