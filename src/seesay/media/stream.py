"""Pictures and clips decoded in threads while the network works on those before."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from seesay.cores import usable_cores
from seesay.errors import MediaError, UsageError

S = TypeVar("S")
T = TypeVar("T")
Batch = tuple[list[int], NDArray[Any], list[tuple[int, MediaError]]]


class Preprocessor(Protocol):
    """Makes an array of a picture, clip, text or sound, of one shape and type for all; `Preprocessing` does."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what `load` gives."""

    def load(self, source: Any) -> NDArray[Any]:
        """Open it and make its array."""


def decode_ahead(
    sources: Iterable[Any],
    preprocessing: Preprocessor,
    batch_size: int,
    workers: int | None = None,
    on_error: Literal["raise", "yield"] = "raise",
) -> Iterator[Batch]:
    """Batches of pixels, in the order of the sources; the next two batches are decoded meanwhile.

    Only so many pictures are held as three batches have, each at the encoder's size. The threads end when the last
    batch is taken, or when the iterator is closed or thrown away.

    Args:
        sources: what `open_picture` takes; read as they are needed, in the caller's thread.
        preprocessing: to the encoder's size.
        batch_size: sources in a batch, 1 or more.
        workers: threads; None for one a core, from 2 to 8.
        on_error: "raise" stops at the first picture that cannot be read; "yield" reports it and goes on.

    Yields:
        Indices of the sources whose pixels these are; their pixels, uint8 (B, H, W, 3), with B up to `batch_size` and
        0 where no picture of the batch can be read; and index and error of each of the batch that cannot.

    Raises:
        UsageError: at the call, for a number out of range.
        MediaError: with on_error="raise".
    """
    if on_error not in ("raise", "yield"):
        raise UsageError(f"on_error is {on_error!r}; it must be 'raise' or 'yield'")
    threads = default_workers() if workers is None else workers
    if batch_size < 1 or threads < 1:
        raise UsageError(f"batch_size ({batch_size}) and workers ({threads}) must be 1 or more")
    # Two batches wait or are decoded while a third is worked on.
    loaded = in_order(preprocessing.load, sources, threads, 2 * batch_size + 1)
    return _batches(loaded, preprocessing, batch_size, on_error == "yield")


def _batches(
    loaded: Generator[NDArray[Any] | MediaError, None, None],
    preprocessing: Preprocessor,
    batch_size: int,
    go_on: bool,
) -> Iterator[Batch]:
    with contextlib.closing(loaded):
        for first in itertools.count(0, batch_size):
            indices: list[int] = []
            pixels = np.empty((batch_size, *preprocessing.shape), getattr(preprocessing, "dtype", np.uint8))
            faults: list[tuple[int, MediaError]] = []
            for index, result in zip(range(first, first + batch_size), loaded, strict=False):
                if not isinstance(result, MediaError):
                    pixels[len(indices)] = result
                    indices.append(index)
                elif go_on:
                    faults.append((index, result))
                else:
                    raise result
            if not indices and not faults:
                return
            yield indices, pixels[: len(indices)], faults


def default_workers() -> int:
    """Threads that decode: one a core, from 2 to 8."""
    return min(8, max(2, usable_cores()))


def in_order(
    load: Callable[[S], T], sources: Iterable[S], threads: int, ahead: int
) -> Generator[T | MediaError, None, None]:
    """What `load` gives for each source, or its error, in order; computed in threads ahead of the consumer.

    The threads end when the last is taken, or when this is closed.

    Args:
        load: called in the threads.
        sources: read as they are needed, in the caller's thread.
        threads: 1 or more.
        ahead: most results held, waiting or being computed, at a time.
    """
    left = iter(sources)
    waiting: deque[Future[T]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="seesay-decode")
    try:
        while True:
            waiting.extend(pool.submit(load, source) for source in itertools.islice(left, ahead - len(waiting)))
            if not waiting:
                return
            try:
                result: T | MediaError = waiting.popleft().result()
            except MediaError as error:
                result = error
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
