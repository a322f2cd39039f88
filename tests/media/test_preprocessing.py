"""The encoder's pixels: sizes, what is kept of the picture, numbers, and the way to JSON and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seesay.errors import ArtifactError, UsageError
from seesay.media import Preprocessing, open_picture

SAMPLES = Path(__file__).parents[2] / "samples"


def stripes(width: int, height: int) -> Image.Image:
    """Left third red, middle green, right blue."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for i in range(3):
        pixels[:, i * width // 3 : (i + 1) * width // 3, i] = 255
    return Image.fromarray(pixels)


def test_squash_keeps_all_of_the_picture() -> None:
    pixels = Preprocessing(size=(20, 30)).pixels(stripes(300, 100))
    assert pixels.shape == (20, 30, 3)
    assert pixels.dtype == np.uint8
    assert [pixels[10, x].argmax() for x in (5, 15, 25)] == [0, 1, 2]
    assert pixels[:, 2].min(0)[0] == 255


def test_crop_keeps_the_middle() -> None:
    pixels = Preprocessing(size=(32, 32), fit="crop").pixels(stripes(300, 100))
    assert (pixels[:, 2:-2] == [0, 255, 0]).all()


@pytest.mark.parametrize(("width", "height"), [(400, 400), (600, 400), (400, 480)])
@pytest.mark.parametrize("ratio", [1.0, 0.625, 0.5])
def test_crop_is_resize_then_center_crop(width: int, height: int, ratio: float) -> None:
    with Image.open(SAMPLES / "coffee.jpg") as image:
        picture = image.resize((width, height))
    ours = Preprocessing(size=(100, 100), fit="crop", crop_ratio=ratio).pixels(picture)
    short = round(100 / ratio)
    scale = short / min(width, height)
    resized = picture.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    left, top = (resized.width - 100) // 2, (resized.height - 100) // 2
    theirs = np.asarray(resized.crop((left, top, left + 100, top + 100)))
    difference = np.abs(ours.astype(int) - theirs)
    assert difference.mean() < 0.5, "margins of whole pixels; others are cut between two pixels, not rounded"


@pytest.mark.parametrize("size", [(1, 1), (1, 30_000), (30_000, 1), (3, 2)])
@pytest.mark.parametrize("fit", ["squash", "crop"])
def test_tiny_and_very_long_pictures(size: tuple[int, int], fit: Any) -> None:
    pixels = Preprocessing(size=(16, 24), fit=fit, crop_ratio=0.9).pixels(Image.new("RGB", size, (7, 8, 9)))
    assert pixels.shape == (16, 24, 3)
    assert (pixels == [7, 8, 9]).all()


def test_pixels_can_be_written_to() -> None:
    pixels = Preprocessing(size=(8, 8)).pixels(stripes(8, 8))
    pixels[:] = 0
    assert pixels.flags.c_contiguous


def test_load_is_open_then_pixels() -> None:
    preprocessing = Preprocessing(size=(64, 64), fit="crop", crop_ratio=0.8)
    path = SAMPLES / "rocket.jpg"
    expected = preprocessing.pixels(open_picture(path, target=preprocessing.target))
    np.testing.assert_array_equal(preprocessing.load(path), expected)
    assert preprocessing.target == (80, 80)
    assert Preprocessing(size=(64, 32)).target == (64, 32)


def test_normalize() -> None:
    preprocessing = Preprocessing(size=(2, 3), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    pixels = np.random.default_rng(0).integers(0, 256, (5, 2, 3, 3), np.uint8)
    normal = preprocessing.normalize(pixels)
    assert normal.shape == (5, 3, 2, 3)
    assert normal.dtype == np.float32
    for channel in range(3):
        expected = (pixels[..., channel] / 255 - preprocessing.mean[channel]) / preprocessing.std[channel]
        np.testing.assert_allclose(normal[:, channel], expected, atol=1e-6)


def test_json_and_back() -> None:
    preprocessing = Preprocessing((260, 240), "crop", 0.875, "bilinear", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    stored = json.loads(json.dumps(preprocessing.to_json()))
    assert Preprocessing.from_json(stored) == preprocessing
    assert hash(Preprocessing.from_json(stored)) == hash(preprocessing)


@pytest.mark.parametrize(
    "change",
    [
        {"fit": "stretch"},
        {"size": [0, 3]},
        {"size": 7},
        {"unknown": 1},
        {"mean": [1]},
        {"crop_ratio": "x"},
        {"std": None},
    ],
)
def test_json_that_is_wrong(change: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError, match="preprocessing cannot be read: "):
        Preprocessing.from_json({**Preprocessing((4, 4)).to_json(), **change})
    with pytest.raises(ArtifactError):
        Preprocessing.from_json({})


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": (0, 5)},
        {"size": (5,)},
        {"fit": "pad"},
        {"crop_ratio": 0.0},
        {"crop_ratio": 1.1},
        {"interpolation": "nearest"},
        {"mean": (0.5,)},
        {"std": (1.0, 0.0, 1.0)},
    ],
)
def test_values_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"preprocessing: {next(iter(wrong))}"):
        Preprocessing(**{"size": (4, 4), **wrong})
