"""PNG files of every kind, profiles in every format that carries them, and turned pictures, with what they show."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from photo_cases import HEIGHT, SMOOTH, SPACES, WIDTH, Case, near, shown, whole
from PIL import Image, ImageCms
from profiles import (
    ADOBE,
    BT2020,
    D65,
    P3,
    SRGB,
    chrm,
    chunk,
    cicp,
    cmyk_profile,
    encode_srgb,
    expected,
    gama,
    gray_profile,
    iccp,
    png,
    rgb_profile,
)
from tiffs import tiff


def png_cases() -> Iterator[Case]:
    gray, color, alpha = SMOOTH[..., :1], SMOOTH[..., :3], SMOOTH[..., 3:]
    for bits, interlace in itertools.product((1, 2, 4, 8, 16), (False, True)):
        yield f"gray-{bits}-{interlace}", png(whole(gray, bits), bits, interlace=interlace), shown(near(gray, bits)), 1
        key = int(whole(gray, bits)[0, WIDTH // 3, 0])
        right = np.where(whole(gray, bits) == key, 1.0, near(gray, bits))
        for noise in (0, 1 << bits) if bits < 16 else (0,):  # bits above the depth mean nothing
            trns = chunk(b"tRNS", (key | noise).to_bytes(2, "big"))
            if bits > 1 or not noise:
                yield (
                    f"key-gray-{bits}-{interlace}-{noise}",
                    png(whole(gray, bits), bits, trns, interlace=interlace),
                    shown(right),
                    1,
                )
    for bits, interlace in itertools.product((8, 16), (False, True)):
        values = whole(color, bits)
        key = values[4, 7]
        values[5, 8] = key ^ [0, 0, 1]  # nearly the key
        plain = values / (2**bits - 1)
        clear = (values == key).all(axis=2, keepdims=True)
        trns = chunk(b"tRNS", key.astype(">u2").tobytes())
        yield f"rgb-{bits}-{interlace}", png(values, bits, interlace=interlace), shown(plain), 1
        yield (
            f"key-rgb-{bits}-{interlace}",
            png(values, bits, trns, interlace=interlace),
            shown(np.where(clear, 1, plain)),
            1,
        )
        for colors in (gray, color):
            over = png(whole(np.concatenate([colors, alpha], axis=2), bits), bits, interlace=interlace)
            yield f"alpha-{colors.shape[2]}-{bits}-{interlace}", over, shown(colors * alpha + 1 - alpha), 2
    for bits, interlace in itertools.product((1, 2, 4, 8), (False, True)):
        table = np.random.default_rng(bits).integers(0, 256, (2**bits, 4))
        numbers = whole(gray, bits)
        for trns in (b"", table[:, 3].astype(np.uint8).tobytes()):
            colors, a = table[numbers[..., 0], :3] / 255, table[numbers[..., 0], 3:] / 255
            right = colors * a + 1 - a if trns else colors
            parts = [chunk(b"tRNS", trns)] if trns else []
            palette = table[:, :3].astype(np.uint8).tobytes()
            yield (
                f"palette-{bits}-{bool(trns)}-{interlace}",
                png(numbers, bits, *parts, palette=palette, interlace=interlace),
                shown(right),
                2,
            )
    for (name, (primaries, white, gamma)), bits in itertools.product(SPACES.items(), (8, 16)):
        right = expected(near(color, bits), primaries, white, gamma)
        for kind in ("para", "curv", "table"):
            yield (
                f"icc-{name}-{kind}-{bits}",
                png(whole(color, bits), bits, iccp(rgb_profile(primaries, white, gamma, kind))),
                right,
                2,
            )
        if gamma is not None:
            yield (
                f"chrm-{name}-{bits}",
                png(whole(color, bits), bits, gama(1 / gamma), chrm(primaries, white)),
                right,
                2,
            )
    for number, primaries in {1: SRGB, 9: BT2020, 12: P3}.items():
        for transfer, gamma in {13: None, 1: None, 8: 1.0, 4: 2.2}.items():
            right = expected(near(color, 16), primaries, D65, gamma)
            yield f"cicp-{number}-{transfer}", png(whole(color, 16), 16, cicp(number, transfer)), right, 1
    for gamma, bits in itertools.product((1.0, 0.5, 1 / 1.8, 1 / 2.6), (8, 16)):
        right = np.broadcast_to(encode_srgb(near(gray, bits) ** (1 / gamma)), (HEIGHT, WIDTH, 3))
        yield f"gama-gray-{gamma:.2f}-{bits}", png(whole(gray, bits), bits, gama(gamma)), right, 1
        right = encode_srgb(near(color, bits) ** (1 / gamma))
        yield f"gama-rgb-{gamma:.2f}-{bits}", png(whole(color, bits), bits, gama(gamma)), right, 1
        right = np.broadcast_to(encode_srgb(near(gray, bits) ** (1 / gamma)), (HEIGHT, WIDTH, 3))
        if (gamma, bits) == (1.0, 8):
            continue  # LittleCMS itself is off by 3 in the darkest of so few levels
        data = png(whole(gray, bits), bits, iccp(gray_profile(1 / gamma)))
        yield f"icc-gray-{gamma:.2f}-{bits}", data, right, 2


def precedence_cases() -> Iterator[Case]:
    """cICP before iCCP before sRGB before gAMA and cHRM; what is broken counts for nothing."""
    values = whole(SMOOTH[..., :3], 8)
    as_p3, as_adobe = (expected(values / 255, p, D65, g) for p, g in ((P3, None), (ADOBE, 563 / 256)))
    adobe, srgb, linear = iccp(rgb_profile(ADOBE, D65, 563 / 256)), chunk(b"sRGB", b"\0"), gama(1.0)
    for name, chunks, right in [
        ("cicp-iccp", [cicp(12, 13), adobe], as_p3),
        ("iccp-cicp", [adobe, cicp(12, 13)], as_p3),
        ("cicp-all", [linear, srgb, adobe, cicp(12, 13)], as_p3),
        ("iccp-srgb", [adobe, srgb], as_adobe),
        ("iccp-gama", [linear, adobe], as_adobe),
        ("srgb-gama", [linear, srgb], values),
        ("gama-srgb", [srgb, linear, chrm(P3, D65)], values),
        ("srgb-alone", [srgb], values),
        ("usual-gama", [gama(0.45455), chrm(SRGB, D65)], values),
        ("chrm-alone", [chrm(P3, D65)], as_p3),
        ("broken-iccp", [iccp(b"no profile at all" * 20)], values),
        ("broken-iccp-gama", [iccp(bytes(200)), gama(0.5)], encode_srgb((values / 255) ** 2)),
        ("unpacked-iccp", [chunk(b"iCCP", b"p\0\0" + b"rubbish")], values),
        ("gray-iccp-of-rgb", [iccp(gray_profile(1.0))], values),
        ("unknown-cicp", [cicp(200, 200)], values),
        ("unspecified-cicp", [cicp(2, 2), adobe], as_adobe),
        ("damaged-iccp", [chunk(b"iCCP", adobe[8:-4], damage=True)], values),
        ("zero-gama", [gama(0)], values),
        ("no-chrm", [chrm(((0, 0), (0, 0), (0, 0)), (0, 0))], values),
    ]:
        yield name, png(values, 8, *chunks), right, 2


def profile_cases() -> Iterator[Case]:
    """Profiles in every format that carries them."""
    values = whole(SMOOTH[..., :3], 8).astype(np.uint8)
    lossless: dict[str, dict[str, Any]] = {
        "PNG": {},
        "TIFF": {},
        "WEBP": {"lossless": True},
        "JPEG": {"quality": 100, "subsampling": 0},
    }
    for (name, (primaries, white, gamma)), (format, options) in itertools.product(SPACES.items(), lossless.items()):
        data = rgb_profile(primaries, white, gamma, "table")
        stored = reread(saved(Image.fromarray(values), format, **options))
        right = expected(stored / 255, primaries, white, gamma)
        yield f"{format}-{name}", saved(Image.fromarray(values), format, icc_profile=data, **options), right, 2
    inks = Image.fromarray(whole(0.8 * SMOOTH, 8).astype(np.uint8), "CMYK")
    for intent, format in itertools.product((0, 1), ("TIFF", "JPEG")):
        data = cmyk_profile(intent)
        options = {"quality": 100} if format == "JPEG" else {}
        file = saved(inks, format, icc_profile=data, **options)
        with Image.open(io.BytesIO(file)) as image:
            image.load()
            srgb = ImageCms.createProfile("sRGB")
            direct = ImageCms.profileToProfile(
                image, io.BytesIO(data), srgb, renderingIntent=ImageCms.Intent(intent), outputMode="RGB"
            )
        assert direct is not None
        yield f"{format}-cmyk-{intent}", file, np.asarray(direct), 1
    gray = Image.fromarray(values[..., 0])
    for format in ("PNG", "TIFF", "JPEG"):
        options = {"quality": 100} if format == "JPEG" else {}
        file = saved(gray, format, icc_profile=gray_profile(1.8), **options)
        yield f"{format}-gray", file, encode_srgb((reread(saved(gray, format, **options)) / 255) ** 1.8), 2


def orientation_cases() -> Iterator[Case]:
    """Each format that may say which way is up, each of its eight ways."""
    plain = np.kron(whole(SMOOTH[::3, ::3, :3], 8), np.ones((8, 8, 1))).astype(np.uint8)
    # How what is to be seen lies in the file (TIFF 6.0, tag 274).
    stored = {
        1: plain,
        2: plain[:, ::-1],
        3: plain[::-1, ::-1],
        4: plain[::-1],
        5: plain.swapaxes(0, 1),
        6: plain.swapaxes(0, 1)[::-1],
        7: plain.swapaxes(0, 1)[::-1, ::-1],
        8: plain.swapaxes(0, 1)[:, ::-1],
    }
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "PNG": {},
        "WEBP": {"lossless": True},
        "TIFF": {},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }
    for (format, each), (orientation, pixels) in itertools.product(options.items(), stored.items()):
        if format == "AVIF" and not has_avif():
            continue
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = Image.fromarray(np.ascontiguousarray(pixels))
        yield (
            f"{format}-{orientation}",
            saved(image, format, exif=exif if format == "TIFF" else exif.tobytes(), **each),
            plain,
            3,
        )
    for orientation, pixels in stored.items():
        for bits in (8, 16):
            deep = pixels.astype(np.uint32) * (257 if bits == 16 else 1)
            data = tiff(deep, bits, 2, planar=True, tags={274: (3, [orientation])})
            yield f"planar-TIFF-{orientation}-{bits}", data, plain, 1


def has_avif() -> bool:
    from PIL import features

    return bool(features.check("avif"))


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def reread(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).astype(float)
