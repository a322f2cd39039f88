"""A folder such as nobody wishes for: broken pictures made from good ones, and good ones in among them."""

from __future__ import annotations

import contextlib
import io
import os
import random
import socket
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpg": ("JPEG", {}),
    "png": ("PNG", {}),
    "gif": ("GIF", {}),
    "webp": ("WEBP", {}),
    "bmp": ("BMP", {}),
    "tif": ("TIFF", {}),
    "lzw.tif": ("TIFF", {"compression": "tiff_lzw"}),
    "jpeg.tif": ("TIFF", {"compression": "jpeg"}),
    "progressive.jpg": ("JPEG", {"progressive": True}),
    "jp2": ("JPEG2000", {}),
    "ppm": ("PPM", {}),
    "ico": ("ICO", {}),
}

NAMES = [
    "new\nline.jpg",
    "tab\tand\x1b[31mred.jpg",
    os.fsdecode(b"not-utf8-\xff\xfe\x80.jpg"),
    "-dash.jpg",
    " spaces .jpg",
    "strange ünïcödé 猫 🐈.jpg",
    "[abc]*?.jpg",
    '"quoted", and; $HOME `x`.jpg',
    "x" * 250 + ".jpg",
    "UPPER.JPG",
    "no suffix",
    "picture.txt",
    "jpeg inside.png",
    ".hidden.jpg",
    "http:x.jpg",
]


def encode(picture: Image.Image, suffix: str) -> bytes:
    """A picture as the bytes of a file of this kind."""
    format, options = FORMATS[suffix]
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A sound PNG of `side` by `side` black pixels in a file of about 100 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    pixels = b"".join([packer.compress(row * 1000) for _ in range(side // 1000)]) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _truncated_head(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, min(len(data), 400))]


def _flipped(data: bytes, rng: random.Random) -> bytes:
    return _change(data, rng, len(data))


def _flipped_head(data: bytes, rng: random.Random) -> bytes:
    return _change(data, rng, min(len(data), 120))


def _change(data: bytes, rng: random.Random, end: int) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 2, 8, 40])):
        changed[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut_out(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 200) :]


def _zeroed(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + bytes(len(data) - start)


def _noise_behind_signature(data: bytes, rng: random.Random) -> bytes:
    return data[:12] + rng.randbytes(rng.randrange(2000))


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    _truncated,
    _truncated_head,
    _flipped,
    _flipped_head,
    _flipped_head,
    _cut_out,
    _zeroed,
    _noise_behind_signature,
]


def make_hostile_folder(directory: Path, good: Sequence[Path], count: int = 500, seed: int = 0) -> dict[Path, bool]:
    """Fill a folder with `count` broken things and some sound pictures; the same for the same seed.

    Args:
        directory: made where missing.
        good: sound pictures to start from.
        count: broken files, FIFOs, links and so on: 60 or more.
        seed: of what is broken, and how.

    Returns:
        Each path, and whether it must be captioned. Of the others some hold pictures all the same (one flipped bit is
        seldom fatal), so that they may be captioned or give an error.
    """
    rng = random.Random(seed)
    directory.mkdir(parents=True, exist_ok=True)
    made: dict[Path, bool] = {}

    def put(name: str, data: bytes, sound: bool = False) -> Path:
        path = directory / name
        path.write_bytes(data)
        made[path] = sound
        return path

    for path in good:
        put(path.name, path.read_bytes(), sound=True)
    for i, name in enumerate(NAMES):
        with contextlib.suppress(OSError):  # some file systems refuse some of these
            put(name, good[i % len(good)].read_bytes(), sound=True)

    small = []
    for path in good:
        with Image.open(path) as image:
            picture = image.convert("RGB")
        picture.thumbnail((160, 160))
        small.append(picture)
    whole = [(suffix, encode(picture, suffix)) for picture in small for suffix in FORMATS]
    for suffix, data in whole[: len(FORMATS)]:
        put(f"sound.{suffix}", data, sound=True)

    for i, text in enumerate([b"", b"a photo of a dog\n" * 50, b"\0" * 5000, b"<html>404</html>", rng.randbytes(3000)]):
        for suffix in ("jpg", "png", "gif", "tif", "webp"):
            put(f"no picture {i}.{suffix}", text)
    put("bomb.png", bomb())
    jpeg = encode(small[0], "jpg")
    sizes = jpeg.index(b"\xff\xc0\x00\x11\x08") + 5
    put("bomb.jpg", jpeg[:sizes] + struct.pack(">HH", 30_000, 30_000) + jpeg[sizes + 4 :])
    gif = encode(small[0], "gif")
    put("bomb.gif", gif[:6] + struct.pack("<HH", 30_000, 30_000) + gif[10:])
    unreadable = put("unreadable.jpg", good[0].read_bytes())
    unreadable.chmod(0)
    _put_what_is_no_file(directory, made)

    broken = sum(not sound for sound in made.values())
    for i in range(count - broken):
        suffix, data = whole[rng.randrange(len(whole))]
        mutate = MUTATIONS[i % len(MUTATIONS)]
        put(f"{i:04d}{mutate.__name__}.{suffix}", mutate(data, rng))
    return made


def _put_what_is_no_file(directory: Path, made: dict[Path, bool]) -> None:
    (directory / "folder.jpg").mkdir()
    made[directory / "folder.jpg"] = False
    for name, target in (("nowhere.jpg", "missing.jpg"), ("itself.jpg", "itself.jpg"), ("loop", ".")):
        (directory / name).symlink_to(target)
        made[directory / name] = False
    if hasattr(os, "mkfifo"):
        os.mkfifo(directory / "pipe.jpg")
        made[directory / "pipe.jpg"] = False
    with contextlib.suppress(OSError, AttributeError), socket.socket(socket.AF_UNIX) as server:
        server.bind(str(directory / "socket.jpg"))  # the path may be too long for a socket
        made[directory / "socket.jpg"] = False
