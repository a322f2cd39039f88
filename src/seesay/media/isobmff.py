"""Boxes of ISO media files that hold pictures: what HEIF, AVIF, JPEG 2000 and JPEG XL files say of themselves."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MOST = 2000  # boxes looked at: a file of a million empty ones is not a picture
HEIF_HEAD = 1 << 22
"""What describes a picture lies within so many first bytes."""


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Modality and content of each box, one after the other; ends at damage."""
    place, end = start, len(data) if end is None else end
    for _ in range(_MOST):
        if place + 8 > end:
            return
        length, kind = struct.unpack_from(">I4s", data, place)
        header = 8
        if length == 1 and place + 16 <= end:
            (length,) = struct.unpack_from(">Q", data, place + 8)
            header = 16
        stop = end if length == 0 else place + length
        if length and length < header:
            return
        yield kind, data[place + header : min(stop, end)]
        place = stop


def brands(start: bytes) -> set[bytes]:
    """The brands of a file that begins so; empty where it has none."""
    if start[4:8] != b"ftyp":
        return set()
    length = min(struct.unpack_from(">I", start)[0], len(start), 256)
    return {start[8:12]} | {start[i : i + 4] for i in range(16, length - 3, 4)}


def heif_color(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer function (H.273) of a HEIF or AVIF file's primary picture; None where it says nothing."""
    meta = next((content for kind, content in boxes(data[:HEIF_HEAD]) if kind == b"meta"), b"")
    inner = dict(boxes(meta, 4))
    properties = list(boxes(dict(boxes(inner.get(b"iprp", b""))).get(b"ipco", b"")))
    associated = _associated(dict(boxes(inner.get(b"iprp", b""))).get(b"ipma", b""), _primary(inner.get(b"pitm", b"")))
    for index in associated if associated else range(1, len(properties) + 1):
        if 0 < index <= len(properties):
            kind, content = properties[index - 1]
            if kind == b"colr" and content[:4] == b"nclx" and len(content) >= 8:
                primaries, transfer = struct.unpack_from(">HH", content, 4)
                return primaries, transfer
    return None


def _primary(pitm: bytes) -> int:
    if len(pitm) < 6:
        return 0
    return int.from_bytes(pitm[4:6] if pitm[0] == 0 else pitm[4:8], "big")


def _associated(ipma: bytes, item: int) -> list[int]:
    """Numbers, from 1 on, of the properties of an item."""
    try:
        version, flags = ipma[0], ipma[3]
        (count,) = struct.unpack_from(">I", ipma, 4)
        place = 8
        for _ in range(min(count, _MOST)):
            number = int.from_bytes(ipma[place : place + (4 if version else 2)], "big")
            place += 4 if version else 2
            several = ipma[place]
            place += 1
            width = 2 if flags & 1 else 1
            found = []
            for _ in range(several):
                value = int.from_bytes(ipma[place : place + width], "big")
                found.append(value & (0x7FFF if width == 2 else 0x7F))
                place += width
            if number == item:
                return found
    except (IndexError, struct.error):
        pass
    return []


def jpeg2000_profile(data: bytes) -> bytes | None:
    """The ICC profile of a JP2 file."""
    header = next((content for kind, content in boxes(data[:HEIF_HEAD]) if kind == b"jp2h"), b"")
    for kind, content in boxes(header):
        if kind == b"colr" and content[:1] == b"\2":
            return content[3:]
    return None
