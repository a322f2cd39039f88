"""Text files read whole, whatever their encoding and line ends; what cannot be read is named with its line."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from seesay.errors import DataError
from seesay.reading import read_file
from seesay.text.decoding import OnNote, decode, ignore_note

MAX_BYTES = 4 << 30
"""Larger files are refused before they fill the memory."""
_HANDED = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")  # what a shell hands over is awaited: `<(zcat refs.json.gz)`


def read_text(file: Path, on_note: OnNote = ignore_note) -> str:
    """The text of a file, without a byte-order mark; see `decode` for its encodings.

    Args:
        file: `-` is standard input.
        on_note: called with line and message where the text is not UTF-8 and is read all the same.

    Raises:
        DataError: it cannot be read, or is no text (the message names the line).
    """
    try:
        content = _read_bytes(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    try:
        return decode(content, on_note)
    except ValueError as error:
        raise DataError(f"{file}:{error}") from None


def _read_bytes(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_BYTES)
    if str(file).startswith(_HANDED):
        with file.open("rb") as handle:
            content = handle.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 30} GiB")
        return content
    return read_file(file, MAX_BYTES)


def text_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is not blank; a line ends with LF, CR LF or CR, and with nothing else."""
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.strip():
            yield number, line.rstrip("\n")


def read_lines(file: Path, on_note: OnNote = ignore_note) -> Iterator[tuple[int, str]]:
    """`text_lines` of a file.

    Raises:
        DataError: see `read_text`.
    """
    return text_lines(read_text(file, on_note))
