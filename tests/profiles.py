"""Small ICC profiles and PNG files, written byte by byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
PROPHOTO = ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105))
BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
D65, D50 = (0.3127, 0.3290), (0.3457, 0.3585)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def _xyz(point: tuple[float, float]) -> NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def primaries_matrix(primaries: Sequence[tuple[float, float]], white: tuple[float, float]) -> NDArray[np.float64]:
    """Linear RGB → XYZ adapted to D50 (Bradford)."""
    columns = np.stack([_xyz(one) for one in primaries], axis=1)
    matrix = columns * np.linalg.solve(columns, _xyz(white))
    source, target = _BRADFORD @ _xyz(white), _BRADFORD @ np.array([0.9642, 1.0, 0.8249])
    return np.linalg.inv(_BRADFORD) @ np.diag(target / source) @ _BRADFORD @ matrix


def encode_srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light → sRGB, 0 … 255."""
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decode_srgb(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB, 0 … 1 → linear light."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def expected(
    values: NDArray[np.float64], primaries: Sequence[tuple[float, float]], white: tuple[float, float], light: object
) -> NDArray[np.float64]:
    """What RGB values, 0 … 1, of this space are in sRGB, 0 … 255; `light` is a gamma, or None for sRGB's curve."""
    linear = decode_srgb(values) if light is None else values ** float(light)  # type: ignore[arg-type]
    matrix = np.linalg.inv(primaries_matrix(SRGB, D65)) @ primaries_matrix(primaries, white)
    return encode_srgb(linear @ matrix.T)


def _s15(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(65536 * v) for v in values))


def curve(gamma: float | None, kind: str) -> bytes:
    """A tone curve tag: "curv" with one number or a table, or "para" of type 0 or 3."""
    if kind == "para":
        if gamma is None:
            return (
                b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _s15(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
            )
        return b"para" + bytes(4) + struct.pack(">HH", 0, 0) + _s15(gamma)
    if kind == "curv" and gamma is not None:
        return b"curv" + bytes(4) + struct.pack(">IH", 1, round(256 * gamma)) + bytes(2)
    steps = np.linspace(0, 1, 1024)
    table = np.rint(65535 * (decode_srgb(steps) if gamma is None else steps**gamma)).astype(">u2")
    return b"curv" + bytes(4) + struct.pack(">I", len(table)) + table.tobytes()


def profile(
    tags: dict[bytes, bytes], space: bytes, pcs: bytes = b"XYZ ", intent: int = 0, kind: bytes = b"mntr"
) -> bytes:
    """An ICC profile, version 2.4 or 4.3 by its curves, of these tags."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + _s15(0.9642, 1.0, 0.8249),
        b"cprt": b"text" + bytes(4) + b"none\0",
        **tags,
    }
    table, data, place = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, place + len(data), len(content))
        data += content
    size = place + len(data)
    version = 0x04300000 if any(c.startswith(b"para") for c in tags.values()) else 0x02400000
    head = struct.pack(">I4sI4s4s4s", size, b"none", version, kind, space, pcs)
    head += (
        struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
        + b"acsp"
        + bytes(24)
        + struct.pack(">I", intent)
        + _s15(0.9642, 1, 0.8249)
    )
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def rgb_profile(
    primaries: Sequence[tuple[float, float]], white: tuple[float, float], gamma: float | None, kind: str = "para"
) -> bytes:
    """A matrix profile."""
    columns = primaries_matrix(primaries, white).T
    tags = {
        name: b"XYZ " + bytes(4) + _s15(*column)
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
    }
    return profile({**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(gamma, kind))}, b"RGB ")


def gray_profile(gamma: float | None, kind: str = "para") -> bytes:
    """A gray profile."""
    return profile({b"kTRC": curve(gamma, kind)}, b"GRAY")


def cmyk_profile(intent: int = 0) -> bytes:
    """A CMYK profile of a table of 9 steps an ink, to Lab: a paper that is not quite white, inks that are not pure."""
    steps = np.linspace(0, 1, 9)
    c, m, y, k = np.meshgrid(steps, steps, steps, steps, indexing="ij")
    light = (96 - 40 * c - 45 * m - 8 * y) * (1 - 0.85 * k)
    a, b = (1 - k) * (-35 * c + 70 * m - 5 * y), (1 - k) * (-45 * c - 5 * m + 85 * y)
    lab = np.stack([light / 100 * 255, a + 128, b + 128], axis=-1)
    table = np.rint(lab.clip(0, 255)).astype(np.uint8).tobytes()
    ramp = bytes(range(256))
    identity = _s15(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut = b"mft1" + bytes(4) + bytes([4, 3, 9, 0]) + identity + ramp * 4 + table + ramp * 3
    return profile({b"A2B0": lut, b"A2B1": lut}, b"CMYK", b"Lab ", intent, b"prtr")


def chunk(kind: bytes, data: bytes, damage: bool = False) -> bytes:
    """A PNG chunk; with a wrong checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ damage)


def png(samples: NDArray[np.uint32], bits: int, *chunks: bytes, palette: bytes = b"", interlace: bool = False) -> bytes:
    """A PNG of samples (H, W, S) of `bits` bits: gray, gray and alpha, RGB, RGBA, or with a palette's numbers.

    Args:
        samples: whole numbers.
        bits: 1, 2, 4, 8 or 16.
        chunks: put before the pixels.
        palette: three bytes a color.
        interlace: Adam7.
    """
    from tiffs import pack

    height, width, count = samples.shape
    kind = 3 if palette else {1: 0, 2: 4, 3: 2, 4: 6}[count]
    passes = [(0, 0, 1, 1)]
    if interlace:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    data = b""
    for top, left, down, across in passes:
        part = samples[top::down, left::across]
        if part.size:
            rows = pack(part.reshape(len(part), -1), bits, ">")
            step = len(rows) // len(part)
            data += b"".join(b"\0" + rows[i : i + step] for i in range(0, len(rows), step))
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, int(interlace))
    body = chunk(b"IHDR", head) + b"".join(c for c in chunks if c[4:8] != b"tRNS")
    body += chunk(b"PLTE", palette) if palette else b""
    body += b"".join(c for c in chunks if c[4:8] == b"tRNS")
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def iccp(data: bytes) -> bytes:
    """An iCCP chunk."""
    return chunk(b"iCCP", b"p\0\0" + zlib.compress(data))


def gama(gamma: float) -> bytes:
    """A gAMA chunk: the exponent that the file was encoded with."""
    return chunk(b"gAMA", struct.pack(">I", round(100000 * gamma)))


def chrm(primaries: Sequence[tuple[float, float]], white: tuple[float, float]) -> bytes:
    """A cHRM chunk."""
    return chunk(b"cHRM", struct.pack(">8I", *(round(100000 * v) for point in (white, *primaries) for v in point)))


def cicp(primaries: int, transfer: int) -> bytes:
    """A cICP chunk."""
    return chunk(b"cICP", bytes([primaries, transfer, 0, 1]))
