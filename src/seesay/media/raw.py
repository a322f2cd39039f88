"""A camera's raw file by the picture that the camera put in it as JPEG."""

from __future__ import annotations

import io
import logging
import struct
from typing import BinaryIO

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from seesay.errors import MediaError
from seesay.media.tiff_tags import TiffTags, read_tags

_MOST_BYTES = 512 << 20
_MOST_STARTS, _MOST_SEGMENTS = 4096, 64
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # headers of what is no lossless JPEG, which raw data may be
_SENSOR = (32803, 34892)  # photometric: color filter array, linear raw
_THUMBNAIL, _PARTS, _DNG, _ORIENTATION = 254, 330, 50706, 274

log = logging.getLogger("seesay.media")


def is_raw(tags: TiffTags) -> bool:
    """Whether a TIFF is a camera's raw file (NEF, ARW, DNG …), whose own picture is no more than a thumbnail."""
    small = bool(tags.number(_THUMBNAIL) & 1) and (_PARTS in tags.values or _DNG in tags.values)
    return small or tags.photometric in _SENSOR


def open_preview(handle: BinaryIO) -> Image.Image | None:
    """The largest JPEG in a raw file, its header read and no more; None if there is none.

    It is turned as the file says, if it does not say itself.

    Args:
        handle: of the file; it may be closed afterwards.
    """
    handle.seek(0)
    data = handle.read(_MOST_BYTES)
    found = max(((width * height, start) for start, width, height in _jpegs(data)), default=None)
    if found is None:
        return None
    image = JpegImageFile(io.BytesIO(memoryview(data)[found[1] :]))
    log.info("camera raw: its embedded JPEG of %d x %d is read", *image.size)
    if _ORIENTATION not in image.getexif() and (turned := _orientation(data)):
        image.getexif()[_ORIENTATION] = turned
    return image


def _jpegs(data: bytes) -> list[tuple[int, int, int]]:
    """Where each JPEG begins, its width and its height."""
    found, start = [], data.find(b"\xff\xd8\xff")
    for _ in range(_MOST_STARTS):
        if start < 0:
            break
        if size := _size(data, start + 2):
            found.append((start, *size))
        start = data.find(b"\xff\xd8\xff", start + 3)
    return found


def _size(data: bytes, place: int) -> tuple[int, int] | None:
    """Width and height of a JPEG whose segments begin here; None of a lossless one, and of what is none."""
    for _ in range(_MOST_SEGMENTS):
        head = data[place : place + 10]
        if len(head) < 10 or head[0] != 0xFF:
            return None
        if head[1] in _FRAMES:
            bits, height, width, channels = struct.unpack_from(">BHHB", head, 4)
            return (width, height) if bits == 8 and channels in (1, 3) and width and height else None
        if 0xC3 <= head[1] <= 0xCF and head[1] not in (0xC4, 0xCC):
            return None
        place += 2 + int(struct.unpack_from(">H", head, 2)[0])
    return None


def _orientation(data: bytes) -> int:
    """By the tags at the file's beginning, or in a CR3's box of them; 0 where none tells."""
    start = data.find(b"CMT1", 0, 1 << 16) + 4 if data[4:8] == b"ftyp" else 0
    try:
        return read_tags(io.BytesIO(memoryview(data)[start:])).number(_ORIENTATION)
    except MediaError:
        return 0
