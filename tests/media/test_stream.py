"""Decoding ahead: order, faults, bounds, and threads that end."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seesay.errors import MediaError, UsageError
from seesay.media import Preprocessing, decode_ahead

SMALL = Preprocessing(size=(4, 6))


def gray(value: int) -> np.ndarray:
    return np.full((8, 8, 3), value, np.uint8)


def decoders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("seesay-decode")]


class Slow(Preprocessing):
    """Takes longer over early pictures than over late ones, and counts those that it has begun."""

    begun = 0

    def load(self, source: Any) -> Any:
        type(self).begun += 1
        time.sleep(0.02 if source[0, 0, 0] % 2 else 0.001)
        return super().load(source)


@pytest.mark.parametrize("workers", [1, 2, 7, None])
@pytest.mark.parametrize("batch_size", [1, 4, 10, 50])
def test_order(workers: int | None, batch_size: int) -> None:
    seen = []
    for indices, pixels, faults in decode_ahead([gray(i) for i in range(21)], Slow((4, 6)), batch_size, workers):
        assert pixels.shape == (len(indices), 4, 6, 3)
        assert pixels.dtype == np.uint8
        assert 0 < len(indices) <= batch_size
        assert faults == []
        assert pixels[:, 0, 0, 0].tolist() == indices
        seen += indices
    assert seen == list(range(21))
    assert decoders() == []


def test_no_sources() -> None:
    assert list(decode_ahead([], SMALL, 4)) == []


def test_faults_are_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    sources: list[Any] = [gray(0), tmp_path / "a.jpg", gray(2), b"", b"no", tmp_path, gray(6)]
    batches = list(decode_ahead(sources, SMALL, 3, on_error="yield"))
    assert [indices for indices, _, _ in batches] == [[0, 2], [], [6]]
    assert [pixels.shape for _, pixels, _ in batches] == [(2, 4, 6, 3), (0, 4, 6, 3), (1, 4, 6, 3)]
    assert [[index for index, _ in faults] for _, _, faults in batches] == [[1], [3, 4, 5], []]
    assert all(isinstance(error, MediaError) for _, _, faults in batches for _, error in faults)


def test_the_first_fault_stops(tmp_path: Path) -> None:
    stream = decode_ahead([gray(0), gray(1), tmp_path / "first.jpg", tmp_path / "second.jpg"], SMALL, 2)
    assert next(stream)[0] == [0, 1]
    with pytest.raises(MediaError, match=r"first\.jpg"):
        next(stream)
    assert decoders() == []


def test_only_so_far_ahead() -> None:
    taken = 0

    def endless() -> Iterator[np.ndarray]:
        nonlocal taken
        for i in itertools.count():
            taken += 1
            yield gray(i % 256)

    stream = decode_ahead(endless(), SMALL, 5)
    for batch in range(1, 6):
        next(stream)
        time.sleep(0.02)
        assert taken <= 5 * (batch + 2)
    stream.close()  # type: ignore[attr-defined]


def test_threads_end_when_the_consumer_stops() -> None:
    stream = decode_ahead([gray(i) for i in range(200)], Slow((4, 6)), 4, workers=3)
    next(stream)
    assert 1 <= len(decoders()) <= 3
    Slow.begun = 0
    stream.close()  # type: ignore[attr-defined]
    assert decoders() == []
    assert Slow.begun <= 12, "what was queued is dropped, not decoded"

    def first() -> list[int]:
        for indices, _, _ in decode_ahead([gray(i) for i in range(200)], Slow((4, 6)), 4, workers=3):
            return indices
        return []

    assert first() == [0, 1, 2, 3]
    assert decoders() == []


def test_it_decodes_while_the_consumer_works() -> None:
    class Sleepy(Preprocessing):
        def load(self, source: Any) -> Any:
            time.sleep(0.02)
            return super().load(source)

    start = time.perf_counter()
    for _ in decode_ahead([gray(i) for i in range(32)], Sleepy((4, 6)), 4, workers=2):
        time.sleep(0.04)
    alone = 32 * 0.02 / 2 + 8 * 0.04
    assert time.perf_counter() - start < alone * 0.95


def test_a_fault_in_the_sources_reaches_the_caller() -> None:
    def broken() -> Iterator[np.ndarray]:
        yield gray(0)
        raise RuntimeError("the list broke off")

    with pytest.raises(RuntimeError, match="the list broke off"):
        list(decode_ahead(broken(), SMALL, 1, on_error="yield"))
    assert decoders() == []


def test_calls_that_are_wrong_fail_at_once() -> None:
    for options in ({"batch_size": 0}, {"batch_size": 2, "workers": 0}, {"batch_size": 2, "on_error": "skip"}):
        with pytest.raises(UsageError):
            decode_ahead([], SMALL, **options)  # type: ignore[arg-type]


def test_same_pixels_as_one_at_a_time() -> None:
    samples = sorted((Path(__file__).parents[2] / "samples").glob("*.jpg"))
    preprocessing = Preprocessing(size=(50, 40), fit="crop", crop_ratio=0.9)
    (_, pixels, _), *rest = decode_ahead(samples, preprocessing, 16)
    assert rest == []
    for path, row in zip(samples, pixels, strict=True):
        np.testing.assert_array_equal(row, preprocessing.load(path))
