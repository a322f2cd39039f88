"""Arrays of an .npz file, each of the type that is expected and no larger than the file can hold."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 2**32
MOST_RATIO = 100
"""Bytes for each packed byte; arrays of measured numbers have fewer than ten."""
NEIGHBOR_ARRAYS = {
    "centre": ("<f4", 1),
    "projection": ("<f4", 2),
    "vectors": ("<f2", 2),
    "grams": ("<u8", 1),
    "idf": ("<f4", 1),
    "starts": ("<i8", 1),
    "gram": ("<u4", 1),
    "weight": ("<f2", 1),
}
"""Type and dimensions of each array of `seesay.runtime.neighbors`."""
_HEADER = 4096
_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_arrays(file: Path, expected: Mapping[str, tuple[str, int]]) -> dict[str, NDArray[Any]]:
    """Read arrays by name.

    Args:
        file: written by `numpy.savez` or `savez_compressed`.
        expected: type, as NumPy writes it (`"<f4"`), and number of dimensions of each.

    Raises:
        ValueError: damaged, an array missing, of another type, or larger than what is packed can be; no memory is
            taken before that is known.
    """
    packed = file.stat().st_size
    try:
        with zipfile.ZipFile(file) as archive:
            members = {member.filename: member for member in archive.infolist()}
            total = sum(member.file_size for member in members.values())
            if total > min(MOST_BYTES, MOST_RATIO * packed):
                raise ValueError(f"{packed} bytes unpack to {total}")
            return {name: _read(archive, members, name, *kind) for name, kind in expected.items()}
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from error


def _read(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], name: str, kind: str, dimensions: int
) -> NDArray[Any]:
    member = members.get(f"{name}.npy")
    if member is None:
        raise ValueError(f"has no array {name!r}")
    with archive.open(member) as stream:
        data = stream.read(member.file_size + 1)
    content = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(content)
        shape, columns, dtype = _READERS[version](content, max_header_size=_HEADER)
    except (KeyError, ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"array {name!r} has no header that can be read") from error
    if dtype.str != kind or len(shape) != dimensions or columns:
        raise ValueError(f"array {name!r} is {dtype.str} of {len(shape)} dimensions, not {kind} of {dimensions}")
    begin = content.tell()
    if any(size < 0 for size in shape) or begin + math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"array {name!r} has {len(data) - begin} bytes, its shape {shape}")
    return np.frombuffer(data, dtype, offset=begin).reshape(shape)
