"""Colors that a BMP names: an embedded profile, primaries and a gamma."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from profiles import ADOBE, D65, P3, expected, rgb_profile

from seesay.media import open_picture

VALUES = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)


def bmp(kind: bytes, *, endpoints: tuple[int, ...] = (0,) * 9, gamma: float = 0, profile: bytes = b"") -> bytes:
    """The values with a BITMAPV5HEADER."""
    pixels = VALUES[::-1, :, ::-1].tobytes()
    number = round(gamma * 65536)
    head = struct.pack("<IiiHHIIiiII", 124, 8, 6, 1, 24, 0, len(pixels), 0, 0, 0, 0) + bytes(16) + kind
    head += struct.pack("<9I3I", *endpoints, number, number, number)
    head += struct.pack("<4I", 4, 124 + len(pixels) if profile else 0, len(profile), 0)
    assert len(head) == 124
    return struct.pack("<2sIHHI", b"BM", 138 + len(pixels) + len(profile), 0, 0, 138) + head + pixels + profile


@pytest.mark.parametrize("primaries", [P3, ADOBE])
def test_an_embedded_profile(primaries: tuple[tuple[float, float], ...]) -> None:
    shown = open_picture(bmp(b"DEBM", profile=rgb_profile(primaries, D65, 2.2)))
    assert np.abs(np.asarray(shown) - expected(VALUES / 255, primaries, D65, 2.2)).max() <= 2


def test_primaries_and_a_gamma() -> None:
    columns = np.stack([np.array([x, y, 1 - x - y]) for x, y in P3], 1)
    white = np.array([D65[0], D65[1], 1 - sum(D65)]) / D65[1]
    points = (columns * np.linalg.solve(columns, white)).T.ravel()
    data = bmp(bytes(4), endpoints=tuple(round(v * (1 << 30)) for v in points), gamma=1.8)
    assert np.abs(np.asarray(open_picture(data)) - expected(VALUES / 255, P3, D65, 1.8)).max() <= 2


@pytest.mark.parametrize("kind", [b"BGRs", b" niW", b"KNIL", bytes(4), b"DEBM"])
def test_others_are_srgb(kind: bytes) -> None:
    assert (np.asarray(open_picture(bmp(kind))) == VALUES).all()
    assert (np.asarray(open_picture(bmp(kind, profile=b"no profile"))) == VALUES).all()
