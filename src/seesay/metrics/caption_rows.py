"""From the text of a caption file to rows of id and captions: JSON in the forms that go about, and tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from seesay.errors import DataError
from seesay.text.columns import (
    CAPTIONS,
    IDS,
    captions_of,
    conversation_caption,
    do_not_use,
    is_caption_column,
    item_id,
)
from seesay.text.decoding import OnNote, line_at
from seesay.text.json_text import LinedDict, LinedList, loads
from seesay.text.reading import text_lines
from seesay.text.tables import TableError, column_name, heading, parse_table

_LISTS = ("annotations", "sentences", "data", "images")
"""Where captions are in a JSON object: COCO and its kin, MSR-VTT, TextCaps, Karpathy's files."""

_JSON_IDS = ("cocoid", *IDS)
_NUMBERED = re.compile(r"(\d+)\s+(\S.*)", re.DOTALL)


class Place(NamedTuple):
    """Where an entry of a JSON file is; its line is looked for when the place is told.

    Attributes:
        entry: number of the entry in the list at the top, of the key in the object at the top, or in its list `name`.
    """

    path: Path
    content: LinedList | LinedDict
    entry: int
    name: str = ""

    def __str__(self) -> str:
        if isinstance(self.content, LinedDict) and not self.name:
            return f"{self.path}:{self.content.lines[self.entry]}"
        lines = self.content.lines_of(self.name) if isinstance(self.content, LinedDict) else self.content.lines
        return f"{self.path}:{lines[self.entry]}: {self.name or 'entry'} {self.entry}"


class CaptionRow(NamedTuple):
    """Captions of one item.

    Attributes:
        place: file, and line where there is one; to be shown by `str`.
        mark: why the captions are not to be used, where the file says so.
    """

    place: str | Place
    item: str
    captions: list[str]
    mark: str | None = None


def json_rows(path: Path, text: str) -> Iterable[CaptionRow]:
    """Entries of a JSON file, or of one with a JSON object on each line.

    Raises:
        DataError: it is neither, or an entry lacks an id or a caption.
    """
    lines = text_lines(text)
    number, first = next(lines)
    more = next(lines, None)
    try:
        several = more is not None and first.lstrip().startswith("{") and isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        several = False
    if several:
        return _json_lines(path, chain([(number, first)], [more] if more else [], lines))
    try:
        value = loads(text)
    except RecursionError:
        raise DataError(f"{path}: nested too deeply to be captions") from None
    except json.JSONDecodeError as error:
        place = f"{path}:{line_at(text, error.pos)}"
        raise DataError(f"{place}: not JSON ({error.msg}), nor is there a JSON object on each line") from None
    if isinstance(value, LinedList):
        return _entries(path, value, value)
    if isinstance(value, LinedDict):
        if more is None and _is_record(value):
            return iter([_row(f"{path}:{number}", value)])
        for name in _LISTS:
            found = value.get(name)
            if not isinstance(found, list) or not found or not all(isinstance(entry, dict) for entry in found):
                continue
            if name != "images" or "sentences" in found[0]:
                return _entries(path, value, found, name)
            raise DataError(f"{path}: lists pictures alone; the captions are in another file")
        return _mapping(path, value)
    raise DataError(f"{path}: expected a JSON list or object of captions, not {value!r:.60}")


def _is_record(value: dict[str, Any]) -> bool:
    return any(n in value for n in IDS) and any(n in value for n in (*CAPTIONS, "conversations"))


def _json_lines(path: Path, lines: Iterable[tuple[int, str]]) -> Iterator[CaptionRow]:
    for number, line in lines:
        try:
            value = json.loads(line)
        except ValueError as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "a number of thousands of digits"
            raise DataError(f"{path}:{number}: not JSON ({why}); expected an object on each line") from None
        except RecursionError:
            raise DataError(f"{path}:{number}: nested too deeply to be captions") from None
        yield _row(f"{path}:{number}", value)


def _entries(path: Path, content: LinedList | LinedDict, found: list[Any], name: str = "") -> Iterator[CaptionRow]:
    for number, entry in enumerate(found):
        yield _row(Place(path, content, number, name), entry)


def _row(place: str | Place, entry: Any) -> CaptionRow:
    names = tuple(entry) if isinstance(entry, dict) else ()
    key, caption = _columns(names)
    if key is None or (caption is None and "conversations" not in names):
        raise DataError(f"{place}: expected an object with image_id (or id) and caption")
    item = _id(place, key, entry[key])
    if mark := do_not_use(entry):
        return CaptionRow(place, item, [], mark)
    try:
        captions = captions_of(entry[caption]) if caption else [conversation_caption(entry["conversations"])]
    except ValueError as error:
        raise DataError(f"{place}: the caption of {item!r} is {error}") from None
    return _filled(place, item, captions, entry.get(caption))


@lru_cache(maxsize=1024)
def _columns(names: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The names of the id and of the caption among the keys of an entry."""
    return next((n for n in _JSON_IDS if n in names), None), next((n for n in CAPTIONS if n in names), None)


def _mapping(path: Path, found: LinedDict) -> Iterator[CaptionRow]:
    for number, (key, value) in enumerate(found.pairs):
        place = Place(path, found, number)
        item = _id(place, "id", key)
        entries = value if isinstance(value, list) else []
        marks = [do_not_use(entry) if isinstance(entry, dict) else None for entry in entries]
        if marks and all(marks):
            yield CaptionRow(place, item, [], marks[0])
            continue
        try:
            captions = captions_of(value)
        except ValueError as error:
            raise DataError(f"{place}: the caption of {item!r} is {error}") from None
        yield _filled(place, item, captions, value)


def _filled(place: str | Place, item: str, captions: list[str], value: Any) -> CaptionRow:
    if not captions:
        raise DataError(f"{place}: the caption of {item!r} is {value!r:.80}; expected text or a list of texts")
    return CaptionRow(place, item, captions)


def _id(place: str | Place, key: str, value: Any) -> str:
    try:
        return item_id(value)
    except ValueError as error:
        raise DataError(f"{place}: {key} is {value!r:.60}; expected text or a whole number") from error


def table_rows(path: Path, text: str, on_note: OnNote) -> Iterator[CaptionRow] | None:
    """Rows of a table whose first row names its columns; None for anything else.

    Raises:
        DataError: the first row looks like such a heading, but does not name what is needed; or it is no table.
    """
    _, cells = heading(text, {*IDS, *CAPTIONS})
    names = [column_name(cell) for cell in cells]
    ids, captions = [n for n in IDS if n in names], [n for n in names if is_caption_column(n)]
    if not ids and not captions:
        return None
    if not ids or not captions:
        raise DataError(
            f"{path}:1: looks like the heading of a table, but names no {'caption' if ids else 'id'} column; known are "
            f"{', '.join(IDS[:4])} and {', '.join(CAPTIONS)}"
        )
    try:
        table = parse_table(text, {*IDS, *CAPTIONS})
    except TableError as error:
        raise DataError(f"{path}:{error}") from None
    return _table_rows(path, table.names, table.rows, ids[0], captions, on_note)


def _table_rows(
    path: Path,
    names: tuple[str, ...],
    rows: list[tuple[int, list[str]]],
    key: str,
    captions: list[str],
    on_note: OnNote,
) -> Iterator[CaptionRow]:
    chosen = next(n for n in CAPTIONS if n in captions) if any(n in CAPTIONS for n in captions) else None
    columns = [
        i for i, name in enumerate(names) if name == chosen or (is_caption_column(name) and name not in CAPTIONS)
    ]
    numbers = names.index("comment_number") if "comment_number" in names else None
    for line, row in rows:
        if len(row) == len(names) - 1 and numbers is not None and (apart := _NUMBERED.fullmatch(row[numbers].strip())):
            on_note(line, f"comment number and comment are not parted; taken for {apart[1]!r} and {apart[2]!r:.40}")
            row = [*row[:numbers], apart[1], apart[2]]
        if len(row) != len(names):
            raise DataError(f"{path}:{line}: {len(row)} columns where the header names {len(names)}")
        record = dict(zip(names, row, strict=True))
        place, item = f"{path}:{line}", item_id(record[key])
        texts = [row[i] for i in columns]
        if len(texts) > 1:
            texts = [text for text in texts if text.strip()] or texts[:1]
        yield CaptionRow(place, item, texts, do_not_use(record))
