"""What a worker is at, in a small file that both sides map: it outlives the worker, however that ends."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

_DONE, _BAD, _FIRST = 0, 1, 2
NETWORKS = 0
"""The slot of the networks; the others are of threads that open items."""


class Board:
    """Counters, and for each slot the item that it has had in hand since when.

    Args:
        file: made when it is not there.
        slots: the networks' and one for each thread that opens items.
    """

    def __init__(self, file: Path, slots: int) -> None:
        mode = "r+" if file.exists() else "w+"
        self._numbers = np.memmap(file, np.float64, mode, shape=(_FIRST + slots, 2))  # type: ignore[call-overload]

    def clear(self) -> None:
        """A new shard: nothing done, nothing in hand."""
        self._numbers[:] = 0

    def count(self, done: int, bad: int) -> None:
        """So many items of the shard are done, and of these so many bad."""
        self._numbers[_DONE, 0], self._numbers[_BAD, 0] = done, bad

    @property
    def done(self) -> int:
        """Items of the shard that are done."""
        return int(self._numbers[_DONE, 0])

    @property
    def bad(self) -> int:
        """Of these, bad ones."""
        return int(self._numbers[_BAD, 0])

    def take(self, slot: int, item: int) -> None:
        """A slot has an item in hand from now on."""
        self._numbers[_FIRST + slot] = item + 1, time.monotonic()

    def leave(self, slot: int) -> None:
        """It has none any more."""
        self._numbers[_FIRST + slot, 0] = 0

    def in_hand(self) -> dict[int, tuple[int, float]]:
        """Slot → item and seconds that it has taken so far."""
        now = time.monotonic()
        return {
            slot: (int(item) - 1, now - since)
            for slot, (item, since) in enumerate(self._numbers[_FIRST:].tolist())
            if item
        }
