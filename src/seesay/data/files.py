"""JSON files of data sets: what is in them, and on which line; folders as data sets name them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seesay.errors import DataError
from seesay.text.decoding import OnNote, ignore_note, line_at
from seesay.text.json_text import LinedDict, LinedList, loads
from seesay.text.reading import read_lines, read_text

__all__ = ["Place", "entries", "first_folder", "malformed", "read_json", "read_lines", "read_text", "string"]


class Place(str):
    """Where an entry of a JSON file is, as `annotations[3]`, and the line on which it begins."""

    line: int | None

    def __new__(cls, text: str, line: int | None = None) -> Place:
        """A place on a line."""
        place = super().__new__(cls, text)
        place.line = line
        return place


def read_json(file: Path, on_note: OnNote = ignore_note) -> Any:
    """A file of one JSON value.

    Raises:
        DataError: see `read_text`; or it is not JSON (the message names the line).
    """
    text = read_text(file, on_note)
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        place = f"{file}:{line_at(text, error.pos)}"
        raise DataError(f"{place}: is not JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise DataError(f"{file}: is JSON nested too deep to be a data set") from None


def first_folder(base: Path, *names: str, default: Path | None = None) -> Path:
    """The first of these folders that is there, else `default`, else the first name."""
    return next((base / name for name in names if (base / name).is_dir()), default or base / names[0])


def entries(content: Any, name: str, file: Path) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Each object of the list `name` at the top of a JSON file, and its place for messages.

    Args:
        content: of the file.
        name: of the list; empty where the file is a list itself.
        file: for messages.

    Raises:
        DataError: there is no such list, or it holds something else.
    """
    found = content if not name else content.get(name) if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise DataError(f"{file}: has no list {name!r} at its top; is it a caption file?")
    lines: list[int | None] = [None] * len(found)
    if isinstance(found, LinedList):
        lines = list(found.lines)
    elif isinstance(content, LinedDict):
        lines = list(content.lines_of(name))
    for number, (line, entry) in enumerate(zip(lines, found, strict=True)):
        place = Place(f"{name}[{number}]" if name else f"entry {number}", line)
        if not isinstance(entry, dict):
            raise DataError(f"{_at(file, place)}: {place} is not an object")
        yield place, entry


def string(value: Any) -> str:
    """A value of a JSON file that must be text.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.60} is not text")
    return value


def malformed(file: Path, place: Place, error: Exception) -> DataError:
    """What to raise for an entry that lacks something, or holds something else than it should."""
    what = f"has no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
    return DataError(f"{_at(file, place)}: {place}: {what}")


def _at(file: Path, place: Place) -> str:
    return str(file) if place.line is None else f"{file}:{place.line}"
