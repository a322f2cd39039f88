"""Which files a model learned from, so that an evaluation can say that it has seen them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seesay.data.sample import Sample

BYTES = 8
"""Of each file's hash: among a million files two are alike by chance once in ten million times."""
_HEAD = 1 << 16


def file_digest(file: Path) -> bytes | None:
    """A hash of a file's size and first 64 KiB: the same file under any name. None where it is no file."""
    try:
        with file.open("rb") as handle:
            size = os.fstat(handle.fileno()).st_size
            return hashlib.sha256(size.to_bytes(8, "big") + handle.read(_HEAD)).digest()[:BYTES]
    except OSError:
        return None


def remember(samples: Iterable[Sample]) -> str:
    """The files of samples, in a form that a manifest keeps: sorted hashes, in base64."""
    found = {file_digest(file) for file in {sample.media for sample in samples if sample.text is None}}
    return base64.b64encode(b"".join(sorted(one for one in found if one))).decode()


def seen(samples: Sequence[Sample], training: Mapping[str, Any]) -> int | None:
    """How many of the samples a model has learned from.

    Args:
        samples: their files are read.
        training: what the model's manifest says of its training.

    Returns:
        None where the model does not say what it learned from.
    """
    data = training.get("data")
    text = data.get("files") if isinstance(data, Mapping) else None
    if not isinstance(text, str) or not text:
        return None
    try:
        kept = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    known = {kept[i : i + BYTES] for i in range(0, len(kept) - BYTES + 1, BYTES)}
    return sum(sample.text is None and file_digest(sample.media) in known for sample in samples)


def overlap_note(name: str, samples: Sequence[Sample], training: Mapping[str, Any], modality: str) -> list[str]:
    """A line where a model learned from what it is evaluated on; else none."""
    count = seen(samples, training) or 0
    if not count:
        return []
    return [
        f"{name} learned from {count:,} of these {len(samples):,} {modality}s (the same files): its scores say little "
        f"of new {modality}s; evaluate it on others"
    ]
