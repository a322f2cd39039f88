"""What a BMP says of its colors, which Pillow passes over: an embedded profile, or primaries and a gamma."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

_FILE_HEAD = 14
_V4, _V5 = 108, 124  # bytes of a header
_EMBEDDED, _CALIBRATED = b"DEBM", b"\0\0\0\0"  # "MBED" and 0, as little-endian numbers
_MOST = 16 << 20  # bytes of a profile


def says_of_color(file: BinaryIO) -> dict[str, Any]:
    """Entries of a picture's `info` as PNG has them: `icc_profile`, or `gamma` and `chromaticity`.

    Microsoft's BITMAPV5HEADER and BITMAPV4HEADER; a profile that is a file elsewhere is not looked for.

    Args:
        file: of a BMP.
    """
    file.seek(0)
    head = file.read(_FILE_HEAD + _V5)[_FILE_HEAD:]
    if len(head) < _V4:
        return {}
    size, kind = struct.unpack_from("<I", head)[0], head[56:60]
    if kind == _EMBEDDED and size >= _V5 and len(head) >= _V5:
        start, length = struct.unpack_from("<2I", head, 112)
        if 0 < length <= _MOST:
            file.seek(_FILE_HEAD + start)
            return {"icc_profile": file.read(length)}
    if kind == _CALIBRATED and size >= _V4:
        points = struct.unpack_from("<9I", head, 60)  # X, Y, Z of red, green and blue
        gammas = struct.unpack_from("<3I", head, 96)
        corners = [points[i : i + 3] for i in range(0, 9, 3)]
        white = [sum(column) for column in zip(*corners, strict=True)]
        if len(set(gammas)) == 1 and gammas[0] and all(map(sum, (*corners, white))):
            flat = [value / sum(color) for color in (white, *corners) for value in color[:2]]
            return {"gamma": 65536 / gammas[0], "chromaticity": tuple(flat)}
    return {}
