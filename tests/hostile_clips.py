"""Clips such as nobody wishes for, made from good ones: the same for the same seed."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path


def _truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _truncated_head(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, min(len(data), 600))]


def _flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 4, 40, 400])):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _flipped_head(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 4, 20])):
        changed[rng.randrange(min(len(data), 800))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _large_numbers(data: bytes, rng: random.Random) -> bytes:
    """Sizes, lengths and counts in the header that are as large as can be."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 3])):
        place = rng.randrange(min(len(data), 800))
        changed[place : place + 4] = rng.choice(
            [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4)]
        )
    return bytes(changed[: len(data)])


def _cut_out(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 5000) :]


def _doubled(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[: rng.randrange(len(data))] + data[start:]


def _zeroed(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    length = rng.randrange(1, len(data))
    return data[:start] + bytes(min(length, len(data) - start)) + data[start + length :]


def _noise_behind_head(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.choice([12, 64, 400])] + rng.randbytes(rng.randrange(1, 20_000))


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    _truncated,
    _truncated_head,
    _flipped,
    _flipped,
    _flipped_head,
    _flipped_head,
    _large_numbers,
    _cut_out,
    _doubled,
    _zeroed,
    _noise_behind_head,
]
SUFFIXES = ("mp4", "avi", "mkv", "webm", "mov", "ts", "mpg", "gif", "jpg", "txt")


def make_hostile_clips(directory: Path, good: Sequence[Path], count: int, seed: int = 0) -> dict[Path, bool]:
    """Fill a folder with `count` broken clips, with the good ones in among them.

    Returns:
        Each path, and whether it must be answered with frames; of the others some hold frames all the same.
    """
    rng = random.Random(seed)
    directory.mkdir(parents=True, exist_ok=True)
    made: dict[Path, bool] = {}

    def put(name: str, data: bytes, sound: bool = False) -> None:
        (directory / name).write_bytes(data)
        made[directory / name] = sound

    for number, path in enumerate(good):
        put(f"{number:03d} good {path.name}", path.read_bytes(), True)
        put(f"{number:03d} wrongly called.{SUFFIXES[number % len(SUFFIXES)]}", path.read_bytes(), True)
    others = [b"", b"a clip of a dog\n" * 500, bytes(5000), b"<html>404</html>", rng.randbytes(5000)]
    for number, data in enumerate(others):
        put(f"no clip {number}.{SUFFIXES[number]}", data)
    (directory / "folder.mp4").mkdir()
    (directory / "nowhere.mp4").symlink_to("missing.mp4")
    made |= {directory / "folder.mp4": False, directory / "nowhere.mp4": False}
    if hasattr(os, "mkfifo"):
        os.mkfifo(directory / "pipe.mp4")
        made[directory / "pipe.mp4"] = False
    for number in range(count - sum(not sound for sound in made.values())):
        path = good[rng.randrange(len(good))]
        mutate = MUTATIONS[number % len(MUTATIONS)]
        put(f"{number:04d}{mutate.__name__}{path.suffix}", mutate(path.read_bytes(), rng))
    return made
