"""What Pillow does not read of a PNG: cICP, color keys in the file's own depth, 16-bit colors; damage that is none."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seesay.errors import MediaError

_SIGNATURE = 8
_MOST = 1_000_000  # chunks
_BLOCK = 1 << 20
_KEPT = frozenset({b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"eXIf"})


class Chunks(NamedTuple):
    """What a look at a PNG's chunks tells.

    Attributes:
        cicp: primaries and transfer function, in the numbers of H.273.
        damaged: where chunks that are not needed for the pixels, and whose checksum is wrong, begin and end.
        unneeded: where all those begin and end that only tell of the picture.
    """

    cicp: tuple[int, int] | None
    damaged: list[tuple[int, int]]
    unneeded: list[tuple[int, int]]


def read_chunks(handle: BinaryIO) -> Chunks:
    """Look at every chunk and its checksum; what is cut off at the end is left for the decoder to tell.

    Args:
        handle: of a PNG file; it is left anywhere.

    Raises:
        MediaError: a chunk that is needed for the pixels is damaged, or of no kind that is known.
    """
    cicp = None
    damaged, unneeded = [], []
    place = _SIGNATURE
    for _ in range(_MOST):
        handle.seek(place)
        header = handle.read(8)
        if len(header) < 8:
            break
        length, kind = struct.unpack(">I4s", header)
        if not kind.isalpha() or length >= 1 << 31:
            break  # the decoder tells
        first = handle.read(min(length, _BLOCK))
        total = zlib.crc32(first, zlib.crc32(kind))
        left = length - len(first)
        while left and (part := handle.read(min(left, _BLOCK))):
            total = zlib.crc32(part, total)
            left -= len(part)
        checksum = handle.read(4)
        if left or len(checksum) < 4:
            break
        end = place + 12 + length
        sound = total == int.from_bytes(checksum, "big")
        if kind[0] & 0x20:
            if not sound:
                damaged.append((place, end))
            elif kind == b"cICP" and length == 4 and cicp is None:
                cicp = (first[0], first[1])
            if kind not in _KEPT:
                unneeded.append((place, end))
        elif kind == b"CgBI":
            raise MediaError("a PNG of the kind that only iPhones read (CgBI); save it again as an ordinary PNG")
        elif not sound:
            raise MediaError(f"damaged PNG (the checksum of its {kind.decode()} chunk is wrong)")
        place = end
        if kind == b"IEND":
            break
    return Chunks(cicp, damaged, unneeded)


def without(handle: BinaryIO, parts: list[tuple[int, int]]) -> BinaryIO:
    """A file without some of its parts, in memory."""
    handle.seek(0)
    data = handle.read()
    kept, place = [], 0
    for start, end in sorted(set(parts)):
        kept.append(data[place:start])
        place = end
    return io.BytesIO(b"".join([*kept, data[place:]]))


def scale_key(image: Any) -> None:
    """Bring the color key of an open PNG to the depth of its pixels in memory, which Pillow leaves at the file's."""
    key, raw = image.info.get("transparency"), _rawmode(image)
    if isinstance(key, int) and raw in ("L", "L;2", "L;4"):
        bits = {"L": 8, "L;2": 2, "L;4": 4}[raw]
        image.info["transparency"] = (key & ((1 << bits) - 1)) * 255 // ((1 << bits) - 1)
    elif isinstance(key, tuple) and raw == "RGB":
        image.info["transparency"] = tuple(value & 255 for value in key)


def is_deep_color(image: Any) -> bool:
    """Whether an open PNG has colors, or gray and alpha, of 16 bits, of which Pillow keeps 8."""
    return _rawmode(image) in ("RGB;16B", "RGBA;16B", "LA;16B")


def deep_samples(image: Any, again: Any) -> tuple[NDArray[np.uint16], NDArray[np.uint16] | None]:
    """All 16 bits of colors (H, W, 1 or 3), and alpha (H, W) or None.

    Args:
        image: open, not loaded; `is_deep_color`.
        again: the same file opened once more.
    """
    raw, key = _rawmode(image), image.info.get("transparency")
    if raw == "LA;16B":
        data = _loaded(image, "RGBA").view(">u2").astype(np.uint16)  # four bytes a pixel, whatever they mean
        return data[..., :1], data[..., 1]
    upper, lower = _loaded(image, raw), _loaded(again, raw.replace("16B", "16L"))  # the other byte of each two
    samples: NDArray[np.uint16] = (upper.astype(np.uint16) * np.uint16(256) + lower).astype(np.uint16)
    if samples.shape[2] == 4:
        return samples[..., :3], samples[..., 3]
    if isinstance(key, tuple):
        return samples, np.where((samples == np.array(key, np.uint16)).all(axis=2), 0, 65535).astype(np.uint16)
    return samples, None


def _rawmode(image: Any) -> str:
    tile = image.tile
    return str(tile[0][3]) if tile else ""


def _loaded(image: Any, raw: str) -> NDArray[np.uint8]:
    codec, extents, offset, _ = image.tile[0]
    image.tile = [(codec, extents, offset, raw)]
    image.info.pop("transparency", None)
    image.load()
    return np.asarray(image)
