"""Messages between the service and its workers: a JSON head and bytes, never pickles.

A worker opens what strangers send. What it says is read as plain data, so that a decoder that was taken over gains
nothing in the service by it.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, BinaryIO

_HEAD = struct.Struct(">IQ")
_LARGEST_HEAD = 64 << 20
Message = tuple[dict[str, Any], bytes]


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """A message as bytes: lengths, head, body."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    return _HEAD.pack(len(text), len(body)) + text + body


def read(stream: BinaryIO) -> Message | None:
    """The next message of a pipe; None at its end."""
    lengths = stream.read(_HEAD.size)
    if len(lengths) < _HEAD.size:
        return None
    head, body = _HEAD.unpack(lengths)
    text = stream.read(head)
    data = stream.read(body)
    if len(text) < head or len(data) < body:
        return None
    return json.loads(text), data


async def receive(stream: asyncio.StreamReader) -> Message | None:
    """As `read`, of an asyncio pipe.

    Raises:
        ValueError: what comes is no message.
    """
    try:
        head, body = _HEAD.unpack(await stream.readexactly(_HEAD.size))
        if head > _LARGEST_HEAD or body > _LARGEST_HEAD:
            raise ValueError(f"a message of {head} + {body} bytes")
        text = await stream.readexactly(head)
        data = await stream.readexactly(body)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    message = json.loads(text)
    if not isinstance(message, dict):
        raise ValueError("a message that is no object")
    return message, data
