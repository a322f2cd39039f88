"""Training on optical flow: kept features, pixels of a CNN that learns, and settings that make no sense."""

import numpy as np
import pytest
import torch
from activities import CLASSES, SMALL, draw_activities
from lightning.fabric import Fabric
from PIL import Image

from seesay.data import Sample
from seesay.errors import UsageError
from seesay.exporting.weights import load_any_model
from seesay.media.flow import FLOW_CENTER
from seesay.models.captioner import encode
from seesay.models.classifier import ClassifyModel
from seesay.models.encoders import Encoder, EncoderConfig
from seesay.training import load_config, train
from seesay.training.features import FeatureStore, extract_dataset
from seesay.training.inputs import Clips
from seesay.training.sections import ClipSettings

pytest.importorskip("cv2", reason="optical flow needs OpenCV: pip install 'seesay[flow]'")


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return Encoder(EncoderConfig(name="test_efficientnet", weights="random", size=32)).eval()


@pytest.fixture(scope="module")
def activities(tmp_path_factory):
    return draw_activities(tmp_path_factory.mktemp("flow"))


@pytest.fixture(scope="module")
def samples(activities):
    return [Sample(f"{f.parent.name}/{f.stem}", f, label=f.parent.name) for f in sorted(activities.glob("*/*.gif"))]


@pytest.mark.parametrize("positions", [False, True])
def test_kept_features_are_those_of_the_pixels(encoder, samples, tmp_path, positions):
    inputs = Clips(ClipSettings(frames=4, kept=4, positions=positions, flow=True))
    features = FeatureStore(tmp_path, Fabric(accelerator="cpu", devices=1), inputs)
    features.prepare(encoder, samples)
    pixels = inputs.pixels(samples, encoder.preprocessing, None)
    assert pixels.shape == (len(samples), 4, 32, 32, 6)
    with torch.no_grad():
        memory = encode(encoder, pixels, positions=positions)
    assert memory.grid.shape[2] == 2 * encoder.dim
    torch.testing.assert_close(features.memory(samples).grid, memory.grid, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("positions", [False, True])
def test_colors_and_flow_are_side_by_side(encoder, samples, positions):
    pixels = Clips(ClipSettings(frames=4, flow=True)).pixels(samples[:2], encoder.preprocessing, None)
    with torch.no_grad():
        both = encode(encoder, pixels, positions=positions).grid
        each = [encode(encoder, part, positions=positions).grid for part in pixels.split(3, -1)]
    torch.testing.assert_close(both, torch.cat(each, -1), atol=1e-5, rtol=1e-4)


def test_kept_features_without_flow_are_found_as_before():
    assert Clips(ClipSettings(kept=32)).key() == {"clip": {"kept": 32, "positions": False}}
    assert Clips(ClipSettings(kept=32, flow=True)).key()["clip"]["flow"]["scale"] > 0


def test_a_mirrored_clip_flows_the_other_way(encoder, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (8, 16, 3), dtype=np.uint8)
    scene = Image.fromarray(noise).resize((128, 64), Image.Resampling.BICUBIC)
    for number in range(4):  # what is seen moves to the right by 4 of 64 pixels a frame
        scene.crop((40 - 4 * number, 0, 104 - 4 * number, 64)).save(tmp_path / f"{number}.png")
    inputs = Clips(ClipSettings(frames=4, kept=4, flow=True))
    ways = []
    for seed in range(8):
        (clip,) = inputs.pixels([Sample("a", tmp_path)], encoder.preprocessing, (seed,)).numpy()
        colors, flow = clip[..., :3], clip[..., 3:]
        gaps = [np.abs(np.roll(colors[0].astype(int), by, 1) - colors[-1]).mean() for by in (6, -6)]
        ways.append(gaps[0] < gaps[1])
        assert (flow[..., 0].mean() > FLOW_CENTER) == ways[-1]
    assert set(ways) == {True, False}


@pytest.mark.parametrize(
    ("recipe", "more"),
    [("lrcn_activity", ["classifier.hidden=8"]), ("conv_lstm", ["classifier.channels=4", "classifier.hidden=4"])],
)
def test_a_run_learns_from_flow_with_the_cnn_fixed_and_learning(recipe, more, activities, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    settings = [
        *SMALL,
        *more,
        "clip.flow=true",
        "training.epochs=2",
        "finetune.from_epoch=1",
        "finetune.frames_at_once=3",
    ]
    run = train(recipe, settings, f"tiny_activities:{activities}", tmp_path / "run")
    model = load_any_model(run)
    assert isinstance(model, ClassifyModel)
    assert model.flow
    assert model.dim == 2 * model.encoder.dim
    assert model.labels == CLASSES


def test_settings_that_make_no_sense_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"clip\.flow=true is for recognizing clips, and decoder for captions"):
        load_config("s2vt", ["clip.flow=true"])
    with pytest.raises(UsageError, match=r"clip\.flow=true is for recognizing clips, and decoder for captions"):
        load_config("default", ["clip.flow=true"])
    with pytest.raises(UsageError, match=r"clip\.flow"):
        load_config("lrcn_activity", ["clip.flow=often"])
    for wanted in ("flow", "positions"):
        with pytest.raises(UsageError, match=r"are of clips.*--frames"):
            extract_dataset(f"folders:{tmp_path}", EncoderConfig(), tmp_path / "out", **{wanted: True})
