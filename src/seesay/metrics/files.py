"""Captions from files, whatever wrote them: COCO JSON, {id: captions}, CSV, JSON lines, plain text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seesay.errors import DataError

_IDS = ("image_id", "id", "image", "file_name", "filename", "video_id")
_CAPTIONS = ("caption", "captions", "text", "sentence")


@dataclass(frozen=True)
class CaptionFile:
    """Captions of a file.

    Attributes:
        path: where they were read.
        captions: item id to its captions, in the order of the file.
        by_line: whether the ids are line numbers, because the file is plain text.
    """

    path: Path
    captions: dict[str, list[str]]
    by_line: bool


def read_hypotheses(path: str | Path) -> CaptionFile:
    """One caption for each id, or a list of several where the file gives lists.

    Raises:
        DataError: unreadable, of no known form, or an id twice.
    """
    return _read(Path(path), several=False)


def read_references(paths: Sequence[str | Path]) -> CaptionFile:
    """Any number of captions for each id; several plain text files give one reference for each line each.

    Raises:
        DataError: unreadable, of no known form, or text files of different lengths.
    """
    files = [_read(Path(path), several=True) for path in paths]
    first = files[0]
    for file in files[1:]:
        if file.by_line != first.by_line or (file.by_line and len(file.captions) != len(first.captions)):
            raise DataError(
                f"{file.path}: {_form(file)}, but {first.path} is {_form(first)}; reference files must go together"
            )
    captions: dict[str, list[str]] = {}
    for file in files:
        for item, texts in file.captions.items():
            captions.setdefault(item, []).extend(texts)
    return CaptionFile(first.path, captions, first.by_line)


def check_same_items(hypotheses: CaptionFile, references: CaptionFile) -> None:
    """Refuse hypotheses and references that do not speak of the same items.

    Raises:
        DataError: one line that says which ids are missing where.
    """
    if hypotheses.by_line != references.by_line:
        raise DataError(
            f"{hypotheses.path} is {_form(hypotheses)}, {references.path} is {_form(references)}: "
            "their items cannot be matched; give both with ids, or both as plain text"
        )
    if hypotheses.by_line and len(hypotheses.captions) != len(references.captions):
        raise DataError(f"{hypotheses.path} has {_form(hypotheses)}, {references.path} has {_form(references)}")
    for here, there in ((hypotheses, references), (references, hypotheses)):
        missing = [item for item in here.captions if item not in there.captions]
        if missing:
            named = ", ".join(map(repr, missing[:3])) + (", …" if len(missing) > 3 else "")
            raise DataError(
                f"{there.path}: lacks {len(missing)} of the {len(here.captions)} ids in {here.path} ({named}); "
                "both sides need the same ids"
            )


def _form(file: CaptionFile) -> str:
    return f"plain text of {len(file.captions)} lines" if file.by_line else f"a file of {len(file.captions)} ids"


def _read(path: Path, *, several: bool) -> CaptionFile:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start}); convert it, or name another file") from error
    if not text.strip():
        raise DataError(f"{path}: is empty; expected JSON, CSV with a header, JSON lines, or a caption on each line")
    start = text.lstrip()[0]
    if start in "[{":
        try:
            return CaptionFile(path, _gather(path, _json_rows(path, json.loads(text)), several), False)
        except json.JSONDecodeError as error:
            lines = _json_lines(text)
            if lines is None:
                raise DataError(f"{path}:{error.lineno}: not JSON ({error.msg})") from error
            return CaptionFile(path, _gather(path, _objects(path, lines), several), False)
    rows = _csv_rows(path, text)
    if rows is not None:
        return CaptionFile(path, _gather(path, rows, several), False)
    return CaptionFile(path, {str(i): [line] for i, line in enumerate(text.splitlines(), 1)}, True)


Row = tuple[str, str, Any]
"""Where it was read, the item's id, and its caption or list of captions."""


def _gather(path: Path, rows: Iterable[Row], several: bool) -> dict[str, list[str]]:
    captions: dict[str, list[str]] = {}
    for place, item, value in rows:
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) for text in texts):
            raise DataError(f"{place}: the caption of {item!r} is {value!r}; expected text or a list of texts")
        if item in captions and not several:
            raise DataError(
                f"{place}: a second caption for {item!r}; give one for each id, or one list as {{id: [captions]}}"
            )
        captions.setdefault(item, []).extend(texts)
    if not captions:
        raise DataError(f"{path}: holds no captions")
    return captions


def _json_rows(path: Path, value: Any) -> Iterable[Row]:
    if isinstance(value, list):
        return _objects(path, [(f"entry {i}", entry) for i, entry in enumerate(value)])
    if isinstance(value.get("annotations"), list):
        return _objects(path, [(f"annotation {i}", entry) for i, entry in enumerate(value["annotations"])])
    return [(str(path), str(item), captions) for item, captions in value.items()]


def _json_lines(text: str) -> list[tuple[str, Any]] | None:
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                entries.append((f"line {number}", json.loads(line)))
            except json.JSONDecodeError:
                return None
    return entries


def _objects(path: Path, entries: Iterable[tuple[str, Any]]) -> Iterable[Row]:
    key, caption = _IDS[0], _CAPTIONS[0]
    for place, entry in entries:
        names = entry if isinstance(entry, dict) else {}
        if key not in names or caption not in names:
            key, caption = (next((n for n in known if n in names), "") for known in (_IDS, _CAPTIONS))
            if not key or not caption:
                raise DataError(f"{path}: {place}: expected an object with image_id (or id) and caption")
        yield f"{path}: {place}", str(entry[key]), entry[caption]


def _csv_rows(path: Path, text: str) -> Iterable[Row] | None:
    """Rows of a CSV file whose first line names its columns; None for anything else."""
    lines = text.splitlines()
    try:
        header = [name.strip().lower() for name in next(csv.reader(lines))]
    except csv.Error:
        return None
    key, caption = (next((header.index(n) for n in known if n in header), None) for known in (_IDS, _CAPTIONS))
    if key is None or caption is None:
        return None
    rows = []
    reader = csv.reader(lines, strict=True)
    try:
        for row in reader:
            if reader.line_num == 1 or not row:
                continue
            if len(row) != len(header):
                raise DataError(f"{path}:{reader.line_num}: {len(row)} columns where the header names {len(header)}")
            rows.append((f"{path}:{reader.line_num}", row[key], row[caption]))
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not CSV ({error})") from error
    return rows
