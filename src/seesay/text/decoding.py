"""Bytes of a text file as people and programs save them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

OnNote = Callable[[int, str], None]
"""Called with the 1-based line and a message about something odd that was read all the same."""

LINE_END = re.compile(r"\r\n|\n|\r")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's mark does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def ignore_note(line: int, message: str) -> None:
    """An `OnNote` for callers without use for notes."""


def line_at(text: str, index: int) -> int:
    """The 1-based line of a position in a text; lines end with LF, CR LF or CR, and with nothing else."""
    return sum(1 for _ in LINE_END.finditer(text, 0, index)) + 1


def decode(content: bytes, on_note: OnNote = ignore_note) -> str:
    """UTF-8 text, or UTF-16 or UTF-32 with a byte-order mark, without the mark; else Windows-1252, with a note.

    Windows-1252 is what Western European Windows programs save and holds the printable part of Latin-1.

    Raises:
        ValueError: it is something else, or holds NUL characters; the message begins with the 1-based line.
    """
    mark, encoding = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", "utf-8"))
    if mark and encoding != "utf-8":
        text = _decode_wide(content, encoding)
    else:
        body = content[len(mark) :]
        if not mark and b"\0" in body[:1024]:
            half = body[1:1024:2].count(0) + body[:1024:2].count(0) > len(body[:1024]) // 3
            why = "looks like UTF-16 text without a byte-order mark; save it as UTF-8" if half else "is it text at all?"
            raise ValueError(f"{_line_of(body, body.index(0))}: holds NUL bytes: {why}")
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            text = _decode_western(body, error.start, on_note, marked=bool(mark))
    if "\0" in text:
        raise ValueError(f"{line_at(text, text.index(chr(0)))}: holds a NUL character; the file is damaged or not text")
    return text


def _decode_wide(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "replace")
        name = encoding.upper()
        raise ValueError(f"{line_at(before, len(before))}: is damaged {name} text ({error.reason})") from None


def _decode_western(body: bytes, first: int, on_note: OnNote, *, marked: bool) -> str:
    """Text with bytes that are not UTF-8, the first of them at `first`."""
    line = _line_of(body, first)
    odd = f"byte 0x{body[first]:02x} is not UTF-8"
    if marked:
        raise ValueError(f"{line}: {odd}, which its byte-order mark promises; save it as UTF-8")
    others = body.decode("utf-8", "ignore")
    if not others.isascii():
        place = next(n for n, char in enumerate(others) if not char.isascii())
        raise ValueError(
            f"{line}: {odd}, though the file holds letters that are ({others[place]!r}): it mixes two encodings; "
            "save it as UTF-8"
        )
    try:
        text = body.decode("cp1252")
    except UnicodeDecodeError as error:
        line = _line_of(body, error.start)
        raise ValueError(
            f"{line}: is not UTF-8 text, nor Windows-1252 (byte 0x{body[error.start]:02x}); save it as UTF-8"
        ) from None
    on_note(line, f"{odd}; the file is read as Windows-1252 (Latin-1). Save it as UTF-8 if letters come out wrong")
    return text


def _line_of(body: bytes, index: int) -> int:
    return line_at(body[:index].decode("latin-1"), index)
