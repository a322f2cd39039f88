"""JPEG, PNG, WebP and TIFF as parts: those that hold metadata, and all others, which are kept byte for byte."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace

from seesay.apps.alttext.metadata import exif, iptc
from seesay.apps.alttext.metadata.xmp import LARGEST, packets_in
from seesay.errors import DataError

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF = b"Exif\0\0"
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_XMP = b"XML:com.adobe.xmp"
_SEGMENT = 65533


@dataclass(frozen=True)
class Blocks:
    """The metadata of a file.

    Attributes:
        kind: "JPEG", "PNG", "WebP" or "TIFF".
        xmp: the XMP packet.
        exif: EXIF as TIFF structure; of a TIFF the file itself.
        iptc: image resources with IPTC's older record.
    """

    kind: str
    xmp: bytes | None = None
    exif: bytes | None = None
    iptc: bytes | None = None


@dataclass(frozen=True)
class Part:
    """A segment or chunk, whole: what it holds, and its bytes in the file."""

    kind: str
    data: bytes


def kind_of(head: bytes) -> str:
    """The kind of a file that begins so; empty where it is of another kind."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(_PNG):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return "TIFF" if head[:4] in (b"II*\0", b"MM\0*") else ""


def read_blocks(data: bytes) -> Blocks:
    """The metadata of a file.

    Raises:
        DataError: it is of another kind, or damaged.
    """
    kind = kind_of(data)
    if kind == "TIFF":
        directory = exif.read_directory(data)
        return Blocks(kind, directory.value(data, exif.XMP), data)
    parts = parts_of(data)
    packets = [_content(kind, part) for part in parts if part.kind == "xmp"]
    tags = [_content(kind, part) for part in parts if part.kind == "exif"]
    resources = [_content(kind, part) for part in parts if part.kind == "iptc"]
    if len(tags) > 1 or len(resources) > 1:
        raise DataError("it has several EXIF or IPTC blocks")
    return Blocks(kind, packets_in(packets), tags[0] if tags else None, resources[0] if resources else None)


def parts_of(data: bytes) -> list[Part]:
    """The parts of a JPEG, PNG or WebP; joined they are the file.

    Raises:
        DataError: it is of another kind, or damaged.
    """
    kind = kind_of(data)
    if kind not in _READERS:
        raise DataError("it is no JPEG, PNG, WebP or TIFF")
    parts = _READERS[kind](data)
    if b"".join(part.data for part in parts) != data:
        raise DataError("it is damaged")
    return parts


def _jpeg(data: bytes) -> list[Part]:
    parts, place = [Part("start", data[:2])], 2
    while True:
        if place + 4 > len(data) or data[place] != 0xFF:
            raise DataError("its JPEG segments are damaged")
        marker = data[place + 1]
        if marker == 0xFF or marker in (0x00, 0x01, 0xD8, 0xD9) or 0xD0 <= marker <= 0xD7:
            raise DataError("its JPEG segments are damaged")
        (length,) = struct.unpack(">H", data[place + 2 : place + 4])
        end = place + 2 + length
        if length < 2 or end > len(data):
            raise DataError("its JPEG segments are damaged")
        if marker == 0xDA:
            parts.append(Part("pixels", data[place:]))
            return parts
        body = data[place + 4 : end]
        name = "other"
        if marker == 0xE1 and body.startswith(_XMP):
            name = "xmp"
        elif marker == 0xE1 and body.startswith(_EXIF):
            name = "exif"
        elif marker == 0xED and body.startswith(iptc.HEAD):
            name = "iptc"
        elif marker == 0xE0 and len(parts) == 1:
            name = "jfif"
        elif marker == 0xE2 and body.startswith(b"MPF\0"):
            name = "mpf"
        parts.append(Part(name, data[place:end]))
        place = end


def _png(data: bytes) -> list[Part]:
    parts, place = [Part("start", data[:8])], 8
    while place < len(data):
        if place + 12 > len(data):
            raise DataError("its PNG chunks are damaged")
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        end = place + 12 + length
        if length >= 1 << 31 or end > len(data) or not kind.isalpha():
            raise DataError("its PNG chunks are damaged")
        if zlib.crc32(data[place + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise DataError("the checksum of a PNG chunk is wrong")
        if len(parts) == 1 and kind != b"IHDR":
            raise DataError("its PNG chunks are damaged")
        is_xmp = kind == b"iTXt" and data[place + 8 : end].startswith(_PNG_XMP + b"\0")
        names = {b"IDAT": "pixels", b"eXIf": "exif", b"IEND": "end"}
        parts.append(Part("xmp" if is_xmp else names.get(kind, "other"), data[place:end]))
        place = end
        if kind == b"IEND":
            if place < len(data):
                parts.append(Part("after", data[place:]))
            if not any(part.kind == "pixels" for part in parts):
                break
            return parts
    raise DataError("its PNG ends too early")


def _webp(data: bytes) -> list[Part]:
    if len(data) < 20:
        raise DataError("its WebP is damaged")
    (size,) = struct.unpack("<I", data[4:8])
    stop = 8 + size
    if stop > len(data) or size % 2:
        raise DataError("its WebP is damaged")
    parts, place = [Part("start", data[:12])], 12
    while place < stop:
        if place + 8 > stop:
            raise DataError("its WebP is damaged")
        kind, length = struct.unpack("<4sI", data[place : place + 8])
        end = place + 8 + length + length % 2
        if end > stop:
            raise DataError("its WebP is damaged")
        names = {b"XMP ": "xmp", b"EXIF": "exif", b"VP8X": "features", b"VP8 ": "pixels", b"VP8L": "pixels"}
        parts.append(Part(names.get(kind, "other"), data[place:end]))
        place = end
    if len(parts) < 2 or parts[1].kind not in ("features", "pixels"):
        raise DataError("its WebP is damaged")
    if stop < len(data):
        parts.append(Part("after", data[stop:]))
    return parts


_READERS = {"JPEG": _jpeg, "PNG": _png, "WebP": _webp}


def _content(kind: str, part: Part) -> bytes:
    data = part.data
    if kind == "JPEG":
        return data[4 + len({"xmp": _XMP, "exif": _EXIF, "iptc": iptc.HEAD}[part.kind]) :]
    if kind == "WebP":
        (length,) = struct.unpack("<I", data[4:8])
        body = data[8 : 8 + length]
        return body.removeprefix(_EXIF) if part.kind == "exif" else body
    body = data[8:-4]
    if part.kind == "exif":
        return body
    rest = body[len(_PNG_XMP) + 1 :]
    packed, rest = rest[:1] == b"\1", rest[2:]
    pieces = rest.split(b"\0", 2)
    if len(pieces) < 3:
        raise DataError("its PNG text is damaged")
    if not packed:
        return pieces[2]
    try:
        inflating = zlib.decompressobj()
        found = inflating.decompress(pieces[2], LARGEST)
    except zlib.error:
        raise DataError("its PNG text is damaged") from None
    if inflating.unconsumed_tail or not inflating.eof:
        raise DataError("its XMP is too large or damaged")
    return found


def with_blocks(data: bytes, new: Blocks) -> bytes:
    """The file with other metadata; the bytes of all its other parts stay.

    Args:
        data: the file.
        new: its blocks; what is as in the file, or None, is not written.

    Raises:
        DataError: a block is too large, or the file is damaged.
    """
    old = read_blocks(data)
    if old.kind == "TIFF":
        raise DataError("a TIFF is written by its tags")
    parts = parts_of(data)
    for name in ("exif", "xmp", "iptc"):
        value = getattr(new, name)
        if value is not None and value != getattr(old, name):
            parts = _put(old.kind, parts, name, value)
    if old.kind == "WebP":
        parts = _sized(_flagged(parts))
    return b"".join(part.data for part in parts)


def _put(kind: str, parts: list[Part], name: str, value: bytes) -> list[Part]:
    made = Part(name, _made(kind, name, value))
    place = next((i for i, part in enumerate(parts) if part.kind == name), None)
    directory = next((i for i, part in enumerate(parts) if part.kind == "mpf"), len(parts))
    if place is not None:
        if place > directory:  # the offsets of the pictures behind the first would be wrong
            raise DataError("its metadata stands behind a directory of several pictures")
        return [*parts[:place], made, *parts[place + 1 :]]
    if kind == "JPEG":
        place = 1
        while place < len(parts) and parts[place].kind in {"exif": ("jfif",), "xmp": ("jfif", "exif")}.get(
            name, ("jfif", "exif", "xmp")
        ):
            place += 1
        if place > directory:
            raise DataError("its metadata stands behind a directory of several pictures")
    elif kind == "PNG":
        place = next(i for i, part in enumerate(parts) if part.kind == "pixels")
    else:
        place = len(parts) - (parts[-1].kind == "after")
    return [*parts[:place], made, *parts[place:]]


def _made(kind: str, name: str, value: bytes) -> bytes:
    if kind == "JPEG":
        head = {"xmp": _XMP, "exif": _EXIF, "iptc": iptc.HEAD}[name]
        if len(head) + len(value) + 2 > _SEGMENT + 2:
            raise DataError(f"its {name.upper()} would be larger than a JPEG segment may be")
        marker = 0xED if name == "iptc" else 0xE1
        return struct.pack(">BBH", 0xFF, marker, len(head) + len(value) + 2) + head + value
    if kind == "PNG":
        if name != "xmp":
            raise DataError("of a PNG only XMP is written")
        body = b"iTXt" + _PNG_XMP + b"\0\0\0\0\0" + value
        return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    tag = {"xmp": b"XMP ", "exif": b"EXIF"}[name]
    return tag + struct.pack("<I", len(value)) + value + b"\0" * (len(value) % 2)


def _flagged(parts: list[Part]) -> list[Part]:
    """The WebP with the header that says it has XMP."""
    if not any(part.kind == "xmp" for part in parts):
        return parts
    first = parts[1]
    if first.kind == "features":
        if len(first.data) < 18:
            raise DataError("its WebP is damaged")
        made = bytearray(first.data)
        made[8] |= 0x04
        return [parts[0], replace(first, data=bytes(made)), *parts[2:]]
    width, height, alpha = _webp_size(first.data)
    flags = 0x04 | (0x10 if alpha else 0)
    body = bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return [parts[0], Part("features", b"VP8X" + struct.pack("<I", 10) + body), *parts[1:]]


def _webp_size(chunk: bytes) -> tuple[int, int, bool]:
    body = chunk[8:]
    if chunk[:4] == b"VP8L":
        if len(body) < 5 or body[0] != 0x2F:
            raise DataError("its WebP is damaged")
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if len(body) < 10 or body[3:6] != b"\x9d\x01\x2a" or body[0] & 1:
        raise DataError("its WebP is damaged")
    width, height = struct.unpack("<HH", body[6:10])
    if not width & 0x3FFF or not height & 0x3FFF:
        raise DataError("its WebP is damaged")
    return width & 0x3FFF, height & 0x3FFF, False


def _sized(parts: list[Part]) -> list[Part]:
    after = parts[-1].data if parts[-1].kind == "after" else b""
    size = sum(len(part.data) for part in parts) - len(after) - 8
    return [Part("start", b"RIFF" + struct.pack("<I", size) + b"WEBP"), *parts[1:]]
