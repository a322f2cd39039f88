"""One's own captions and labels: a CSV table, or one JSON object a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from seesay.data.assemble import Assembly, Row
from seesay.data.files import read_lines, read_text
from seesay.data.formats import READERS
from seesay.data.sample import Dataset, normal_split
from seesay.errors import DataError
from seesay.media.modality import Modality

_MEDIA: dict[str, Modality] = {"image": "picture", "video": "clip", "clip": "clip", "sound": "sound", "text": "text"}
_COLUMNS = "image, video or clip; caption or label[; split, group, start, end]; or sound or text; label[; split, group]"


@READERS.register("csv")
def read_csv(file: Path, images: Path | None = None, clips: Path | None = None) -> Dataset:
    """A table with the columns image, video or clip; caption or label; perhaps split, group, start and end.

    Or sound or text; label; perhaps split and group. A text stands in the table itself. What is of one group, such as
    the clips of one recording, must not be in two splits.

    Paths are relative to the file, or to `images` and `clips`. `start` and `end` are seconds into the clip; a row with
    either is a part of it, with an id of its own.
    """
    into = Assembly("csv", file)
    return into.dataset(_rows(into, file, images, clips, csv_records(into, file)))


def csv_records(into: Assembly, file: Path, *needed: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and columns of each row of a table that has these columns; by default those of one's own captions.

    Raises:
        DataError: it is not CSV, or a column is missing.
    """
    table = csv.reader(io.StringIO(read_text(file), newline=""), strict=True)
    names = [name.strip().lower() for name in _next_row(table, file) or ()]
    missing = [name for name in needed if name not in names] or ([] if needed else _missing(names))
    if missing:
        why = ""
        if not names:
            why = " (the file is empty)"
        elif len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
            why = " (columns are parted by commas)"
        wanted = ", ".join(needed) or _COLUMNS
        raise DataError(f"{file}:1: has no column {missing[0]!r}{why}; its first line must name {wanted}")
    start = table.line_num + 1
    while (row := _next_row(table, file)) is not None:
        if len(row) > len(names):
            message = f"{len(row)} columns, not {len(names)}; put a caption that holds commas in quotes"
            into.fault("too many columns", message, file, start, fatal=True)
        elif any(cell.strip() for cell in row):
            yield start, dict(zip(names, row, strict=False))
        start = table.line_num + 1


def _missing(names: list[str]) -> list[str]:
    there = any(name in names for name in _MEDIA if name != "text") or {"text", "label"} <= set(names)
    media = [] if there else ["image"]
    return media + ([] if "caption" in names or "label" in names else ["caption"])


def _next_row(table: Any, file: Path) -> list[str] | None:
    try:
        return next(table, None)
    except csv.Error as error:
        raise DataError(f"{file}:{table.line_num}: is not CSV ({error}); is a quote missing or not doubled?") from None


@READERS.register("jsonl")
def read_jsonl(file: Path, images: Path | None = None, clips: Path | None = None) -> Dataset:
    """One JSON object a line: image, video or clip; caption (or captions, a list) or label; perhaps what follows them.

    That is split, group, start and end. Paths are as in a table of `read_csv`.
    """
    into = Assembly("jsonl", file)

    def records() -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in read_lines(file):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                into.fault("not JSON", str(error), file, number, fatal=True)
                continue
            if not isinstance(record, dict):
                into.fault("not an object", 'each line is {"image": …, "caption": …}', file, number, fatal=True)
                continue
            captions = record.get("captions", [record.get("caption")])
            for caption in captions if isinstance(captions, list) else [captions]:
                yield number, {**record, "caption": caption}

    return into.dataset(_rows(into, file, images, clips, records()))


def _rows(
    into: Assembly,
    file: Path,
    images: Path | None,
    clips: Path | None,
    records: Iterator[tuple[int, dict[str, Any]]],
) -> Iterator[Row]:
    for number, record in records:
        named = [column for column in _MEDIA if _text(record.get(column))]
        if len(named) > 1:  # a sound or text beside a picture or clip is a note
            named = [column for column in named if _MEDIA[column] not in ("sound", "text")] or ["sound"]
        if len(named) != 1:
            column = next((column for column in _MEDIA if column in record), "image")
            message = f"the row names {' and '.join(f'a {_MEDIA[n]}' for n in named) or 'none'}; one is needed"
            into.fault(f"no {column}", message if named else f"the row names no {column}", file, number, fatal=True)
            continue
        kind = _MEDIA[named[0]]
        text = _text(record[named[0]]) if kind == "text" else None
        # "./a.jpg" is "a.jpg"; a text is called by its line.
        name = f"{file.name}:{number}" if text else str(PurePosixPath(_text(record[named[0]])))
        label = _text(record.get("label")) or None
        caption = record.get("caption")
        if label is None and "label" in record and not _text(caption):
            into.fault("empty label", f"{name!r} has no label", file, number)
            caption = None
        elif not isinstance(caption, str) or (label is not None and not caption.strip()):
            if label is None:
                into.fault("empty caption", f"{name!r} has no caption", file, number)
            caption = None
        try:
            split = normal_split(record.get("split"))
        except ValueError as error:
            into.fault("unknown split", str(error), file, number, fatal=True)
            continue
        try:
            start, end = (None, None) if kind in ("sound", "text") else _times(record)
        except ValueError as error:
            into.fault("bad time", str(error), file, number, fatal=True)
            continue
        folder = (images if kind == "picture" else clips) or file.parent
        part = "" if start is None and end is None else f"#{start or 0:g}-{'' if end is None else f'{end:g}'}"
        media = folder / name if text is None else file
        group = _text(record.get("group")) or None
        yield Row(name + part, media, caption, split, file, number, label, start, end, kind, group, text)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _times(record: dict[str, Any]) -> tuple[float | None, float | None]:
    """Start and end in seconds.

    Raises:
        ValueError: they are no numbers, below 0, or in the wrong order.
    """
    found: list[float | None] = []
    for name in ("start", "end"):
        value = record.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            found.append(None)
            continue
        try:
            seconds = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            seconds = float("nan")
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"{name} {value!r} must be seconds, 0 or more")
        found.append(seconds)
    start, end = found
    if end is not None and end <= (start or 0.0):
        raise ValueError(f"end {end:g} must be after start {start or 0.0:g}")
    return start, end
