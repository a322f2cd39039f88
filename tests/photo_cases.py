"""TIFF files of every kind that is read, and what their pixels are by TIFF 6.0."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from profiles import ADOBE, BT2020, D50, D65, P3, PROPHOTO, SRGB
from tiffs import tiff

HEIGHT, WIDTH = 19, 37
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]
SMOOTH = np.stack(
    [X / (WIDTH - 1), 1 - Y / (HEIGHT - 1), (X + Y) / (HEIGHT + WIDTH - 2), 0.5 + 0.5 * np.cos(X / 5)], axis=-1
)
"""Four planes, 0 … 1, none like another, nor like itself turned or flipped."""
Case = tuple[str, bytes, NDArray[Any], float]
SPACES = {
    "srgb": (SRGB, D65, None),
    "p3": (P3, D65, None),
    "adobe": (ADOBE, D65, 563 / 256),
    "prophoto": (PROPHOTO, D50, 1.8),
    "bt2020": (BT2020, D65, 2.4),
    "swapped": (SRGB[::-1], D65, None),
}


def whole(values: NDArray[Any], bits: int) -> NDArray[np.uint32]:
    return np.rint(values * (2**bits - 1)).astype(np.uint32)


def shown(values: NDArray[Any]) -> NDArray[Any]:
    """0 … 1 → (H, W, 3), 0 … 255."""
    return 255 * np.broadcast_to(values, (*values.shape[:2], 3))


def near(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """As they are after they were rounded to `bits` bits."""
    return whole(values, bits) / (2**bits - 1)


def tiff_cases() -> Iterator[Case]:
    gray, color, alpha = SMOOTH[..., :1], SMOOTH[..., :3], SMOOTH[..., 3:]
    for bits, order, inverted, packing in itertools.product(
        (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 24, 32), "<>", (0, 1), (1, 5, 8, 32773)
    ):
        right = shown(near(gray, bits) if inverted else 1 - near(gray, bits))
        data = tiff(whole(gray, bits), bits, inverted, order=order, compression=packing, rows=5)
        yield f"gray-{bits}{order}{inverted}-{packing}", data, right, 1
    for bits, planar, tile, order in itertools.product(
        (2, 4, 5, 8, 10, 12, 16, 32), (False, True), (None, (16, 16)), "<>"
    ):
        data = tiff(whole(color, bits), bits, 2, order=order, planar=planar, tile=tile, compression=8, rows=4)
        yield f"rgb-{bits}{order}-planar{planar}-tile{tile}", data, shown(near(color, bits)), 1
    for bits, count, planar, kind in itertools.product((8, 12, 16), (1, 3), (False, True), (0, 1, 2)):
        colors = SMOOTH[..., :count]
        stored = np.concatenate([colors * alpha if kind == 1 else colors, alpha], axis=2)
        right = shown(colors if kind == 0 else colors * alpha + 1 - alpha)
        data = tiff(whole(stored, bits), bits, 1 if count == 1 else 2, planar=planar, tags={338: (3, [kind])})
        yield f"alpha{kind}-{count}x{bits}-planar{planar}", data, right, 2
    for bits, planar, extra in itertools.product((8, 16), (False, True), ((), (0,), (2,))):
        inks = np.concatenate([SMOOTH, *[alpha] * len(extra)], axis=2)
        right = (1 - color) * (1 - alpha)
        right = right * alpha + 1 - alpha if extra == (2,) else right
        data = tiff(whole(inks, bits), bits, 5, planar=planar, tags={338: (3, extra)} if extra else None)
        yield f"cmyk-{bits}-planar{planar}-{extra}", data, shown(right), 2
    for bits, wide, order in itertools.product((1, 2, 4, 8), (True, False), "<>"):
        entries = np.random.default_rng(bits).integers(0, 256, (2**bits, 3))
        table = (entries * (257 if wide else 1)).T.reshape(-1).tolist()
        data = tiff(whole(gray, bits), bits, 3, order=order, tags={320: (3, table)})
        yield f"palette-{bits}{order}-{wide}", data, entries[whole(gray[..., 0], bits)], 0
    for bits, predictor, packing, order in itertools.product((8, 16, 32), (1, 2), (5, 8), "<>"):
        data = tiff(whole(color, bits), bits, 2, predictor=predictor, compression=packing, order=order, rows=3)
        yield f"predictor{predictor}-{bits}{order}-{packing}", data, shown(near(color, bits)), 1
    for fill, big, bits in itertools.product((1, 2), (False, True), (1, 8, 12)):
        data = tiff(whole(gray, bits), bits, 1, fill=fill, big=big, rows=7)
        yield f"fill{fill}-big{big}-{bits}", data, shown(near(gray, bits)), 1
    for bits, order, packing in itertools.product((16, 32, 64), "<>", (1, 8)):
        data = tiff(gray.astype(f"f{bits // 8}"), bits, 1, order=order, compression=packing)
        yield f"float-{bits}{order}-{packing}", data, shown(gray), 1
    yield from _lab_cases()


def _lab_cases() -> Iterator[Case]:
    lab = np.stack([20 + 70 * SMOOTH[..., 0], 40 * SMOOTH[..., 1] - 20, 50 * SMOOTH[..., 2] - 25], axis=-1)
    bytes_ = np.rint(np.stack([lab[..., 0] * 2.55, lab[..., 1], lab[..., 2]], axis=-1))
    unsigned = (bytes_ + np.array([0, 128, 128])).astype(np.uint8)
    flipped = Image.frombytes(
        "LAB", (WIDTH, HEIGHT), (unsigned ^ np.array([0, 128, 128], np.uint8)).tobytes(), "raw", "LAB"
    )
    direct = ImageCms.profileToProfile(
        flipped, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    right = np.asarray(direct)
    yield "cielab-8", tiff(bytes_.astype(np.int64).astype(np.uint8).astype(np.uint32), 8, 8), right, 1
    yield "icclab-8", tiff(unsigned.astype(np.uint32), 8, 9), right, 1
    cie = np.rint(np.stack([lab[..., 0] * 655.35, lab[..., 1] * 256, lab[..., 2] * 256], axis=-1)).astype(np.int64)
    yield "cielab-16", tiff(cie.astype(np.uint16).astype(np.uint32), 16, 8), right, 3
    icc = np.rint(np.stack([lab[..., 0] * 652.8, (lab[..., 1] + 128) * 256, (lab[..., 2] + 128) * 256], axis=-1))
    yield "icclab-16", tiff(icc.astype(np.uint32), 16, 9), right, 3
