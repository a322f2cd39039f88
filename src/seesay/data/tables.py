"""One's own captions and labels: a table, a JSON list, or one JSON object a line."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from seesay.data.assemble import Assembly, Row
from seesay.data.flickr8k import IMAGES
from seesay.data.formats import READERS
from seesay.data.records import Record, csv_records, json_records, local_name
from seesay.data.sample import Dataset, normal_split
from seesay.media.modality import CLIP_SUFFIXES, SOUND_SUFFIXES, Modality

_MEDIA: dict[str, Modality] = {"image": "picture", "video": "clip", "clip": "clip", "sound": "sound", "text": "text"}


@READERS.register("csv")
def read_csv(file: Path, images: Path | None = None, clips: Path | None = None) -> Dataset:
    """A table with the columns image, video or clip; caption or label; perhaps split, group, start and end.

    Or sound or text; label; perhaps split and group. A text stands in the table itself. What is of one group, such as
    the clips of one recording, must not be in two splits.

    Paths are relative to the file, or to `images` and `clips`; where the first is not beside the file, to one of the
    usual folders (`images/`, `Images/`). `start` and `end` are seconds into the clip; a row with either is a part of
    it, with an id of its own.
    """
    into = Assembly("csv", file)
    return into.dataset(_rows(into, file, images, clips, csv_records(into, file)))


@READERS.register("json")
@READERS.register("jsonl")
def read_jsonl(file: Path, images: Path | None = None, clips: Path | None = None) -> Dataset:
    """One JSON object a line: image, video or clip; caption (or captions, a list) or label; perhaps what follows them.

    That is split, group, start and end. Paths are as in a table of `read_csv`. A list of such objects is read as well
    (BLIP's annotations; LLaVA's, whose `conversations` have one answer), and an object {image: caption or captions}.
    """
    into = Assembly("jsonl", file)
    return into.dataset(_rows(into, file, images, clips, json_records(into, file)))


def _rows(
    into: Assembly, file: Path, images: Path | None, clips: Path | None, records: Iterable[Record]
) -> Iterator[Row]:
    usual: dict[str, Path] = {}
    for number, record in records:
        named = [column for column in _MEDIA if _text(record.get(column))]
        if len(named) > 1:  # a sound or text beside a picture or clip is a note
            named = [column for column in named if _MEDIA[column] not in ("sound", "text")] or ["sound"]
        if _text(record.get("file")) and (not named or named == ["text"]):
            record = {**record, "text": None, _kind_by_name(_text(record["file"])): record["file"]}
            named = [column for column in _MEDIA if _text(record.get(column))]
        if len(named) != 1:
            column = next((column for column in _MEDIA if column in record), "image")
            message = f"the row names {' and '.join(f'a {_MEDIA[n]}' for n in named) or 'none'}; one is needed"
            into.fault(f"no {column}", message if named else f"the row names no {column}", file, number, fatal=True)
            continue
        kind = _MEDIA[named[0]]
        value = _text(record[named[0]])
        folder = (images if kind == "picture" else clips) or usual.get(kind)
        if folder is None:
            folder = usual[kind] = _usual_folder(file.parent, value, kind)
        text = value if kind == "text" else None
        if text is None and "://" in value:
            if not (images if kind == "picture" else clips):
                where = "images=FOLDER" if kind == "picture" else "clips=FOLDER"
                message = f"{value!r:.80} is an address; nothing is fetched: download it and say {where}"
                into.fault("address", message, file, number)
                continue
            value = PurePosixPath(unquote(urlsplit(value).path)).name
        # A text is called by its line.
        name = f"{file.name}:{number}" if text else local_name(value, folder)
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
        part = "" if start is None and end is None else f"#{start or 0:g}-{'' if end is None else f'{end:g}'}"
        media = folder / name if text is None else file
        group = _text(record.get("group")) or None
        yield Row(name + part, media, caption, split, file, number, label, start, end, kind, group, text)


def _usual_folder(base: Path, name: str, kind: Modality) -> Path:
    """The folder that names start from: the table's own, or, where the first is not in it, a usual one that has it."""
    usual = [base / folder for folder in IMAGES] if kind == "picture" else []
    return next((folder for folder in (base, *usual) if _has(folder / local_name(name, folder))), base)


def _has(path: Path) -> bool:
    try:
        return path.is_file() or any(path.parent.glob(f"{glob.escape(path.name)}.*"))
    except (OSError, ValueError):
        return False


def _kind_by_name(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return "clip" if suffix in CLIP_SUFFIXES else "sound" if suffix in SOUND_SUFFIXES else "image"


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
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
