"""One's own captions: a CSV table, or one JSON object a line."""

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


@READERS.register("csv")
def read_csv(file: Path, images: Path | None = None) -> Dataset:
    """A table with the columns image, caption and perhaps split; image paths are relative to the file."""
    into = Assembly("csv", file)
    table = csv.reader(io.StringIO(read_text(file), newline=""), strict=True)
    names = [name.strip().lower() for name in _next_row(table, file) or ()]
    missing = [name for name in ("image", "caption") if name not in names]
    if missing:
        why = ""
        if not names:
            why = " (the file is empty)"
        elif len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
            why = " (columns are parted by commas)"
        raise DataError(
            f"{file}:1: has no column {missing[0]!r}{why}; its first line must name image, caption[, split]"
        )

    def records() -> Iterator[tuple[int, dict[str, Any]]]:
        start = table.line_num + 1
        while (row := _next_row(table, file)) is not None:
            if len(row) > len(names):
                message = f"{len(row)} columns, not {len(names)}; put a caption that holds commas in quotes"
                into.fault("too many columns", message, file, start, fatal=True)
            elif any(cell.strip() for cell in row):
                yield start, dict(zip(names, row, strict=False))
            start = table.line_num + 1

    return into.dataset(_rows(into, file, images, records()))


def _next_row(table: Any, file: Path) -> list[str] | None:
    try:
        return next(table, None)
    except csv.Error as error:
        raise DataError(f"{file}:{table.line_num}: is not CSV ({error}); is a quote missing or not doubled?") from None


@READERS.register("jsonl")
def read_jsonl(file: Path, images: Path | None = None) -> Dataset:
    """One JSON object a line: image, caption (or captions, a list), perhaps split; paths are relative to the file."""
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

    return into.dataset(_rows(into, file, images, records()))


def _rows(
    into: Assembly, file: Path, images: Path | None, records: Iterator[tuple[int, dict[str, Any]]]
) -> Iterator[Row]:
    for number, record in records:
        image, caption = record.get("image"), record.get("caption")
        if not isinstance(image, str) or not image.strip():
            into.fault("no image", "the row names no image", file, number, fatal=True)
            continue
        name = str(PurePosixPath(image.strip()))  # "./a.jpg" is "a.jpg"
        if not isinstance(caption, str):
            into.fault("empty caption", f"{name!r} has no caption", file, number)
            caption = None
        try:
            split = normal_split(record.get("split"))
        except ValueError as error:
            into.fault("unknown split", str(error), file, number, fatal=True)
            continue
        yield Row(name, (images or file.parent) / name, caption, split, file, number)
