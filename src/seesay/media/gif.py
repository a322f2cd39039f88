"""GIF files made to cost long, which are refused: Pillow puts a comment together from pieces of 255 bytes."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from PIL import Image

from seesay.errors import MediaError

MOST_EXTENSIONS = 4 << 20
"""Bytes of comments and the like."""
_EXTENSION, _IMAGE = 0x21, 0x2C


def open_gif(handle: BinaryIO, factory: Any) -> Image.Image:
    """A GIF, its header read and no more.

    Args:
        handle: at its beginning.
        factory: Pillow's own reader.

    Raises:
        MediaError: more comments than a picture has.
    """
    if handle.seek(0, os.SEEK_END) > MOST_EXTENSIONS:
        handle.seek(0)
        if _extensions(handle.read()) > MOST_EXTENSIONS:
            raise MediaError(f"has more than {MOST_EXTENSIONS >> 20} MiB of comments; save it without")
    handle.seek(0)
    image: Image.Image = factory(handle, "")
    return image


def _extensions(data: bytes) -> int:
    """Bytes of all extensions, as far as the file is sound."""
    found, end = 0, len(data) - 10
    place = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    while place < end and data[place] in (_EXTENSION, _IMAGE):
        extension = data[place] == _EXTENSION
        if extension:
            place += 2
        else:
            flags = data[place + 9]
            place += 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
        start = place
        while place < end and data[place]:
            place += data[place] + 1
        found += place - start if extension else 0
        place += 1
    return found
