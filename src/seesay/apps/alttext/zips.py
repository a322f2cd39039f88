"""Zip documents (OOXML, OpenDocument, EPUB): members read within limits, and some replaced while all others stay.

Members keep their order, names, times, flags and packing; those that are not replaced keep their packed bytes. After
APPNOTE.TXT 6.3.10.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from seesay.errors import DataError

MOST_ZIPPED = 1 << 30
MOST_MEMBERS = 20_000
MOST_TEXT = 64 << 20
"""Largest member, in bytes unpacked, that is read as a page."""
MOST_PICTURE = 256 << 20
MOST_TOTAL = 512 << 20
"""Most bytes of pages of one document."""
_MOST_RATIO = 400
_SMALL = 1 << 20
_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


@dataclass(frozen=True)
class Package:
    """A zip document in memory.

    Attributes:
        data: its bytes.
        members: what it holds, by name, in order.
    """

    data: bytes
    members: Mapping[str, zipfile.ZipInfo]

    def read(self, name: str, limit: int = MOST_TEXT) -> bytes:
        """The bytes of a member.

        Raises:
            DataError: there is none, it is encrypted, too large, packed too tightly, or damaged.
        """
        info = self.members.get(name)
        if info is None:
            raise DataError(f"it has no {name[:80]}")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(f"{name[:80]} is encrypted, or packed in an unusual way")
        if info.file_size > limit:
            raise DataError(f"{name[:80]} has {info.file_size} bytes; at most {limit} are read")
        if info.file_size > _SMALL and info.file_size > _MOST_RATIO * max(1, info.compress_size):
            raise DataError(f"{name[:80]} unpacks {info.compress_size} bytes to {info.file_size}")
        packed = self.data[self._start(info) :][: info.compress_size]
        if info.compress_type == zipfile.ZIP_STORED:
            content = packed
        else:
            try:
                content = zlib.decompressobj(-15).decompress(packed, info.file_size + 1)
            except zlib.error:
                raise DataError(f"{name[:80]} is damaged") from None
        if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
            raise DataError(f"{name[:80]} is damaged")
        return content

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Where the packed bytes of a member begin."""
        at = info.header_offset
        head = self.data[at : at + 30]
        if len(head) < 30 or head[:4] != _LOCAL:
            raise DataError("its zip is damaged")
        name, extra = struct.unpack("<HH", head[26:30])
        start = at + 30 + name + extra
        if start + info.compress_size > len(self.data):
            raise DataError("its zip is damaged")
        return int(start)


def open_package(data: bytes) -> Package:
    """A zip document; its list of members is checked before anything is unpacked.

    Raises:
        DataError: no zip, damaged, with too many members, two of one name, or names that leave the folder.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error, UnicodeError, OverflowError):
        raise DataError("it is no zip, or damaged") from None
    if len(found) > MOST_MEMBERS:
        raise DataError(f"it has {len(found)} members; at most {MOST_MEMBERS} are read")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in found:
        name = info.filename
        if name in members:
            raise DataError(f"it has two members of the name {name[:80]!r}")
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":":
            raise DataError(f"its member {name[:80]!r} leaves the folder")
        members[name] = info
    return Package(data, members)


def with_members(package: Package, new: Mapping[str, bytes]) -> bytes:
    """The zip with other bytes for some members.

    Args:
        package: the zip.
        new: bytes by member.

    Raises:
        DataError: the zip is laid out in a way that cannot be kept: gaps, zip64, members out of order.
    """
    data = package.data
    ordered = sorted(package.members.values(), key=lambda info: info.header_offset)
    end = data.rfind(b"PK\x05\x06")
    directory = struct.unpack("<I", data[end + 16 : end + 20])[0] if end >= 0 else 0
    if end < 0 or directory == 0xFFFFFFFF or data[directory : directory + 4] != _CENTRAL or not ordered:
        raise DataError("its zip is laid out in a way that is not written (zip64, or with bytes before it)")
    bounds = [info.header_offset for info in ordered] + [directory]
    parts, moved = [data[: bounds[0]]], {}
    place = bounds[0]
    sizes: dict[int, tuple[int, int, int]] = {}
    for info, start, stop in zip(ordered, bounds, bounds[1:], strict=False):
        block = data[start:stop]
        if info.filename in new:
            block, sizes[start] = _member(package, info, block, new[info.filename])
        moved[start] = place
        parts.append(block)
        place += len(block)
    entries, at = [], directory
    for _ in package.members:
        entry = bytearray(data[at : at + 46])
        if entry[:4] != _CENTRAL:
            raise DataError("its zip is damaged")
        length = 46 + sum(struct.unpack("<HHH", entry[28:34]))
        (offset,) = struct.unpack("<I", entry[42:46])
        if offset not in moved:
            raise DataError("its zip is laid out in a way that is not written")
        if offset in sizes:
            entry[16:28] = struct.pack("<III", *sizes[offset])
        entry[42:46] = struct.pack("<I", moved[offset])
        entries.append(bytes(entry) + data[at + 46 : at + length])
        at += length
    if at != end:
        raise DataError("its zip is laid out in a way that is not written")
    tail = bytearray(data[end:])
    tail[12:20] = struct.pack("<II", sum(map(len, entries)), place)
    return b"".join([*parts, *entries, bytes(tail)])


def _member(
    package: Package, info: zipfile.ZipInfo, block: bytes, content: bytes
) -> tuple[bytes, tuple[int, int, int]]:
    """A member's local header and packed bytes, and its checksum and sizes."""
    start = package._start(info) - info.header_offset
    if info.compress_type == zipfile.ZIP_STORED:
        packed = content
    else:
        packing = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packing.compress(content) + packing.flush()
    sizes = (zlib.crc32(content), len(packed), len(content))
    head = bytearray(block[:start])
    after = block[start + info.compress_size :]
    if info.flag_bits & 8:  # sizes stand behind the bytes
        named = after[:4] == b"PK\x07\x08"
        if len(after) != (16 if named else 12):
            raise DataError("its zip is laid out in a way that is not written")
        after = (after[:4] if named else b"") + struct.pack("<III", *sizes)
    elif after:
        raise DataError("its zip is laid out in a way that is not written")
    else:
        head[14:26] = struct.pack("<III", *sizes)
    return bytes(head) + packed + after, sizes
