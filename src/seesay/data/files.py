"""Text and JSON as people save them: byte-order marks, any line ends; what cannot be read is named with its line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seesay.errors import DataError
from seesay.text.decoding import decode


def read_text(file: Path) -> str:
    """The text of a UTF-8 file, without a byte-order mark.

    Raises:
        DataError: it cannot be read, or is not UTF-8 (the message names the line).
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        return decode(content)
    except ValueError as error:
        raise DataError(f"{file}:{error}") from None


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is not blank; a line ends with LF, CR LF or CR, and with nothing else.

    Raises:
        DataError: see `read_text`.
    """
    for number, line in enumerate(io.StringIO(read_text(file), newline=None), 1):
        if line.strip():
            yield number, line.rstrip("\n")


def read_json(file: Path) -> Any:
    """A file of one JSON value.

    Raises:
        DataError: see `read_text`; or it is not JSON (the message names the line).
    """
    try:
        return json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise DataError(f"{file}:{error.lineno}: is not JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise DataError(f"{file}: is JSON nested too deep to be a data set") from None


def first_folder(base: Path, *names: str, default: Path | None = None) -> Path:
    """The first of these folders that is there, else `default`, else the first name."""
    return next((base / name for name in names if (base / name).is_dir()), default or base / names[0])


def entries(content: Any, name: str, file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of the list `name` at the top of a JSON file, and its place for messages.

    Raises:
        DataError: there is no such list, or it holds something else.
    """
    found = content.get(name) if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise DataError(f"{file}: has no list {name!r} at its top; is it a caption file?")
    for place, entry in enumerate(found):
        if not isinstance(entry, dict):
            raise DataError(f"{file}: {name}[{place}] is not an object")
        yield f"{name}[{place}]", entry


def string(value: Any) -> str:
    """A value of a JSON file that must be text.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.60} is not text")
    return value


def malformed(file: Path, place: str, error: Exception) -> DataError:
    """What to raise for an entry that lacks something, or holds something else than it should."""
    what = f"has no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
    return DataError(f"{file}: {place}: {what}")
