"""Captions from files, whatever wrote them: COCO JSON, {id: captions}, CSV, JSON lines, plain text."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seesay.errors import DataError

_IDS = ("image_id", "id", "image", "file_name", "filename", "video_id", "image_name", "file", "photo", "image id")
_CAPTIONS = ("caption", "captions", "text", "sentence", "comment", "description")
_FLICKR = re.compile(r"([^\t]+)#\d+\t(.*)")


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
                f"its own are such as {next(iter(there.captions))!r}; both sides need the same ids"
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
    if text.lstrip()[0] in "[{":
        return CaptionFile(path, _gather(path, _json_rows(path, text), several), False)
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    entries = [_FLICKR.fullmatch(line) for line in lines if line]
    if all(entries):
        rows = [(f"{path}:{n}", m.group(1), m.group(2)) for n, m in enumerate(entries, 1) if m]
        return CaptionFile(path, _gather(path, rows, several), False)
    table = _csv_rows(path, text)
    if table is not None:
        return CaptionFile(path, _gather(path, table, several), False)
    return CaptionFile(path, {str(i): [line] for i, line in enumerate(lines, 1)}, True)


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


def _json_rows(path: Path, text: str) -> Iterable[Row]:
    """Entries of a JSON file, or of one with a JSON object on each line."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise DataError(f"{path}: nested too deeply to be captions") from error
    except json.JSONDecodeError as error:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        try:
            return _objects(path, [(f"line {n}", json.loads(line)) for n, line in lines])
        except json.JSONDecodeError:
            raise DataError(
                f"{path}:{error.lineno}: not JSON ({error.msg}), nor is there a JSON object on each line"
            ) from error
    if isinstance(value, list):
        return _objects(path, [(f"entry {i}", entry) for i, entry in enumerate(value)])
    if isinstance(value.get("annotations"), list):
        return _objects(path, [(f"annotation {i}", entry) for i, entry in enumerate(value["annotations"])])
    # Keys that stand twice are lost to a dictionary.
    pairs: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=lambda found: found)
    return [(f"{path}", item, captions) for item, captions in pairs]


def _objects(path: Path, entries: Iterable[tuple[str, Any]]) -> Iterable[Row]:
    key, caption = _IDS[0], _CAPTIONS[0]
    for place, entry in entries:
        names = entry if isinstance(entry, dict) else {}
        if key not in names or caption not in names:
            key, caption = (next((n for n in known if n in names), "") for known in (_IDS, _CAPTIONS))
            if not key or not caption:
                raise DataError(f"{path}: {place}: expected an object with image_id (or id) and caption")
        if not isinstance(entry[key], (str, int)) or isinstance(entry[key], bool):
            raise DataError(f"{path}: {place}: {key} is {entry[key]!r}; expected text or a whole number")
        yield f"{path}: {place}", str(entry[key]), entry[caption]


def _csv_rows(path: Path, text: str) -> Iterable[Row] | None:
    """Rows of a table whose first line names its columns; None for anything else.

    Raises:
        DataError: the first line looks like such a heading, but does not name what is needed.
    """
    lines = text.splitlines()
    header: list[str] = []
    for sign in ",;\t|":
        cells = [name.strip().strip('"').lower() for name in lines[0].split(sign)]
        if any(name in _IDS for name in cells) and any(name in _CAPTIONS for name in cells):
            header = cells
            break
        if any(name in (*_IDS, *_CAPTIONS) for name in cells):
            raise DataError(
                f"{path}:1: looks like the heading of a table, but names no "
                f"{'caption' if any(name in _IDS for name in cells) else 'id'} column; known are "
                f"{', '.join(_IDS[:4])} and {', '.join(_CAPTIONS)}"
            )
    if not header:
        return None
    key, caption = (next(header.index(n) for n in known if n in header) for known in (_IDS, _CAPTIONS))
    rows = []
    reader = csv.reader(lines, delimiter=sign, strict=True)
    try:
        for row in reader:
            if reader.line_num == 1 or not row:
                continue
            if len(row) != len(header):
                raise DataError(f"{path}:{reader.line_num}: {len(row)} columns where the header names {len(header)}")
            rows.append((f"{path}:{reader.line_num}", row[key].strip(), row[caption]))
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not CSV ({error})") from error
    return rows
