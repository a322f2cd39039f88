"""Pictures of every kind, small."""

import io

import numpy as np
from PIL import Image, ImageDraw


def photo(seed=0, size=(96, 72)):
    """Noise and shades, as photos have."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 215, (6, 8, 3)).astype(np.uint8)
    base = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)).astype(int)
    noisy = base + rng.normal(0, 5, base.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def chart(seed=0, size=(240, 160)):
    """Axes and bars."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    draw.line((20, 8, 20, size[1] - 20), "black", 2)
    draw.line((20, size[1] - 20, size[0] - 8, size[1] - 20), "black", 2)
    for number, color in enumerate(["red", "green", "blue", "orange", "purple"]):
        left = 30 + number * (size[0] - 50) // 5
        draw.rectangle((left, int(rng.integers(20, size[1] - 40)), left + 20, size[1] - 21), fill=color)
    return picture


def writing(lines=("Summer sale", "ends on Sunday"), size=(240, 80)):
    """Black letters on white."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((10, 10 + 26 * number), line, "black", font_size=20)
    return picture


def icon(size=(24, 24), color="black"):
    """A shape of one color."""
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).ellipse((3, 3, size[0] - 4, size[1] - 4), outline=color, width=3)
    return picture


def encoded(picture, kind="PNG", **options):
    """A picture as the bytes of a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
