"""TIFF by its tags: what Pillow reads wrongly, or not at all, is put together here, or refused by its name."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from seesay.errors import MediaError
from seesay.media.color import deep_to_rgb, to_rgb
from seesay.media.raw import is_raw, open_preview
from seesay.media.tiff_samples import UNPACKED, read_samples, read_subsampled
from seesay.media.tiff_tags import TiffTags, read_tags

_COLORS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3, 9: 3}  # photometric → samples of color
_BY_PILLOW = frozenset({2, 3, 4, 6, 7, 50001})  # compressions that know of colors, or of single bits
_ICC = 34675


def open_tiff(handle: BinaryIO, pillow: Any) -> Image.Image:
    """A TIFF's first picture, its tags read and no more.

    Args:
        handle: of the file.
        pillow: Pillow's own reader, which takes the usual kinds.

    Raises:
        MediaError: of a kind that cannot be read rightly, or damaged.
    """
    tags = read_tags(handle)
    if is_raw(tags):
        if (preview := open_preview(handle)) is not None:
            return preview
        if tags.number(254) & 1:
            raise MediaError("this is camera raw with a thumbnail alone, which SeeSay does not read; develop it first")
    if _is_plain(tags):
        handle.seek(0)
        image: Image.Image = pillow(handle, "")
        return image
    problem = _problem(tags)
    if problem:
        raise MediaError(f"{_article(tags.kind)} {tags.kind}, which SeeSay cannot read: {problem}")
    return TaggedTiff(handle, tags)


def _article(words: str) -> str:
    return "an" if words[0] in "8" or words[:3] in ("11 ", "18 ") else "a"


def _is_plain(tags: TiffTags) -> bool:
    """Whether Pillow reads this kind as its tags say."""
    if tags.compression in _BY_PILLOW:
        return tags.compression != 7 or (set(tags.bits) == {8} and tags.photometric in (0, 1, 2, 5, 6))
    eight, one = set(tags.bits) == {8}, tags.bits == (1,)
    if (
        tags.compression not in UNPACKED
        or tags.format != 1
        or tags.planar
        or not (eight or one)
        or tags.number(266, 1) == 2
    ):
        return False
    if tags.photometric in (0, 1):
        return tags.samples == 1
    if tags.photometric == 2:
        return eight and (tags.samples == 3 or (tags.samples == 4 and tags.extra in ((0,), (1,), (2,))))
    return eight and tags.photometric == 5 and tags.samples == 4 and tags.number(332, 1) == 1


def _problem(tags: TiffTags) -> str:
    """Why a picture of this kind is not put together here; empty where it is."""
    colors = _COLORS.get(tags.photometric)
    gray = tags.photometric in (0, 1)
    advice = "save it as a TIFF of 8 or 16 bits, or as a PNG"
    if tags.compression not in UNPACKED:
        return advice
    if tags.photometric in (32803, 34892):
        return "develop it with a raw converter, and save it as a JPEG"
    if colors is None or tags.samples < colors:
        return advice
    if len(set(tags.bits)) != 1 or len(tags.bits) != tags.samples or not 1 <= tags.bits[0] <= 64:
        return advice
    bits = tags.bits[0]
    single = gray and tags.samples == 1
    fits = {
        1: bits <= 32,
        2: single and bits in (8, 16, 32),
        3: single and bits in (16, 32, 64),
    }.get(tags.format, False)
    if tags.photometric == 3:
        fits = fits and bits <= 16 and len(tags.numbers(320)) >= 3 << bits
    elif tags.photometric == 6:
        fits = fits and bits == 8 and tags.samples == 3 and (not tags.planar or tags.numbers(530) == (1, 1))
    elif tags.photometric in (8, 9):
        fits = fits and bits in (8, 16)
    elif tags.photometric == 5:
        fits = fits and tags.number(332, 1) == 1  # inks other than cyan, magenta, yellow and black
    return "" if fits and tags.number(317, 1) in (1, 2, 3) else advice


class TaggedTiff(ImageFile.ImageFile):
    """A TIFF whose pixels are put together by its tags; once loaded it is sRGB, over white."""

    format = "TIFF"

    def __init__(self, handle: BinaryIO, tags: TiffTags) -> None:
        self._tags = tags
        super().__init__(handle, "")

    def _open(self) -> None:
        self._size = (self._tags.width, self._tags.height)
        self._mode = "RGB"
        exif = Image.Exif()
        exif[0x0112] = self._tags.number(274, 1)
        self.info["exif"] = exif.tobytes()
        self.tile = []

    def load(self) -> Any:
        """Read the pixels."""
        if self._im is None:
            assert self.fp is not None
            self.im = _assembled(self.fp, self._tags).im
        return Image.Image.load(self)


def _assembled(handle: Any, tags: TiffTags) -> Image.Image:
    profile = tags.values.get(_ICC)
    info: dict[str, Any] = {"icc_profile": bytes(profile)} if profile else {}
    if tags.photometric == 6:
        return _ycbcr(read_subsampled(handle, tags) if not tags.planar else read_samples(handle, tags), tags, info)
    samples = read_samples(handle, tags)
    count, bits = _COLORS[tags.photometric], tags.bits[0]
    if tags.photometric == 3:
        return _palette(samples, tags, info)
    if tags.photometric in (0, 1) and tags.samples == 1 and (tags.format != 1 or bits > 16):
        return _wide_gray(samples[..., 0], tags, info)
    if tags.photometric in (8, 9):
        return to_rgb(_with(_lab(samples[..., :3], tags), info))
    alpha, multiplied = _alpha(tags, count)
    deep = _sixteen(samples, bits)
    colors, clear = deep[..., :count], None if alpha is None else deep[..., count + alpha]
    if tags.photometric == 0:
        colors = 65535 - colors
    if clear is not None and multiplied:
        whole = np.maximum(clear, 1).astype(np.uint32)[..., None]
        colors = np.minimum((colors.astype(np.uint32) * 65535 + whole // 2) // whole, 65535).astype(np.uint16)
    if tags.photometric == 5:
        image = _with(Image.fromarray(_eight(colors), "CMYK"), info)
        picture = to_rgb(image)
        if clear is None:
            return picture
        from seesay.media.color import over_white

        return over_white(picture, Image.fromarray(_eight(clear)))
    return deep_to_rgb(colors, clear, _space_of("L" if count == 1 else "RGB", info))


def _alpha(tags: TiffTags, count: int) -> tuple[int | None, bool]:
    """Which extra sample is alpha, and whether the colors are multiplied by it."""
    extra = tags.extra
    if not extra and tags.samples == count + 1 and count in (1, 3):
        return 0, False  # programs that forget to say so mean alpha
    for place, meaning in enumerate(extra[: tags.samples - count]):
        if meaning in (1, 2):
            return place, meaning == 1
    return None, False


def _sixteen(samples: NDArray[Any], bits: int) -> NDArray[np.uint16]:
    """Unsigned samples, all of the range of their depth → 0..65,535."""
    if bits == 16:
        return samples.astype(np.uint16, copy=False)
    if bits > 16:
        return (samples >> (bits - 16)).astype(np.uint16)
    most = (1 << bits) - 1
    table = (np.arange(most + 1, dtype=np.uint32) * 65535 + most // 2) // most
    return np.asarray(table.astype(np.uint16)[samples])


def _eight(samples: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _with(image: Image.Image, info: dict[str, Any]) -> Image.Image:
    image.info.update(info)
    return image


def _space_of(mode: str, info: dict[str, Any]) -> Any:
    if not info:
        return None
    from seesay.media.color_space import color_space

    return color_space(_with(Image.new(mode, (1, 1)), info))


def _wide_gray(samples: NDArray[Any], tags: TiffTags, info: dict[str, Any]) -> Image.Image:
    """Signed, float and 32-bit gray, whose white is not fixed, save for unsigned samples above 65,535."""
    if tags.format == 1:
        if samples.max(initial=0) > 65535:
            return deep_to_rgb(_inverted(_sixteen(samples, tags.bits[0]), tags)[..., None], None, _space_of("L", info))
        samples = samples.astype(np.int32)
    values = samples.astype(np.float32 if tags.format == 3 else np.int32)
    picture = to_rgb(Image.fromarray(values))
    if tags.photometric == 0:
        picture = Image.fromarray(255 - np.asarray(picture))
    return picture


def _inverted(samples: NDArray[np.uint16], tags: TiffTags) -> NDArray[np.uint16]:
    return 65535 - samples if tags.photometric == 0 else samples


def _palette(samples: NDArray[Any], tags: TiffTags, info: dict[str, Any]) -> Image.Image:
    size = 1 << tags.bits[0]
    table = np.array(tags.numbers(320)[: 3 * size], np.uint16).reshape(3, size).T
    if table.max() < 256:
        table = table * np.uint16(257)  # some programs write 8 bits where the standard asks for 16, as libtiff knows
    alpha, _ = _alpha(tags, 1)
    clear = None if alpha is None or not tags.extra else _sixteen(samples[..., 1 + alpha], tags.bits[0])
    return deep_to_rgb(table[samples[..., 0]], clear, _space_of("RGB", info))


def _lab(samples: NDArray[Any], tags: TiffTags) -> Image.Image:
    """CIELab has signed a and b, ICCLab has them moved by half the range; L goes up to 65,280 in its 16 bits."""
    if tags.bits[0] == 16:
        light = samples[..., 0].astype(np.float64) / (65535 if tags.photometric == 8 else 65280) * 255
        colors = np.rint(samples[..., 1:].astype(np.uint16).view(np.int16) / 256).clip(-128, 127).astype(np.int8)
        if tags.photometric == 9:
            colors = np.rint(samples[..., 1:] / 256 - 128).clip(-128, 127).astype(np.int8)
        samples = np.dstack([np.rint(light.clip(0, 255)).astype(np.uint8), colors.view(np.uint8)])
    elif tags.photometric == 9:
        samples = samples ^ np.array([0, 128, 128], np.uint8)
    height, width = samples.shape[:2]
    return Image.frombytes("LAB", (width, height), np.ascontiguousarray(samples).tobytes(), "raw", "LAB")


def _ycbcr(samples: NDArray[Any], tags: TiffTags, info: dict[str, Any]) -> Image.Image:
    """By the file's own coefficients and its black and white; TIFF 6.0, section 21."""
    red, green, blue = (*(tags.values.get(529) or ()), 0.299, 0.587, 0.114)[:3]
    levels = tags.values.get(532) or (0, 255, 128, 255, 128, 255)
    black, white = np.array(levels[::2], np.float32), np.array(levels[1::2], np.float32)
    height, width = samples.shape[:2]
    result = np.empty((height, width, 3), np.uint8)
    rows = max(1, (1 << 20) // width)
    for top in range(0, height, rows):
        part = (
            (samples[top : top + rows] - black) / np.maximum(white - black, 1) * np.array([255, 127, 127], np.float32)
        )
        luma, cb, cr = part[..., 0], part[..., 1], part[..., 2]
        r, b = luma + cr * (2 - 2 * red), luma + cb * (2 - 2 * blue)
        g = (luma - red * r - blue * b) / green
        result[top : top + rows] = np.rint(np.stack([r, g, b], axis=2)).clip(0, 255)
    return to_rgb(_with(Image.fromarray(result), info))
