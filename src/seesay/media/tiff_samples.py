"""The samples of a TIFF as its tags describe them: strips and tiles, planes, bits, predictors."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.errors import MediaError
from seesay.media.tiff_tags import COMPRESSIONS, TiffTags

UNPACKED = frozenset({1, 5, 8, 32773, 32946, 34925, 50000})
"""Compressions whose bytes are unpacked here, without regard to what the samples mean."""
_REVERSED = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))
_BLOCK = 1 << 20  # samples of odd depths unpacked at a time
_NO_DATA = b""


class _Chunk(NamedTuple):
    """A strip or tile: where it lies in the file and in the picture, and the size that it is stored with."""

    offset: int
    length: int
    plane: int
    top: int
    left: int
    rows: int
    columns: int


def read_samples(handle: BinaryIO, tags: TiffTags) -> NDArray[Any]:
    """All samples, (H, W, S), in the type that holds them: unsigned up to 32 bits, signed, float.

    Args:
        handle: of the file.
        tags: all samples of the same depth and type, and the compression one of `UNPACKED`.

    Raises:
        MediaError: the file ends too early, or is damaged.
    """
    planes = tags.samples if tags.planar else 1
    each = 1 if tags.planar else tags.samples
    bits, dtype = tags.bits[0], _dtype(tags)
    result: NDArray[Any] = np.zeros((tags.height, tags.width, tags.samples), dtype.newbyteorder("="))
    for chunk in _chunks(tags, planes, each):
        if chunk.offset == 0 and chunk.length == 0:
            continue  # left out by programs that write sparse files: all zero
        row = (chunk.columns * each * bits + 7) // 8
        data = _unpacked(handle, tags, chunk, row)
        part = _predicted(_values(data, tags, chunk.rows, chunk.columns * each, bits, dtype), tags, each)
        part = part.reshape(chunk.rows, chunk.columns, each)[: tags.height - chunk.top, : tags.width - chunk.left]
        place = slice(chunk.plane, chunk.plane + 1) if tags.planar else slice(None)
        result[chunk.top : chunk.top + part.shape[0], chunk.left : chunk.left + part.shape[1], place] = part
    return result


def read_subsampled(handle: BinaryIO, tags: TiffTags) -> NDArray[np.uint8]:
    """YCbCr samples of 8 bits, (H, W, 3), whose Cb and Cr may have fewer than one a pixel, repeated.

    Raises:
        MediaError: the file ends too early, or is damaged.
    """
    across, down = (*(tags.numbers(530) or (2, 2)), 1, 1)[:2]
    if across not in (1, 2, 4) or down not in (1, 2, 4):
        raise MediaError("damaged TIFF (its subsampling is none)")
    result = np.zeros((tags.height, tags.width, 3), np.uint8)
    for chunk in _chunks(tags, 1, 3):
        wide, high = -(-chunk.columns // across), -(-chunk.rows // down)
        data = _unpacked(handle, tags, chunk._replace(rows=high), wide * (across * down + 2))
        units = np.frombuffer(data, np.uint8).reshape(high, wide, across * down + 2)
        luma = units[..., :-2].reshape(high, wide, down, across).swapaxes(1, 2).reshape(high * down, wide * across)
        chroma = units[..., -2:].repeat(down, axis=0).repeat(across, axis=1)
        part = np.concatenate([luma[..., None], chroma], axis=2)[: chunk.rows, : chunk.columns]
        part = part[: tags.height - chunk.top, : tags.width - chunk.left]
        result[chunk.top : chunk.top + part.shape[0], chunk.left : chunk.left + part.shape[1]] = part
    return result


def _dtype(tags: TiffTags) -> np.dtype[Any]:
    bits = tags.bits[0]
    size = next(n for n in (1, 2, 4, 8) if bits <= 8 * n)
    return np.dtype(f"{tags.order}{'f' if tags.format == 3 else 'i' if tags.format == 2 else 'u'}{size}")


def _chunks(tags: TiffTags, planes: int, each: int) -> Iterator[_Chunk]:
    tiled = 322 in tags.values
    columns = tags.number(322) if tiled else tags.width
    rows = tags.number(323) if tiled else min(tags.number(278, 1 << 31) or 1 << 31, tags.height)
    offsets, lengths = tags.numbers(324 if tiled else 273), tags.numbers(325 if tiled else 279)
    if columns < 1 or rows < 1 or columns > tags.width + 65536 or rows > tags.height + 65536:
        raise MediaError("damaged TIFF (the size of its tiles)")
    across, down = -(-tags.width // columns), -(-tags.height // rows)
    if len(offsets) < across * down * planes:
        raise MediaError("truncated or damaged TIFF (strips or tiles are missing)")
    if len(lengths) < len(offsets):  # the first TIFF writers left them out
        lengths = (*lengths, *[(columns * rows * each * tags.bits[0] + 7) // 8] * (len(offsets) - len(lengths)))
    number = 0
    for plane in range(planes):
        for top in range(0, down * rows, rows):
            high = rows if tiled else min(rows, tags.height - top)
            for left in range(0, across * columns, columns):
                yield _Chunk(offsets[number], lengths[number], plane, top, left, high, columns)
                number += 1


def _unpacked(handle: BinaryIO, tags: TiffTags, chunk: _Chunk, row: int) -> bytes:
    """The bytes of a chunk, `row` for each of its rows."""
    wanted = row * chunk.rows
    handle.seek(chunk.offset)
    data = handle.read(min(chunk.length, 2 * wanted + 65536))
    if tags.number(266, 1) == 2:
        data = data.translate(_REVERSED)
    if tags.compression in (8, 32946):
        try:
            data = zlib.decompressobj().decompress(data, wanted)
        except zlib.error as error:
            raise MediaError("truncated or damaged TIFF (its compressed data)") from error
    elif tags.compression != 1:
        data = _by_libtiff(data, tags, row, chunk.rows)
    if len(data) < wanted:
        raise MediaError(f"truncated or damaged TIFF ({wanted - len(data)} bytes of its pixels are missing)")
    return data[:wanted]


def _by_libtiff(data: bytes, tags: TiffTags, row: int, rows: int) -> bytes:
    """A chunk unpacked by libtiff, given to it as a gray picture of 8 bits whose pixels are the chunk's bytes."""
    entries = [(256, row), (257, rows), (258, 8), (259, tags.compression), (262, 1)]
    entries += [(273, 0), (277, 1), (278, rows), (279, len(data))]
    head = 8 + 2 + 12 * len(entries) + 4
    table = b"".join(struct.pack("<HHII", tag, 4, 1, head if tag == 273 else value) for tag, value in entries)
    file = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4) + data
    try:
        with Image.open(io.BytesIO(file), formats=["TIFF"]) as image:
            return image.tobytes()
    except (OSError, SyntaxError, ValueError) as error:
        name = COMPRESSIONS.get(tags.compression, str(tags.compression))
        raise MediaError(f"truncated or damaged TIFF, or Pillow without {name} (its compressed data)") from error


def _values(data: bytes, tags: TiffTags, rows: int, columns: int, bits: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Bytes of a chunk → (rows, columns) of sample values."""
    if tags.number(317, 1) == 3:
        size = dtype.itemsize  # of each row first all most significant bytes, as differences
        planes = np.frombuffer(data, np.uint8).reshape(rows, -1, 1 if tags.planar else tags.samples)
        summed = np.cumsum(planes, axis=1, dtype=np.uint8).reshape(rows, size, columns)
        joined = np.ascontiguousarray(summed.swapaxes(1, 2)).reshape(rows, columns * size)
        return joined.view(dtype.newbyteorder(">"))
    if bits in (8, 16, 32, 64):
        return np.frombuffer(data, dtype).reshape(rows, columns)
    packed = np.frombuffer(data, np.uint8).reshape(rows, -1)
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint32)
    result = np.empty((rows, columns), dtype.newbyteorder("="))
    step = max(1, _BLOCK // max(columns, 1))
    for top in range(0, rows, step):
        single = np.unpackbits(packed[top : top + step], axis=1)[:, : columns * bits]
        result[top : top + step] = single.reshape(-1, columns, bits) @ weights
    return result


def _predicted(values: NDArray[Any], tags: TiffTags, each: int) -> NDArray[Any]:
    """Differences from pixel to pixel summed up, where the file stores those."""
    if tags.number(317, 1) != 2:
        return values
    pixels = values.reshape(len(values), -1, each)
    native = pixels.astype(pixels.dtype.newbyteorder("="))
    if native.dtype.kind == "f":
        native = native.view(f"u{native.itemsize}")
    summed = np.cumsum(native, axis=1, dtype=native.dtype)
    if values.dtype.kind == "f":
        summed = summed.view(values.dtype.newbyteorder("="))
    return summed.reshape(len(values), -1)
