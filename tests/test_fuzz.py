"""The targets of `fuzz/` hold for their seeds and for a few hundred changed ones; `fuzz/run.py` goes on from there."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

pytest.importorskip("yaml")
SPEC = importlib.util.spec_from_file_location("targets", Path(__file__).parents[1] / "fuzz" / "targets.py")
assert SPEC is not None
assert SPEC.loader is not None
targets = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(targets)


def changed(data: bytes, chance: random.Random) -> bytes:
    body = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        if not body:
            break
        place, kind = chance.randrange(len(body)), chance.randrange(4)
        if kind == 0:
            body[place] = chance.randrange(256)
        elif kind == 1:
            del body[place : place + chance.randint(1, 9)]
        elif kind == 2:
            body[place:place] = chance.randbytes(chance.randint(1, 5))
        else:
            body[place : place + 4] = chance.choice([b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\x80"])
    return bytes(body)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_seeds_and_changed_ones(name: str) -> None:
    chance = random.Random(0)
    found = targets.seeds(name)
    assert found
    for seed in found:
        targets.TARGETS[name](seed)
        for _ in range(20 if name in ("clip", "graph", "manifest") else 60):
            targets.TARGETS[name](changed(seed, chance))
