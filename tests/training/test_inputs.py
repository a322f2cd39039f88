"""Clips as sequences of frames: kept features, pixels, and the CNN over time."""

import numpy as np
import pytest
import torch
from lightning.fabric import Fabric
from PIL import Image

from seesay.data import Sample
from seesay.errors import UsageError
from seesay.media.sampling import spaced
from seesay.models.captioner import encode
from seesay.models.encoders import Encoder, EncoderConfig
from seesay.training import load_config
from seesay.training.features import FeatureStore, extract, open_cache
from seesay.training.inputs import Clips, Pictures
from seesay.training.sections import ClipSettings


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return Encoder(EncoderConfig(name="test_efficientnet", weights="random", size=32)).eval()


@pytest.fixture(scope="module")
def fabric():
    return Fabric(accelerator="cpu", devices=1)


@pytest.fixture
def samples(tmp_path):
    """Three clips, of 12, 4 and 1 frames, each frame of its own gray."""
    made = []
    for name, count in (("long", 12), ("short", 4), ("still", 1)):
        frames = [Image.new("RGB", (40, 30), (20 * i, 20 * i, 255 - 20 * i)) for i in range(count)]
        frames[0].save(tmp_path / f"{name}.gif", save_all=True, append_images=frames[1:], duration=100)
        made.append(Sample(name, tmp_path / f"{name}.gif", label="gray"))
    return made


def test_frames_are_spaced_evenly_and_repeated_where_there_are_too_few():
    assert spaced(12, 4).tolist() == [0, 3, 6, 9]
    assert spaced(2, 5).tolist() == [0, 0, 0, 1, 1]
    assert spaced(1, 3).tolist() == [0, 0, 0]


def test_a_clip_is_its_frames_through_the_same_cnn(encoder):
    pixels = torch.randint(0, 255, (2, 3, 32, 32, 3), dtype=torch.uint8)
    memory = encode(encoder, pixels)
    for clip in range(2):
        alone = encode(encoder, pixels[clip])
        torch.testing.assert_close(memory.grid[clip], alone.pooled)
        torch.testing.assert_close(memory.pooled[clip], alone.pooled.mean(0))


@pytest.mark.parametrize("positions", [False, True])
def test_kept_features_are_those_of_the_frames(encoder, fabric, samples, tmp_path, positions):
    inputs = Clips(ClipSettings(frames=4, kept=8, positions=positions))
    with open_cache(tmp_path / "cache", encoder, inputs) as cache:
        assert extract(samples, encoder, cache, fabric, inputs) == 3
        memory = inputs.memory(cache, samples, None)
    pixels = Clips(ClipSettings(frames=8, kept=8)).pixels(samples, encoder.preprocessing, None)
    with torch.no_grad():
        frames = encoder(torch.from_numpy(encoder.preprocessing.normalize(pixels.flatten(0, 1).numpy())))
    every = frames.grid if positions else frames.pooled[:, None]
    every = every.view(3, 8, -1, encoder.dim)[:, [1, 3, 5, 7]].flatten(1, 2)
    torch.testing.assert_close(memory.grid, every, atol=2e-2, rtol=2e-2)
    torch.testing.assert_close(memory.pooled, memory.grid.mean(1))


def test_a_seed_draws_one_frame_of_each_part_and_always_the_same(encoder, fabric, samples, tmp_path):
    features = FeatureStore(tmp_path / "cache", fabric, Clips(ClipSettings(frames=2, kept=12)))
    features.prepare(encoder, samples)
    whole = FeatureStore(tmp_path / "cache", fabric, Clips(ClipSettings(frames=12, kept=12)))
    whole.prepare(encoder, samples)
    every = whole.memory(samples).grid[0]
    seen = set()
    for seed in range(30):
        drawn = features.memory(samples, (seed,)).grid[0]
        assert torch.equal(drawn, features.memory(samples, (seed,)).grid[0])
        places = [int((every - frame).abs().sum(1).argmin()) for frame in drawn]
        assert places[0] < 6 <= places[1]
        seen.update(places)
    assert len(seen) > 8


def test_all_frames_of_a_clip_are_changed_alike(encoder, tmp_path):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize((64, 64))
    folder = tmp_path / "same"
    folder.mkdir()
    for i in range(4):
        picture.save(folder / f"{i:03}.png")
    inputs = Clips(ClipSettings(frames=4, kept=4))
    plain = inputs.pixels([Sample("a", folder)], encoder.preprocessing, None)
    changed = inputs.pixels([Sample("a", folder)], encoder.preprocessing, (3,))
    assert changed.shape == plain.shape == (1, 4, 32, 32, 3)
    assert all(torch.equal(changed[0, 0], frame) for frame in changed[0])
    assert not torch.equal(changed, plain)


def test_sections_of_one_clip_are_kept_apart(encoder, fabric, samples, tmp_path):
    media = samples[0].media
    parts = [Sample("a", media, start=0.0, end=0.4), Sample("b", media, start=0.8, end=1.2)]
    features = FeatureStore(tmp_path / "cache", fabric, Clips(ClipSettings(frames=2, kept=2)))
    features.prepare(encoder, parts)
    memory = features.memory(parts)
    assert not torch.allclose(memory.grid[0], memory.grid[1])


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match=r"kept=2 is less than frames=4"):
        load_config("merge", ["clip.frames=4", "clip.kept=2"])
    with pytest.raises(UsageError, match=r"clip\.frame'.*Did you mean 'frames'"):
        load_config("merge", ["clip.frame=4"])


def test_views_of_a_picture_are_drawn_and_the_first_is_the_picture(encoder, fabric, tmp_path):
    rng = np.random.default_rng(1)
    photos = []
    for i in range(3):
        Image.fromarray(rng.integers(0, 255, (9, 9, 3), dtype=np.uint8)).resize((60, 50)).save(tmp_path / f"{i}.png")
        photos.append(Sample(str(i), tmp_path / f"{i}.png", ("a word",)))
    plain = FeatureStore(tmp_path / "cache", fabric, Pictures())
    several = FeatureStore(tmp_path / "cache", fabric, Pictures(copies=4))
    for features in (plain, several):
        features.prepare(encoder, photos)
    torch.testing.assert_close(several.memory(photos).grid, plain.memory(photos).grid, atol=2e-2, rtol=2e-2)
    torch.testing.assert_close(several.memory(photos).pooled, plain.memory(photos).pooled, atol=2e-2, rtol=2e-2)
    drawn = [several.memory(photos, (seed,)).pooled[0] for seed in range(40)]
    assert len({tuple(pooled.tolist()) for pooled in drawn}) == 4
    assert torch.equal(drawn[5], several.memory(photos, (5,)).pooled[0])
    memory = several.memory(photos, (5,))
    torch.testing.assert_close(memory.grid.mean(1), memory.pooled, atol=1e-2, rtol=1e-2)
