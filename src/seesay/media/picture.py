"""One picture, whatever its kind, as upright RGB."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import threading
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.errors import MediaError
from seesay.media import formats, png
from seesay.media.color import NAME, deep_to_rgb, says_color, to_rgb
from seesay.media.gif import open_gif
from seesay.media.isobmff import HEIF_HEAD, heif_color, jpeg2000_profile
from seesay.media.jpeg import open_jpeg, without_end
from seesay.media.parts import open_part
from seesay.media.source import name_of, open_bytes
from seesay.printable import printable

MAX_PIXELS = 200_000_000
"""Pictures with more pixels than this are refused before they are decoded."""

# Formats with a signature of their own, most usual first. Left out: those that Pillow hands to another program (EPS)
# and those without a signature (TGA, DIB), which "open" any rubbish.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "JPEG2000", "ICO", "QOI") + (
    ("AVIF",) if find_spec("PIL.AvifImagePlugin") else ()
)

ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
"""Formats whose further frames follow in time; those of TIFF, MPO and ICO are other pictures or other sizes."""

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LARGE = 30_000_000
_one_large = threading.Lock()  # threads hold at most one large picture at a time, or memory is theirs times the largest
_shared = threading.Lock()  # a caller's own image may be given twice, and Pillow's load() is not safe in two threads

log = logging.getLogger("seesay.media")
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Pillow's complaints go to standard error


def open_picture(source: Any, *, target: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open a picture: upright by its EXIF orientation, RGB, over white where it is transparent, first frame.

    What a file holds decides, not its name. CMYK is converted; 16-bit, 32-bit and float pixels are scaled to 0..255.

    Args:
        source: a path, the bytes of a file, an open binary file, a PIL image, a uint8 array (H, W, 3) or a
            `WebPicture`.
        target: (height, width) in pixels that will do; a much larger JPEG is then decoded smaller and faster, at twice
            this or more.
        max_pixels: a picture with more is refused before it is decoded.

    Returns:
        A picture in mode RGB.

    Raises:
        MediaError: one line that names the picture and says what is wrong: missing, truncated, too large, of no known
            format, an array of another shape or type.
    """
    try:
        with quiet():
            if isinstance(source, np.ndarray):
                return _from_array(source, max_pixels)
            if isinstance(source, Image.Image):
                _check_size(source, max_pixels)
                with _shared:
                    source.load()
                return upright(source.copy())
            with open_bytes(source) as handle:
                return decode(handle, target, max_pixels)
    except MediaError as error:
        raise MediaError(f"{name_of(source)}: {error}") from error.__cause__
    except MemoryError as error:
        raise MediaError(f"{name_of(source)}: not enough memory for this picture; make it smaller") from error
    # Damaged files make the decoders raise nearly anything: OSError, SyntaxError, struct.error, OverflowError …
    except Exception as error:
        reason = printable(error).replace("(0 bytes not processed)", "").strip() or type(error).__name__
        raise MediaError(f"{name_of(source)}: truncated or damaged picture ({reason})") from error


def is_animated(source: Any) -> bool:
    """Whether a picture has several frames that are shown one after the other; False where it cannot be read."""
    try:
        with quiet(), open_bytes(source) as handle:
            image = recognize(handle)
            return image.format in ANIMATED and bool(getattr(image, "is_animated", False))
    except Exception:  # see `open_picture`, which will tell
        return False


def _from_array(array: NDArray[Any], max_pixels: int) -> Image.Image:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        shape = ", ".join(map(str, array.shape))
        raise MediaError(f"an array must be uint8 (H, W, 3), RGB from 0 to 255; this is {array.dtype} ({shape})")
    picture = Image.fromarray(np.ascontiguousarray(array))
    _check_size(picture, max_pixels)
    return picture


def decode(handle: BinaryIO, target: tuple[int, int] | None, max_pixels: int) -> Image.Image:
    """As `open_picture`, of an open file at its beginning.

    Raises:
        MediaError: too large, or of a kind that is not read.
        Exception: whatever Pillow's decoders raise for damaged files.
    """
    image = recognize(handle)
    _check_size(image, max_pixels)
    with _one_large if image.width * image.height > _LARGE else contextlib.nullcontext():
        if image.format in ("JPEG", "MPO"):
            return upright(_load_jpeg(image, handle, target))
        if image.format == "PNG":
            return _load_png(image)
        image.load()
        return upright(image)


def _load_jpeg(image: Image.Image, handle: BinaryIO, target: tuple[int, int] | None) -> Image.Image:
    start = handle.tell()
    _draft(image, target)
    try:
        image.load()
    except OSError:  # truncated
        handle.seek(0)
        whole = without_end(handle.read(), lambda file: _redone(file, target))
        handle.seek(start)
        if whole is None:
            raise
        log.info("%s: the JPEG has no end marker; its pixels are all there", _name(handle))
        return whole
    return image


def _redone(file: BinaryIO, target: tuple[int, int] | None) -> Image.Image:
    image = recognize(file)
    _draft(image, target)
    image.load()
    return image


def _draft(image: Image.Image, target: tuple[int, int] | None) -> None:
    if target and image.mode in ("RGB", "L"):
        height, width = target if _orientation(image) < 5 else target[::-1]
        # Twice the target, so that the resize which follows has as many pixels as it needs.
        image.draft(image.mode, (2 * width, 2 * height))


def _load_png(image: Any) -> Image.Image:
    if getattr(image, "is_animated", False):
        if getattr(image, "default_image", False):
            image.seek(1)  # the picture before the first frame is for programs that know no animated PNG
    elif png.is_deep_color(image) and (says_color(image.info) or "transparency" in image.info):
        image.fp.seek(0)
        data = image.fp.read()
        samples, clear = png.deep_samples(recognize(io.BytesIO(data)), recognize(io.BytesIO(data)))
        gray = samples.shape[2] == 1
        return _turned(deep_to_rgb(samples, clear, _deep_space(image, "L" if gray else "RGB")), _orientation(image))
    image.load()
    return upright(image)


def _deep_space(image: Image.Image, mode: str) -> Any:
    from seesay.media.color_space import color_space

    one = Image.new(mode, (1, 1))
    one.info = image.info
    return color_space(one)


def recognize(handle: BinaryIO) -> Image.Image:
    """The picture, its header read and no more; its `info` says what its colors are, see `color_space`.

    As `Image.open`, but with our formats only, and without Pillow's own limit of size: ours takes its place.

    Raises:
        MediaError: of no format that is read; the message names it where it is known.
    """
    prefix = handle.read(64)
    damaged: Exception | None = None
    for name in FORMATS:
        if name not in Image.OPEN:
            Image.preinit()
        if name not in Image.OPEN:
            Image.init()
        if name not in Image.OPEN:
            continue
        factory, accept = Image.OPEN[name]
        if not accept or accept(prefix[:16]) is not True:
            continue
        if name in ("TIFF", "AVIF") and (formats.refused(prefix) or formats.needs_part(prefix)):
            continue  # a camera's raw file, or HEVC in the container of AVIF
        handle.seek(0)
        try:
            image = _OPENED.get(name, lambda file, factory: factory(file, ""))(handle, factory)
            image.info[NAME] = _name(handle)
            return image
        except (SyntaxError, IndexError, TypeError, KeyError, EOFError) as error:  # of this kind, but not readable
            damaged = error
    if damaged is not None:
        raise damaged
    if (part := formats.needs_part(prefix)) is not None:
        handle.seek(0)
        return open_part(handle, *part)
    if (unread := formats.refused(prefix + handle.read(2000))) is not None:
        if unread[0] == "camera raw":
            from seesay.media.raw import open_preview

            if (preview := open_preview(handle)) is not None:
                return preview
        raise MediaError(f"this is {unread[0]}, which SeeSay does not read; {unread[1]}")
    raise MediaError(f"not a picture of a known format ({', '.join(FORMATS)}, HEIC, JXL)")


def _name(handle: BinaryIO) -> str:
    """For notes."""
    name = getattr(handle, "name", None)
    return printable(name) if isinstance(name, (str, Path)) else "a picture"


def _open_png(handle: BinaryIO, factory: Any) -> Image.Image:
    chunks = png.read_chunks(handle)
    if chunks.damaged:
        log.info("%s: chunks with a wrong checksum are passed over", _name(handle))
        handle = png.without(handle, chunks.damaged)
    handle.seek(0)
    try:
        image: Image.Image = factory(handle, "")
    except (SyntaxError, ValueError, OSError):
        if not chunks.unneeded:
            raise
        image = factory(png.without(handle, chunks.unneeded), "")
    if chunks.cicp is not None:
        image.info["cicp"] = chunks.cicp
    png.scale_key(image)
    return image


def _open_tiff(handle: BinaryIO, factory: Any) -> Image.Image:
    from seesay.media.tiff import open_tiff

    return open_tiff(handle, factory)


def _open_bmp(handle: BinaryIO, factory: Any) -> Image.Image:
    from seesay.media.bmp import says_of_color

    image: Image.Image = factory(handle, "")
    place = handle.tell()
    image.info.update(says_of_color(handle))
    handle.seek(place)
    return image


def _open_avif(handle: BinaryIO, factory: Any) -> Image.Image:
    image: Image.Image = factory(handle, "")
    handle.seek(0)
    if (nclx := heif_color(handle.read(HEIF_HEAD))) is not None:
        image.info["nclx"] = nclx
    return image


def _open_jpeg2000(handle: BinaryIO, factory: Any) -> Image.Image:
    image: Image.Image = factory(handle, "")
    place = handle.tell()
    handle.seek(0)
    if (profile := jpeg2000_profile(handle.read(HEIF_HEAD))) is not None:
        image.info.setdefault("icc_profile", profile)
    handle.seek(place)
    return image


_OPENED = {"JPEG": open_jpeg, "PNG": _open_png, "GIF": open_gif, "BMP": _open_bmp, "TIFF": _open_tiff} | {
    "AVIF": _open_avif,
    "JPEG2000": _open_jpeg2000,
}


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise MediaError(
            f"{width} x {height} is {width * height / 1e6:g} megapixels and the limit is {max_pixels / 1e6:g}; "
            f"make it smaller, or raise the limit: --max-pixels {width * height} (caption, recognize and features), "
            "max_pixels in Python"
        )
    if width < 1 or height < 1:
        raise MediaError("the picture has no pixels")


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is a format of its own, broken in its own ways; the pixels may be sound all the same
        return 1
    return value if value in _UPRIGHT else 1


def upright(image: Image.Image) -> Image.Image:
    """A loaded picture as RGB, turned as its EXIF orientation says; what is given may be changed."""
    # Read after load(): Pillow itself turns a TIFF upright as it loads, and then forgets the tag.
    return _turned(to_rgb(image), _orientation(image))


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    turn = _UPRIGHT.get(orientation)
    if turn is not None:
        picture = picture.transpose(turn)
    picture.info = {}  # holds the orientation, which is done with
    return picture


_quiet_lock = threading.Lock()
_quiet_users = 0
_quiet_filter: Any = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence Pillow's warnings, in any number of threads: `warnings.catch_warnings` is for one."""
    global _quiet_users
    with _quiet_lock:
        _quiet_users += 1
        if _quiet_filter not in warnings.filters:
            warnings.filters.insert(0, _quiet_filter)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_users -= 1
            if not _quiet_users and _quiet_filter in warnings.filters:
                warnings.filters.remove(_quiet_filter)  # type: ignore[attr-defined]
