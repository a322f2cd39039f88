"""Bytes of a text file as people save them."""

from __future__ import annotations


def decode(content: bytes) -> str:
    """UTF-8 text, with or without a byte-order mark.

    Raises:
        ValueError: it is something else; the message begins with the 1-based line.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("1: is UTF-16 text; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{line}: is not UTF-8 text (byte 0x{content[error.start]:02x}); save it as UTF-8") from None
