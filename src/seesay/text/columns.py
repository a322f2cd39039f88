"""What columns of tables and keys of JSON entries are called, and how ids, names and marks in them are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

CAPTIONS = ("caption", "captions", "text", "sentence", "sentences", "comment", "description", "caption_str", "raw")
"""Of a caption, the surest first."""

IDS = (
    *("image_id", "id", "image", "file_name", "filename", "video_id", "image_name", "file", "photo"),
    *(
        "image_path",
        "image_file",
        "filepath",
        "file_path",
        "path",
        "img",
        "picture",
        "video",
        "clip",
        "clip_id",
        "name",
    ),
)
"""Of an item's id, the surest first."""

_NUMBERED_CAPTION = re.compile(r"(?:caption|sentence|comment|description)_?\d+")
_LEFT_OUT = ("is_rejected", "is_precanned", "rejected", "precanned", "is_spam", "is_invalid", "do_not_use")
_KEPT = ("is_valid", "is_accepted", "is_approved")
_MARKS = frozenset((*_LEFT_OUT, *_KEPT))
_ENDING = re.compile(
    r"\.(?:jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|hei[cf]|avif|jxl|jp2|ppm|avi|mp4|m4v|mkv|mov|webm|mpe?g|ts|wmv|flv)$",
    re.IGNORECASE,
)


def is_caption_column(name: str) -> bool:
    """Whether a column holds captions: `caption`, `comment`, …, or one of `caption_1`, `caption_2`, …"""
    return name in CAPTIONS or _NUMBERED_CAPTION.fullmatch(name) is not None


def item_id(value: Any) -> str:
    """An id for comparison: 5 is "5", "5.0" is not, and `val\\p1.jpg` is `val/p1.jpg`.

    Raises:
        ValueError: it is neither text nor a whole number.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"{value!r:.60} is neither text nor a whole number")
    return media_name(str(value))


def media_name(name: str) -> str:
    """A name of a picture or clip for comparison: `./a.jpg` is `a.jpg`, `val\\p1.jpg` is `val/p1.jpg`."""
    name = name.strip()
    if ("/" not in name and "\\" not in name) or "://" in name:
        return name
    return str(PurePosixPath(name.replace("\\", "/")))


def stem(name: str) -> str:
    """A name without the ending of a picture or clip: `101.jpg` is `101`, and `5.0` stays."""
    return _ENDING.sub("", name)


def do_not_use(record: Mapping[str, Any]) -> str | None:
    """The mark by which an entry says that it is not to be used (VizWiz's `is_rejected`, `is_precanned`), else None."""
    if _MARKS.isdisjoint(record):
        return None
    for name in _LEFT_OUT:
        if name in record and _as_bool(record[name]) is True:
            return name
    return next((f"not {name}" for name in _KEPT if name in record and _as_bool(record[name]) is False), None)


def _as_bool(value: Any) -> bool | None:
    text = str(value).strip().lower()
    if text in ("true", "1", "1.0", "yes", "y", "t"):
        return True
    return False if text in ("false", "0", "0.0", "no", "n", "f") else None


def captions_of(value: Any) -> list[str]:
    """The captions of a value: text, a list of texts, or of objects with a caption (pycocoevalcap's `gts`).

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, str):
        return [value]
    found = []
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, dict):
            if do_not_use(entry):
                continue
            name = next((n for n in CAPTIONS if isinstance(entry.get(n), str)), None)
            entry = entry[name] if name else entry
        if not isinstance(entry, str):
            raise ValueError(f"{value!r:.80}; expected text or a list of texts")
        found.append(entry)
    return found


def conversation_caption(turns: Any) -> str:
    """What a conversation of one question says of its picture (LLaVA's `conversations`).

    Raises:
        ValueError: it is no such list, or has more than one answer: answers to questions are no captions.
    """
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError("conversations is not a list of turns")
    said = [t.get("value", t.get("content")) for t in turns if t.get("from", t.get("role")) in ("gpt", "assistant")]
    if len(said) != 1 or not isinstance(said[0], str):
        raise ValueError(f"a conversation of {len(said)} answers, where a caption is one")
    return said[0]
