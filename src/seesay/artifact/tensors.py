"""The header of a safetensors file, bounded and checked: https://github.com/huggingface/safetensors (format)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

LARGEST_HEADER = 100 * 2**20
_SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip


def read_header(file: Path) -> dict[str, dict[str, Any]]:
    """Entries by name: `dtype`, `shape`, and `offset` and `length` in bytes from the file's start.

    Raises:
        ValueError: damaged: the header is none, or its tensors are not the file's bytes, each once.
    """
    size = file.stat().st_size
    with file.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        if size < 8 or length > min(size - 8, LARGEST_HEADER):
            raise ValueError(f"names a header of {length} bytes, the file has {size}")
        text = handle.read(length)
    try:
        header = json.loads(text)
    except RecursionError:
        raise ValueError("its header nests too deep") from None
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    notes = header.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(value, str) for value in notes.values()):
        raise ValueError("its notes are no texts")
    entries = {name: _entry(name, entry, 8 + length) for name, entry in header.items()}
    end = 8 + length
    for entry in sorted(entries.values(), key=lambda e: (e["offset"], e["length"])):
        if entry["offset"] != end:
            raise ValueError(f"its tensors overlap, or leave a gap, at byte {end}")
        end += entry["length"]
    if end != size:
        raise ValueError(f"its tensors end at byte {end}, the file at {size}")
    return entries


def _entry(name: str, entry: Any, begin: int) -> dict[str, Any]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name!r:.80} has not dtype, shape and data_offsets alone")
    kind, shape, places = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in _SIZES:
        raise ValueError(f"{name!r:.80} is of dtype {kind!r:.80}")
    for numbers in (shape, places):
        if not isinstance(numbers, list) or not all(type(n) is int and 0 <= n < 2**62 for n in numbers):
            raise ValueError(f"{name!r:.80} has a shape or place that is none")
    if len(places) != 2 or places[1] - places[0] != math.prod(shape) * _SIZES[kind]:
        raise ValueError(f"{name!r:.80} has another number of bytes than its shape")
    return {"dtype": kind, "shape": shape, "offset": begin + places[0], "length": places[1] - places[0]}
