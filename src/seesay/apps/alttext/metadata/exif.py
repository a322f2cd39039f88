"""TIFF structure, of TIFF files and of EXIF: texts read, and added by a new first directory at the end.

Nothing that was there moves, so that offsets in maker notes, tiles and strips stay right; only the four bytes that
point to the first directory change. After TIFF 6.0, section 2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from seesay.errors import DataError

DESCRIPTION, XMP, IPTC = 270, 700, 33723
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MOST = 4096  # entries of one directory
_LARGEST = 16 << 20


@dataclass(frozen=True)
class Directory:
    """The first directory of a TIFF.

    Attributes:
        order: "<" or ">".
        entries: tag → (type, count, the entry's four last bytes), in the file's order.
        next: offset of the next directory.
    """

    order: str
    entries: dict[int, tuple[int, int, bytes]]
    next: int

    def value(self, data: bytes, tag: int) -> bytes | None:
        """The bytes of a tag's value; None where it is not there.

        Raises:
            DataError: it lies outside of the file, or is larger than such a value is.
        """
        if tag not in self.entries:
            return None
        kind, count, last = self.entries[tag]
        size = _SIZES.get(kind, 1) * count
        if size <= 4:
            return last[:size]
        (place,) = struct.unpack(f"{self.order}I", last)
        if size > _LARGEST or place + size > len(data):
            raise DataError("a tag points outside of it")
        return data[place : place + size]


def read_directory(data: bytes) -> Directory:
    """The first directory.

    Raises:
        DataError: this is no TIFF, or its first directory is damaged.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8 or struct.unpack(f"{order}H", data[2:4])[0] != 42:
        raise DataError("its TIFF structure is not one that is written (BigTIFF, or damaged)")
    (place,) = struct.unpack(f"{order}I", data[4:8])
    if place < 8 or place + 2 > len(data):
        raise DataError("its first directory lies outside of it")
    (count,) = struct.unpack(f"{order}H", data[place : place + 2])
    end = place + 2 + 12 * count
    if not 0 < count <= _MOST or end + 4 > len(data):
        raise DataError("its first directory is damaged")
    entries: dict[int, tuple[int, int, bytes]] = {}
    for number in range(count):
        at = place + 2 + 12 * number
        tag, kind, several = struct.unpack(f"{order}HHI", data[at : at + 8])
        if tag in entries or kind not in _SIZES:
            raise DataError("its first directory is damaged")
        entries[tag] = (kind, several, data[at + 8 : at + 12])
    (after,) = struct.unpack(f"{order}I", data[end : end + 4])
    return Directory(order, entries, after)


def with_values(data: bytes, values: dict[int, tuple[int, bytes]]) -> bytes:
    """The TIFF with values added or replaced; what was there keeps its place.

    Args:
        data: the whole TIFF.
        values: tag → type and bytes.

    Raises:
        DataError: its first directory is damaged, or it would grow past 4 GiB.
    """
    directory = read_directory(data)
    order, entries = directory.order, dict(directory.entries)
    tail = bytearray()
    start = len(data) + len(data) % 2
    for tag, (kind, value) in values.items():
        count = len(value) // _SIZES[kind]
        if len(value) <= 4:
            entries[tag] = (kind, count, value.ljust(4, b"\0"))
            continue
        entries[tag] = (kind, count, struct.pack(f"{order}I", start + len(tail)))
        tail += value + b"\0" * (len(value) % 2)
    place = start + len(tail)
    tail += struct.pack(f"{order}H", len(entries))
    for tag, (kind, count, last) in sorted(entries.items()):
        tail += struct.pack(f"{order}HHI", tag, kind, count) + last
    tail += struct.pack(f"{order}I", directory.next)
    if start + len(tail) >= 1 << 32:
        raise DataError("it would grow past 4 GiB")
    return data[:4] + struct.pack(f"{order}I", place) + data[8:] + b"\0" * (len(data) % 2) + bytes(tail)


def ascii_value(text: str) -> tuple[int, bytes]:
    """A text as a tag's value: UTF-8, which most programs read there, ended by a zero."""
    return 2, text.encode() + b"\0"


def text_of(value: bytes | None) -> str:
    """The text of a tag's value."""
    if not value:
        return ""
    value = value.split(b"\0")[0]
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()
