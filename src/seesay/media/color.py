"""Any of Pillow's pixel modes as sRGB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from seesay.media.color_space import ColorSpace

_STRIP = 8_000_000  # pixels converted at a time: the intermediate copies of a large picture need not fit in memory
NAME = "name of the file"
"""The key of a picture's `info` under which notes find how to call it."""
_SAYS_COLOR = ("icc_profile", "cicp", "gamma", "chromaticity", "nclx")  # what `color_space` reads of a picture's info


def to_rgb(image: Image.Image) -> Image.Image:
    """A loaded picture of any mode as sRGB: over white where transparent, more than 8 bits scaled to 0..255.

    Its color space is the one that its `info` names (see `color_space`), sRGB where none is named; CMYK without a
    profile is converted by subtraction. 16-bit pixels are divided by 257. For 32-bit integers and floats, whose white
    is not fixed, white is the least of 1 (floats only), 255, 65,535 that no pixel exceeds, or else the brightest pixel.

    Args:
        image: loaded; not changed.
    """
    space = _space(image)
    if image.mode == "RGB" and space is None and "transparency" not in image.info:
        return image
    white = _white(image)
    width, height = image.size
    rows = max(1, _STRIP // width)
    if rows >= height:
        return _strip(image, white, space)
    picture = Image.new("RGB", image.size)
    for top in range(0, height, rows):
        part = image.crop((0, top, width, min(top + rows, height)))
        part.info = image.info  # where Pillow keeps the transparent color
        picture.paste(_strip(part, white, space), (0, top))
    return picture


def deep_to_rgb(samples: NDArray[np.uint16], clear: NDArray[np.uint16] | None, space: ColorSpace | None) -> Image.Image:
    """Samples of 16 bits as sRGB, over white where transparent.

    Args:
        samples: (H, W, 1 or 3), gray or RGB, not multiplied by alpha.
        clear: alpha, (H, W), 65,535 where opaque; None where all is.
        space: the color space; None for sRGB.
    """
    height, width = samples.shape[:2]
    picture = Image.new("RGB", (width, height))
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        part = samples[top : top + rows]
        pixels = None if space is None else space.convert_deep(part)
        if pixels is None:
            pixels = ((part.astype(np.uint32) + 128) // 257).astype(np.uint8)
            small = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
            strip = small.convert("RGB") if space is None else space.convert(small)
        else:
            strip = Image.fromarray(pixels)
        if clear is not None:
            alpha = ((clear[top : top + rows].astype(np.uint32) + 128) // 257).astype(np.uint8)
            strip = over_white(strip, Image.fromarray(alpha))
        picture.paste(strip, (0, top))
    return picture


def over_white(picture: Image.Image, alpha: Image.Image) -> Image.Image:
    """A picture in mode RGB, not multiplied by its alpha (mode L), over white."""
    ground = Image.new("RGBA", picture.size, "white")
    above = picture.copy()
    above.putalpha(alpha)
    ground.alpha_composite(above)
    return ground.convert("RGB")


def says_color(info: Mapping[Any, Any]) -> bool:
    """Whether a picture's `info` may name a color space other than sRGB."""
    return any(key in info for key in _SAYS_COLOR) or b"R03\0" in info.get("exif", b"")


def _space(image: Image.Image) -> ColorSpace | None:
    if not says_color(image.info):
        return None  # most pictures; what follows takes time to import
    from seesay.media.color_space import color_space

    return color_space(image)


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


def _strip(image: Image.Image, white: float | None, space: ColorSpace | None) -> Image.Image:
    if white is not None:
        return _gray_strip(image, white, space)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    if space is None and alpha is None and image.mode != "LAB":
        return image.convert("RGB")
    colors = image.copy()
    colors.info = {}
    if image.mode in ("RGBa", "La"):  # multiplied by alpha, which color conversions must not see
        colors = colors.convert("RGBA" if image.mode == "RGBa" else "LA")
    if colors.mode in ("1", "LA"):
        colors = colors.convert("L")
    elif colors.mode not in ("L", "CMYK", "LAB"):
        colors = colors.convert("RGB")
    if colors.mode == "LAB" and space is None:
        from seesay.media.icc import lab_space

        space = lab_space()
    picture = colors.convert("RGB") if space is None else space.convert(colors)
    return picture if alpha is None else over_white(picture, alpha)


def _gray_strip(image: Image.Image, white: float, space: ColorSpace | None) -> Image.Image:
    pixels = np.asarray(image)
    scaled = np.nan_to_num(pixels.astype(np.float32) * np.float32(65535 / white), nan=0.0)
    samples = np.clip(np.rint(scaled), 0, 65535).astype(np.uint16)[..., None]
    key = image.info.get("transparency")
    clear = np.where(pixels == key, 0, 65535).astype(np.uint16) if isinstance(key, int) else None
    return deep_to_rgb(samples, clear, space)
