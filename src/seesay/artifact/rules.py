"""Every entry of a manifest has a type and a range, and one line that says what is wrong with it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from seesay.search_options import FLAGS as SEARCH_FLAGS
from seesay.search_options import RANGES as SEARCH_RANGES

MOST_BYTES = 16 * 2**20
_MOST_TOKENS, _MOST_LABELS, _MOST_STATES, _MOST_VALUES, _DEEPEST = 1_000_000, 100_000, 64, 2_000_000, 32
_LONGEST_NAME, _LONGEST_WORD, _LONGEST_TEXT = 200, 500, 2**20
_LARGEST_FILE = 2**40
_LARGEST_SETTING = 2**16
_STORAGES = ("float32", "float16", "int8")
_NEEDED = ("name", "model", "preprocessing", "vocabulary", "grid_size", "carried")
_RANGES: dict[str, dict[str, tuple[type, float, float]]] = {
    "preprocessing": {
        "crop_ratio": (float, 1e-3, 1),
        "length": (int, 1, 100_000),
        "rate": (int, 100, 400_000),
        "window": (float, 1e-5, 60),
        "hop": (float, 1e-5, 60),
        "mels": (int, 1, 4096),
        "seconds": (float, 1e-5, 3600),
    },
    "clip": {"frames": (int, 1, 4096), "stride": (int, 1, 1_000_000), "every": (float, 1e-4, 1e6)},
    "search": SEARCH_RANGES,
}


def parse(text: bytes) -> dict[str, Any]:
    """A manifest's JSON, an object.

    Raises:
        ValueError: it is none, nests too deep, or holds a number of thousands of digits.
    """
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError("it nests too deep") from None
    if not isinstance(values, dict):
        raise ValueError("it is no JSON object")
    _walk(values)
    return values


def check_records(files: Any, known: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of each file that a manifest lists.

    Raises:
        ValueError: a name that is none of `known`, a size or a sum that is none.
    """
    if not isinstance(files, dict):
        raise ValueError("'files' is no mapping of names to sizes and sums")
    found = {}
    for name, record in files.items():
        if name not in known:
            raise ValueError(f"lists {name!r:.80}, which is no part of an artifact")
        if not isinstance(record, dict):
            raise ValueError(f"of {name} it tells no size and sum")
        size, digest = record.get("size"), record.get("sha256")
        if not _is_whole(size) or not 0 <= size <= _LARGEST_FILE:
            raise ValueError(f"the size of {name} is {_brief(size)}; it must be 0 to {_LARGEST_FILE} bytes")
        if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValueError(f"the SHA-256 of {name} is {_brief(digest)}; it must be 64 hexadecimal digits")
        found[name] = (size, digest)
    return found


def check_manifest(values: Mapping[str, Any], tasks: Sequence[str]) -> None:
    """Check what an artifact says of itself.

    Raises:
        ValueError: the first entry that is missing, of another type or out of range, by name.
    """
    for name in _NEEDED:
        if name not in values:
            raise ValueError(f"an entry is missing or wrong ({name!r} is not there)")
    _text(values, "name", _LONGEST_NAME)
    _text(values, "card", _LONGEST_TEXT)
    if values.get("task", tasks[0]) not in tasks:
        raise ValueError(f"task {_brief(values['task'])} is unknown to this SeeSay")
    if values.get("storage", _STORAGES[0]) not in _STORAGES:
        raise ValueError(f"storage {_brief(values['storage'])} must be one of {', '.join(_STORAGES)}")
    for name in ("model", "preprocessing", "vocabulary", "search", "selection", "training", "scores"):
        if not isinstance(values.get(name, {}), Mapping):
            raise ValueError(f"{name!r} is not a mapping")
    if not isinstance(values.get("clip"), (Mapping, type(None))):
        raise ValueError("'clip' is not a mapping")
    if values.get("task") == "recognize" and not isinstance(values["model"].get("classifier"), Mapping):
        raise ValueError("'model' has no 'classifier'")
    grid = values["grid_size"]
    if not isinstance(grid, (list, tuple)) or len(grid) != 2 or not all(_is_whole(n) and 1 <= n <= 4096 for n in grid):
        raise ValueError(f"'grid_size' is {_brief(grid)}; it must be two whole numbers, 1 to 4096")
    _names(values, "carried", _MOST_STATES, _LONGEST_NAME)
    _names(values, "labels", _MOST_LABELS, _LONGEST_WORD)
    _names(values["vocabulary"], "tokens", _MOST_TOKENS, _LONGEST_WORD)
    if len(set(values["vocabulary"].get("tokens", ()))) != len(values["vocabulary"].get("tokens", ())):
        raise ValueError("'tokens' hold a word twice")
    for name, ranges in _RANGES.items():
        for entry, bounds in ranges.items():
            _number(values.get(name) or {}, name, entry, bounds)
    strange = set(values.get("search", ())) - {*SEARCH_RANGES, *SEARCH_FLAGS}
    if strange:
        raise ValueError(f"'search' holds {min(strange)!r:.80}, which is unknown to this SeeSay")
    for entry in SEARCH_FLAGS:
        if not isinstance(values.get("search", {}).get(entry, False), bool):
            raise ValueError(f"{entry!r} of 'search' must be true or false")
    _pixels(values["preprocessing"])
    _settings(values["model"], "model")
    test = values.get("scores", {}).get("test", {})
    if not isinstance(test, Mapping):
        raise ValueError(f"the scores on test are {_brief(test)}, not a mapping")


def _text(values: Mapping[str, Any], name: str, longest: int) -> None:
    value = values.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{name!r} must be text of at most {longest} characters")


def _names(values: Mapping[str, Any], name: str, most: int, longest: int) -> None:
    found = values.get(name, ())
    if not isinstance(found, (list, tuple)) or len(found) > most:
        raise ValueError(f"{name!r} must be a list of at most {most} names")
    for one in found:
        if not isinstance(one, str) or len(one) > longest:
            raise ValueError(f"{name!r} holds {_brief(one)}; each must be text of at most {longest} characters")


def _number(values: Mapping[str, Any], where: str, name: str, bounds: tuple[type, float, float]) -> None:
    value = values.get(name)
    if value is None:
        return
    kind, least, most = bounds
    right = _is_whole(value) if kind is int else _is_whole(value) or isinstance(value, float)
    if not right or not least <= value <= most:
        what = "a whole number" if kind is int else "a number"
        raise ValueError(f"{name!r} of {where!r} is {_brief(value)}; it must be {what} from {least:g} to {most:g}")


def _pixels(values: Mapping[str, Any]) -> None:
    for name, count, least, most in (("size", 2, 1, 8192), ("mean", 3, -1e3, 1e3), ("std", 3, 1e-6, 1e3)):
        if name not in values:
            continue
        found = values[name]
        right = isinstance(found, (list, tuple)) and len(found) == count
        if not right or not all(
            (_is_whole(v) or (name != "size" and isinstance(v, float))) and least <= v <= most for v in found
        ):
            raise ValueError(f"{name!r} of 'preprocessing' is {_brief(found)}; it must be {count} numbers in range")


def _settings(values: Any, where: str) -> None:
    """Sizes that networks are built from."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            _settings(value, str(name)[:80])
    elif isinstance(values, (list, tuple)):
        for value in values:
            _settings(value, where)
    elif isinstance(values, (int, float)) and not (math.isfinite(values) and abs(values) <= _LARGEST_SETTING):
        raise ValueError(f"{where!r} of 'model' is {_brief(values)}; at most {_LARGEST_SETTING} is taken")


def _walk(values: Any) -> None:
    """Bound what is nested and how much; numbers must be such as other programs can hold."""
    left, seen = [(values, 0)], 0
    while left:
        value, depth = left.pop()
        seen += 1
        if depth > _DEEPEST or seen > _MOST_VALUES:
            raise ValueError("it nests too deep or holds too much")
        if isinstance(value, dict):
            left.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            left.extend((item, depth + 1) for item in value)
        elif isinstance(value, int) and abs(value) >= 2**64:
            raise ValueError(f"it holds the number {_brief(value)}")


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _brief(value: Any) -> str:
    if _is_whole(value) and abs(value) >= 10**30:
        return "a number of more than 30 digits"
    if isinstance(value, (dict, list, tuple)) and len(value) > 8:
        return f"a {type(value).__name__} of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
