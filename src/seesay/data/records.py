"""One's own captions and labels as records: rows of a table, entries of a JSON list, one JSON object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seesay.data.assemble import Assembly
from seesay.data.files import entries, read_json
from seesay.errors import DataError
from seesay.text.columns import (
    CAPTIONS,
    captions_of,
    conversation_caption,
    do_not_use,
    is_caption_column,
    media_name,
)
from seesay.text.json_text import LinedDict
from seesay.text.reading import read_text, text_lines
from seesay.text.tables import TableError, parse_table

Record = tuple[int | None, dict[str, Any]]
"""The line on which a record begins, and what it holds by name."""

MEDIA = ("image", "video", "clip", "sound", "text")
FILES = (
    *("image_name", "file_name", "filename", "image_path", "image_file", "filepath", "file_path", "path", "file"),
    *(
        "photo",
        "picture",
        "img",
        "video_name",
        "video_path",
        "clip_name",
        "clip_path",
        "image_id",
        "video_id",
        "clip_id",
    ),
    *("image_url", "url"),
)
"""Columns that name a picture or clip where there is none of `MEDIA`, the surest first."""

_COLUMNS = "image, video or clip; caption or label[; split, group, start, end]; or sound or text; label[; split, group]"
_NUMBERED = re.compile(r"(\d+)\s+(\S.*)", re.DOTALL)
_LOOKS_LIKE_MEDIA = re.compile(
    r"(?:https?://\S+|[^<>|\"\r\n]+\.(?:jpe?g|png|webp|gif|bmp|tiff?|mp4|avi|mkv|mov|webm))", re.I
)


def csv_records(into: Assembly, file: Path, *needed: str, join: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line and columns of each row of a table that has these columns; by default those of one's own captions.

    Columns by other names are those of `MEDIA` and `caption` too where these are not there. A table of pictures and
    captions may lack a heading.

    Args:
        into: for faults.
        file: the table.
        needed: columns that must be there.
        join: whether cells past the last column belong to it, as a caption's whose commas are not quoted.

    Raises:
        DataError: it is not CSV, or a column is missing.
    """
    text = read_text(file, into.on_note(file))
    known = {*MEDIA, *FILES, *CAPTIONS, *needed, "label", "split", "group", "start", "end"}
    try:
        table = parse_table(text, known)
        if not needed and not known.intersection(table.names) and (headed := _heading_for(table.names)):
            into.fault("no heading", f"the first row names no columns; taken for {', '.join(headed)}", file, 1)
            table = parse_table(table.delimiter.join(headed) + "\n" + text, known)
            table.rows[:] = [(line - 1, row) for line, row in table.rows]
    except TableError as error:
        raise DataError(f"{file}:{error}") from None
    names = _canonical(table.names) if not needed else list(table.names)
    twice = sorted({name for name in names if name and name != "caption" and names.count(name) > 1})
    if twice:
        raise DataError(f"{file}:{table.line}: two columns are called {twice[0]!r}")
    missing = [name for name in needed if name not in names] or ([] if needed else _missing(names))
    if missing:
        why = "" if names else " (the file is empty)"
        wanted = ", ".join(needed) or _COLUMNS
        raise DataError(f"{file}:{table.line}: has no column {missing[0]!r}{why}; its first line must name {wanted}")
    for line, row in table.rows:
        row = _parted(into, file, line, names, row)
        if join and len(row) > len(names) and names[-1] == "caption":
            row = [*row[: len(names) - 1], table.delimiter.join(row[len(names) - 1 :])]
        if len(row) > len(names):
            message = f"{len(row)} columns, not {len(names)}; put a caption that holds commas in quotes"
            into.fault("too many columns", message, file, line, fatal=True)
            continue
        record: dict[str, Any] = {}
        captions = []
        for name, cell in zip(names, row, strict=False):
            if name == "caption":
                captions.append(cell)
            else:
                record[name] = cell
        if not _used(into, file, line, record):
            continue
        several = [caption for caption in captions if caption.strip()] or captions[:1]
        if not several:
            yield line, record
        for caption in several:
            yield line, {**record, "caption": caption}


def _heading_for(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Names for the columns of a table without heading: one of files or addresses beside one of captions."""
    likely = [_LOOKS_LIKE_MEDIA.fullmatch(cell) is not None for cell in cells]
    if len(cells) > 1 and likely[0] and not any(likely[1:]):
        return ("image", "caption")
    return ("caption", "image") if likely == [False, True] else ()


def _canonical(names: tuple[str, ...]) -> list[str]:
    """Columns by SeeSay's own names, where a table has others."""
    found = list(names)
    if not {"image", "video", "clip", "sound"}.intersection(found):
        media = next((name for name in FILES if name in found), None)
        if media is not None:
            found[found.index(media)] = _own_name(media)
    if "caption" not in found and "label" not in found:
        there = [name for name in CAPTIONS if name in found and (name != "text" or _has_media(found))]
        if there:
            found[found.index(there[0])] = "caption"
    return ["caption" if is_caption_column(name) and name not in CAPTIONS else name for name in found]


def _own_name(column: str) -> str:
    return "clip" if column.startswith(("video", "clip")) else "file"


def _has_media(names: list[str]) -> bool:
    return bool({"image", "video", "clip", "sound", "file"}.intersection(names))


def _missing(names: list[str]) -> list[str]:
    media = [] if _has_media(names) or {"text", "label"} <= set(names) else ["image"]
    return media + ([] if "caption" in names or "label" in names else ["caption"])


def _parted(into: Assembly, file: Path, line: int, names: list[str], row: list[str]) -> list[str]:
    """A row of Kaggle's Flickr30k table; in one of its rows the number and the comment are not parted."""
    place = names.index("comment_number") if "comment_number" in names else -1
    if place < 0 or len(row) != len(names) - 1 or not (apart := _NUMBERED.fullmatch(row[place].strip())):
        return row
    message = f"comment number and comment are not parted; taken for {apart[1]!r} and {apart[2]!r:.40}"
    into.fault("odd text", message, file, line)
    return [*row[:place], apart[1], apart[2], *row[place + 1 :]]


def _used(into: Assembly, file: Path, line: int | None, record: dict[str, Any]) -> bool:
    """Whether a record may be used; what says that it may not is told."""
    mark = do_not_use(record)
    if mark is not None:
        into.fault("caption not to be used", f"it is marked {mark}", file, line)
    return mark is None


def json_records(into: Assembly, file: Path) -> Iterator[Record]:
    """Records of a JSON list (as BLIP's and LLaVA's), of an object of captions by picture, or one object a line.

    Raises:
        DataError: it is not JSON.
    """
    text = read_text(file, into.on_note(file))
    start = text.lstrip()[:1]
    if start == "[" or (start == "{" and not _is_lines(text)):
        content = read_json(file)
        if isinstance(content, LinedDict):
            yield from _mapping(into, file, content)
            return
        for place, entry in entries(content, "", file):
            yield from _json_record(into, file, place.line, entry)
        return
    for number, line in text_lines(text):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            into.fault("not JSON", str(error), file, number, fatal=True)
            continue
        if not isinstance(record, dict):
            into.fault("not an object", 'each line is {"image": …, "caption": …}', file, number, fatal=True)
            continue
        yield from _json_record(into, file, number, record)


def _is_lines(text: str) -> bool:
    """Whether a text that begins as an object has one on its first line, and is not one object of captions by name."""
    lines = text_lines(text)
    _, first = next(lines)
    try:
        record = json.loads(first)
    except (ValueError, RecursionError):
        # A fault in the first line of many is one of that line; of a text that is one object, of the whole.
        return first.rstrip().endswith("}") and next(lines, None) is not None
    return next(lines, None) is not None or bool({*MEDIA, *FILES}.intersection(record))


def _mapping(into: Assembly, file: Path, content: LinedDict) -> Iterator[Record]:
    for name in ("images", "annotations", "videos", "data"):
        if isinstance(content.get(name), list):
            raise DataError(
                f"{file}: has a list {name!r}, as COCO and its kin have; name it coco:, karpathy: or msrvtt:"
            )
    for line, (name, value) in zip(content.lines, content.pairs, strict=True):
        try:
            captions = captions_of(value)
        except ValueError as error:
            raise DataError(f"{file}:{line}: the caption of {name!r:.60} is {error}") from None
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if isinstance(entry, dict):
                _used(into, file, line, entry)
        for caption in captions:
            yield line, {"file": name, "caption": caption}


def _json_record(into: Assembly, file: Path, line: int | None, record: dict[str, Any]) -> Iterator[Record]:
    if not _used(into, file, line, record):
        return
    record = _named(record)
    if "conversations" in record and "caption" not in record:
        try:
            record["caption"] = conversation_caption(record["conversations"])
        except ValueError as error:
            into.fault("no caption", str(error), file, line)
            return
    captions = record.get("captions", record.get("caption"))
    if isinstance(captions, list):
        for caption in captions:
            if isinstance(caption, dict):
                if not _used(into, file, line, caption):
                    continue
                caption = next((caption[n] for n in CAPTIONS if isinstance(caption.get(n), str)), None)
            yield line, {**record, "caption": caption}
        return
    yield line, {**record, "caption": captions}


def _named(record: dict[str, Any]) -> dict[str, Any]:
    """A JSON record by SeeSay's own names."""
    found = dict(record)
    if not any(record.get(name) for name in ("image", "video", "clip", "sound")):
        name = next((name for name in FILES if isinstance(record.get(name), (str, int))), None)
        if name is not None and (name not in ("url", "image_url") or "text" not in record or "caption" in record):
            found[_own_name(name)] = str(record[name])
    if not any(name in record for name in ("caption", "captions", "label")):
        there = [n for n in CAPTIONS if n in record and (n != "text" or _has_media([k for k, v in found.items() if v]))]
        if there:
            found["caption"] = record[there[0]]
    return found


def local_name(value: str, folder: Path) -> str:
    """A picture's or clip's name as a path below `folder`: `val\\p1.jpg` is `val/p1.jpg` where no file is called so."""
    if "\\" in value and (folder / value).exists():
        return value
    return media_name(value)
