"""Pictures decoded in threads while the network works on those before."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from seesay.errors import MediaError, UsageError

Batch = tuple[list[int], NDArray[np.uint8], list[tuple[int, MediaError]]]


class Prepares(Protocol):
    """Makes bytes of a picture, as many for each; `Preprocessing` does."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what `load` gives."""

    def load(self, source: Any) -> NDArray[np.uint8]:
        """Open a picture and make its bytes."""


def decode_ahead(
    sources: Iterable[Any],
    preprocessing: Prepares,
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
    threads = min(8, max(2, os.cpu_count() or 1)) if workers is None else workers
    if batch_size < 1 or threads < 1:
        raise UsageError(f"batch_size ({batch_size}) and workers ({threads}) must be 1 or more")
    return _batches(iter(sources), preprocessing, batch_size, threads, on_error == "yield")


def _batches(
    sources: Iterator[Any], preprocessing: Prepares, batch_size: int, threads: int, go_on: bool
) -> Iterator[Batch]:
    waiting: deque[Future[NDArray[np.uint8]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="seesay-decode")
    try:
        for first in itertools.count(0, batch_size):
            wanted = 3 * batch_size - len(waiting)
            waiting.extend(pool.submit(preprocessing.load, source) for source in itertools.islice(sources, wanted))
            if not waiting:
                return
            indices: list[int] = []
            pixels = np.empty((min(batch_size, len(waiting)), *preprocessing.shape), np.uint8)
            faults: list[tuple[int, MediaError]] = []
            for index in range(first, first + len(pixels)):
                try:
                    pixels[len(indices)] = waiting.popleft().result()
                    indices.append(index)
                except MediaError as error:
                    if not go_on:
                        raise
                    faults.append((index, error))
            yield indices, pixels[: len(indices)], faults
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
