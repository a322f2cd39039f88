"""TIFF, PNG and ICC files written byte by byte, of kinds that Pillow does not write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack(samples: NDArray[Any], bits: int, order: str = "<") -> bytes:
    """Rows (H, N) of sample values as bytes, each row beginning a new one; floats and signed as they are."""
    if samples.dtype.kind == "f" or bits in (8, 16, 32, 64):
        kind = {"f": "f", "i": "i"}.get(samples.dtype.kind, "u")
        return samples.astype(f"{order}{kind}{bits // 8}").tobytes()
    single = (samples[..., None].astype(np.uint64) >> np.arange(bits - 1, -1, -1, dtype=np.uint64)) & np.uint64(1)
    return np.packbits(single.reshape(len(samples), -1).astype(np.uint8), axis=1).tobytes()


def lzw(data: bytes) -> bytes:
    """TIFF's LZW, with codes of 9 bits only: the table is cleared before it needs more."""
    bits = []
    for i in range(0, len(data), 200):
        bits += [256, *data[i : i + 200]]
    bits.append(257)
    text = "".join(f"{code:09b}" for code in bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def packbits(data: bytes) -> bytes:
    """Literal runs alone."""
    return b"".join(bytes([len(part) - 1]) + part for part in (data[i : i + 128] for i in range(0, len(data), 128)))


PACKERS = {1: bytes, 5: lzw, 8: zlib.compress, 32946: zlib.compress, 32773: packbits}


def tiff(
    samples: NDArray[Any],
    bits: int,
    photometric: int,
    *,
    order: str = "<",
    planar: bool = False,
    tile: tuple[int, int] | None = None,
    rows: int | None = None,
    compression: int = 1,
    predictor: int = 1,
    big: bool = False,
    fill: int = 1,
    tags: Mapping[int, tuple[int, Sequence[Any]]] | None = None,
) -> bytes:
    """A TIFF of samples (H, W, S).

    Args:
        samples: whole numbers of `bits` bits, or floats.
        bits: of each sample.
        photometric: tag 262.
        order: "<" or ">".
        planar: whether each sample has a plane of its own.
        tile: rows and columns of a tile; None for strips of `rows` rows.
        rows: None for all.
        compression: a key of `PACKERS`.
        predictor: 1, or 2 with 8 or 16 bits.
        big: BigTIFF.
        fill: 2: the bits of each byte the other way round.
        tags: more tags: type (3 short, 4 long, 7 bytes) and values.
    """
    height, width, count = samples.shape
    high, wide = tile or (min(rows or height, height), width)
    chunks = []
    for plane in [samples[..., i : i + 1] for i in range(count)] if planar else [samples]:
        for top in range(0, height, high):
            for left in range(0, width, wide):
                part = plane[top : top + high, left : left + wide]
                if tile:
                    part = np.pad(part, ((0, high - len(part)), (0, wide - part.shape[1]), (0, 0)))
                if predictor == 2:
                    part = np.concatenate([part[:, :1], np.diff(part, axis=1)], axis=1)
                data = PACKERS[compression](pack(part.reshape(len(part), -1), bits, order))
                chunks.append(bytes(int(f"{b:08b}"[::-1], 2) for b in data) if fill == 2 else data)
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    entries: dict[int, tuple[int, Sequence[Any]]] = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits] * count),
        259: (3, [compression]),
        262: (3, [photometric]),
        277: (3, [count]),
        284: (3, [2 if planar else 1]),
        339: (3, [kind] * count),
        **({322: (4, [wide]), 323: (4, [high])} if tile else {278: (4, [high])}),
        **({317: (3, [predictor])} if predictor > 1 else {}),
        **({266: (3, [fill])} if fill > 1 else {}),
        **(tags or {}),
    }
    return _file(entries, chunks, 324 if tile else 273, order, big)


def _file(
    entries: dict[int, tuple[int, Sequence[Any]]], chunks: list[bytes], places: int, order: str, big: bool
) -> bytes:
    width, head = (8, 16) if big else (4, 8)
    kind = 16 if big else 4
    entries[places], entries[places + (1 if places == 324 else 6)] = (
        (kind, [0] * len(chunks)),
        (kind, [*map(len, chunks)]),
    )
    letters = {3: "H", 4: "I", 5: "I", 7: "B", 16: "Q"}
    for final in (False, True):  # once for the sizes, then with the offsets
        table, extra = b"", b""
        after = head + (8 if big else 2) + len(entries) * (20 if big else 12) + width
        for tag, (form, values) in sorted(entries.items()):
            data = struct.pack(f"{order}{len(values)}{letters[form]}", *values)
            number = len(values) // 2 if form == 5 else len(values)
            if len(data) > width:
                inline = struct.pack(order + ("Q" if big else "I"), after + len(extra))
                extra += data + bytes(len(data) % 2)
            else:
                inline = data.ljust(width, b"\0")
            table += struct.pack(order + ("HHQ" if big else "HHI"), tag, form, number) + inline
        if not final:
            start = after + len(extra)
            offsets = [start + sum(map(len, chunks[:i])) for i in range(len(chunks))]
            entries[places] = (kind, offsets)
    magic = {
        ("<", False): b"II*\0",
        (">", False): b"MM\0*",
        ("<", True): b"II+\0\x08\0\0\0",
        (">", True): b"MM\0+\0\x08\0\0",
    }
    first = magic[order, big] + struct.pack(order + ("Q" if big else "I"), head)
    counted = struct.pack(order + ("Q" if big else "H"), len(entries))
    return first + counted + table + bytes(width) + extra + b"".join(chunks)
