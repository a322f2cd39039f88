"""Any of Pillow's pixel modes as RGB."""

from __future__ import annotations

import numpy as np
from PIL import Image

_STRIP = 8_000_000  # pixels converted at a time: the intermediate copies of a large picture need not fit in memory


def to_rgb(image: Image.Image) -> Image.Image:
    """A loaded picture of any mode as RGB: over white where transparent, more than 8 bits scaled to 0..255.

    16-bit pixels are divided by 257. For 32-bit integers and floats, whose white is not fixed, white is the least of
    1 (floats only), 255, 65,535 that no pixel exceeds, or else the brightest pixel.

    Args:
        image: loaded; not changed.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    white = _white(image)
    width, height = image.size
    rows = max(1, _STRIP // width)
    if rows >= height:
        return _strip(image, white)
    picture = Image.new("RGB", image.size)
    for top in range(0, height, rows):
        part = image.crop((0, top, width, min(top + rows, height)))
        part.info = image.info  # where Pillow keeps the transparent color
        picture.paste(_strip(part, white), (0, top))
    return picture


def _white(image: Image.Image) -> float | None:
    """The value that becomes 255; None for modes of 8 bits or fewer."""
    if image.mode.startswith("I;16"):
        return 65535.0
    if image.mode not in ("I", "F"):
        return None
    if image.mode == "I":
        _, brightest = image.getextrema()
        steps = [65535.0] if image.format in ("PNG", "PPM") else [255.0, 65535.0]
    else:
        pixels = np.asarray(image)
        brightest = np.max(pixels, where=np.isfinite(pixels), initial=0.0)
        steps = [1.0, 255.0, 65535.0]
    return next((step for step in steps if brightest <= step), float(brightest))  # type: ignore[operator,arg-type]


def _strip(image: Image.Image, white: float | None) -> Image.Image:
    if white is not None:
        pixels = np.asarray(image)
        scaled = np.nan_to_num(pixels.astype(np.float32) * np.float32(255 / white), nan=0.0)
        gray = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        clear = image.info.get("transparency")
        if isinstance(clear, int):
            gray[pixels == clear] = 255
        return Image.fromarray(gray).convert("RGB")
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture)
        return ground.convert("RGB")
    return image.convert("RGB")
