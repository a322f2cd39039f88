"""JPEG files that end too early, whose pixels may all be there, and those made to cost long, which are refused."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from PIL import Image

from seesay.errors import MediaError

MOST_SCANS = 100
"""Of one picture; encoders write 1 to 20. Each goes over all of its pixels."""
MOST_METADATA, MOST_EXIF = 64 << 20, 4 << 20  # bytes before the pixels
_SCAN, _APP1 = 0xDA, 0xE1
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_END = b"\xff\xd9"
_FILLERS = (b"", b"\0" * 64, b"\xfe\x55" * 48, bytes((37 * i + 11) % 254 for i in range(256)))


def open_jpeg(handle: BinaryIO, factory: Any) -> Image.Image:
    """A JPEG, its header read and no more.

    Args:
        handle: at its beginning.
        factory: Pillow's own reader.

    Raises:
        MediaError: more scans or metadata than a photo has.
    """
    _check(handle)
    handle.seek(0)
    image: Image.Image = factory(handle, "")
    return image


def _check(handle: BinaryIO) -> None:
    metadata, exif, colors, progressive, place = 0, 0, 0, False, 2
    while True:
        handle.seek(place)
        head = handle.read(10)
        if len(head) < 10 or head[0] != 0xFF:
            return  # the decoder tells
        kind, length = head[1], int(struct.unpack_from(">H", head, 2)[0])
        if kind == 0xFF:  # a filler
            place += 1
            continue
        if kind == _SCAN:
            if progressive or head[4] < colors:
                scans = 1 + handle.read().count(b"\xff\xda")
                if scans > MOST_SCANS:
                    raise MediaError(f"has {scans} scans where photos have up to 20; at most {MOST_SCANS} are read")
            return
        if kind in _FRAMES:
            progressive, colors = kind in _PROGRESSIVE, head[9]
        metadata += length
        exif += length if kind == _APP1 and head[4:8] == b"Exif" else 0
        for bytes_, limit, what in ((metadata, MOST_METADATA, "metadata"), (exif, MOST_EXIF, "EXIF")):
            if bytes_ > limit:
                raise MediaError(f"has more than {limit >> 20} MiB of {what} before its pixels; save it without")
        place += 2 + length


def without_end(data: bytes, open_picture: Callable[[io.BytesIO], Image.Image]) -> Image.Image | None:
    """A JPEG whose end marker is missing; None where pixels are missing as well.

    What is missing decides over no pixel if the picture is the same whatever is put in its place.

    Args:
        data: the file.
        open_picture: gives a picture, loaded.
    """
    data = data.rstrip(b"\xff")  # half of a marker
    found: Image.Image | None = None
    for filler in _FILLERS:
        image = open_picture(io.BytesIO(data + filler + _END))
        if found is None:
            found = image
        elif image.tobytes() != found.tobytes():
            return None
    return found
