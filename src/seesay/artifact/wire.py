"""Protocol-buffer messages taken apart, strictly: what a reader elsewhere might take in another way is refused.

The encoding: https://protobuf.dev/programming-guides/encoding. The `onnx` package is no part of the plain install, and
says nothing of what a message holds beside the fields that it knows; here every field must be in the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_KINDS = {VARINT: "a number", FIXED64: "eight bytes", BYTES: "bytes", FIXED32: "four bytes"}


class WireError(ValueError):
    """A message that is damaged, or holds what its schema has not; one line."""


@dataclass(frozen=True)
class Field:
    """One field of a schema: its name, its wire type, and whether it may come more than once."""

    name: str
    wire: int = BYTES
    repeated: bool = False
    refused: str = ""
    """Why a message that holds it is refused; empty where it may be there."""


Schema = Mapping[int, Field]
Message = dict[str, list[int | memoryview]]


def read_message(data: memoryview, schema: Schema, what: str) -> Message:
    """Values of a message by field name; numbers as they are on the wire, packed ones still packed.

    Raises:
        WireError: damaged, a field of the schema twice that may come once, or a field that the schema has not.
    """
    found: Message = {}
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        at += 1
        if tag >= 0x80:
            tag, at = read_varint(data, at - 1)
        number, wire = tag >> 3, tag & 7
        value: int | memoryview
        if wire == BYTES:
            size, at = read_varint(data, at)
            value = data[at : at + size]
            at += size
        elif wire == VARINT:
            value, at = read_varint(data, at)
        elif wire in (FIXED32, FIXED64):
            value = data[at : at + (4 if wire == FIXED32 else 8)]
            at += 4 if wire == FIXED32 else 8
        else:
            raise WireError(f"{what}: is damaged (wire type {wire})")
        if at > end:
            raise WireError(f"{what}: is cut short")
        field = schema.get(number)
        if field is None:
            raise WireError(f"{what}: holds field {number}, which is unknown")
        if field.refused:
            raise WireError(f"{what}: {field.refused}")
        packed = wire == BYTES and field.repeated and field.wire != BYTES
        if wire != field.wire and not packed:
            raise WireError(f"{what}: {field.name} is {_KINDS[wire]}, not {_KINDS[field.wire]}")
        if field.name not in found:
            found[field.name] = [value]
        elif field.repeated:
            found[field.name].append(value)
        else:
            raise WireError(f"{what}: {field.name} is there twice")
    return found


def read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number below 2**64 and the place behind it.

    Raises:
        WireError: it is longer, or cut short.
    """
    value = shift = 0
    while True:
        if at >= len(data):
            raise WireError("is cut short")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise WireError("is damaged (a number of more than ten bytes)")
    if value >= 1 << 64:
        raise WireError("is damaged (a number above 2**64)")
    return value, at


def numbers(values: list[int | memoryview], limit: int = 1 << 20) -> list[int]:
    """Signed 64-bit numbers of a repeated field, packed or not.

    Raises:
        WireError: damaged, or more than `limit` of them.
    """
    found: list[int] = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = read_varint(value, at)
            found.append(number)
            if len(found) > limit:
                break
    if len(found) > limit:
        raise WireError(f"holds more than {limit} numbers in one place")
    return [number - (1 << 64) if number >= 1 << 63 else number for number in found]


def text(message: Message, name: str, limit: int = 10_000) -> str:
    """A field's text; empty where it is not there.

    Raises:
        WireError: longer than `limit` bytes, or not UTF-8.
    """
    values = message.get(name)
    if not values:
        return ""
    return decode(values[0], name, limit)


def decode(value: int | memoryview, name: str, limit: int = 10_000) -> str:
    """Bytes as text.

    Raises:
        WireError: longer than `limit` bytes, or not UTF-8.
    """
    if isinstance(value, int) or len(value) > limit:
        raise WireError(f"{name} has more than {limit} bytes")
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        raise WireError(f"{name} is not UTF-8 text") from None


def number(message: Message, name: str, default: int = 0) -> int:
    """A field's signed number."""
    values = message.get(name)
    return numbers(values)[0] if values else default


def parts(message: Message, name: str) -> list[memoryview]:
    """A field's messages or bytes."""
    return [value for value in message.get(name, []) if not isinstance(value, int)]
