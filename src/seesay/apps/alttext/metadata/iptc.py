"""The caption of IPTC's older record (IIM 2:120), in the image resources that Photoshop keeps in a JPEG."""

from __future__ import annotations

import struct

from seesay.errors import DataError

HEAD = b"Photoshop 3.0\0"
_IIM = 0x0404
_UTF8 = b"\x1b%G"


def resources(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """(number, name, value) of each image resource.

    Raises:
        DataError: they are damaged.
    """
    found, place = [], 0
    while place < len(data):
        if data[place : place + 4] != b"8BIM" or place + 7 > len(data):
            if not data[place:].strip(b"\0"):
                break
            raise DataError("its IPTC is damaged")
        (number,) = struct.unpack(">H", data[place + 4 : place + 6])
        size = data[place + 6]
        named = place + 6 + size + 1 + (size + 1) % 2
        if named + 4 > len(data):
            raise DataError("its IPTC is damaged")
        (length,) = struct.unpack(">I", data[named : named + 4])
        if named + 4 + length > len(data):
            raise DataError("its IPTC is damaged")
        found.append((number, data[place + 6 : named], data[named + 4 : named + 4 + length]))
        place = named + 4 + length + length % 2
    return found


def caption_of(data: bytes) -> str:
    """The caption; empty where there is none.

    Raises:
        DataError: the record is damaged.
    """
    record = next((value for number, _, value in resources(data) if number == _IIM), b"")
    fields = _fields(record)
    text = fields.get((2, 120), b"")
    if fields.get((1, 90)) == _UTF8:
        return text.decode("utf-8", "replace").strip()
    try:
        return text.decode().strip()
    except UnicodeDecodeError:
        return text.decode("latin-1").strip()


def _fields(record: bytes) -> dict[tuple[int, int], bytes]:
    found: dict[tuple[int, int], bytes] = {}
    place = 0
    while place + 5 <= len(record) and record[place] == 0x1C:
        section, number = record[place + 1], record[place + 2]
        (size,) = struct.unpack(">H", record[place + 3 : place + 5])
        if size & 0x8000 or place + 5 + size > len(record):
            raise DataError("its IPTC is damaged")
        found.setdefault((section, number), record[place + 5 : place + 5 + size])
        place += 5 + size
    return found


def new_resources(text: str) -> bytes:
    """Image resources of nothing but a caption, in UTF-8."""
    value = text.encode()[:2000].decode("utf-8", "ignore").encode()
    record = b"\x1c\x01\x5a\x00\x03" + _UTF8 + b"\x1c\x02\x00\x00\x02\x00\x04"
    record += b"\x1c\x02\x78" + struct.pack(">H", len(value)) + value
    return (
        b"8BIM"
        + struct.pack(">H", _IIM)
        + b"\0\0"
        + struct.pack(">I", len(record))
        + record
        + b"\0" * (len(record) % 2)
    )
