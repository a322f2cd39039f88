"""What does a job's shards: workers of this machine. `ray_engine` has those of a cluster; both give the same bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from seesay.apps.corpus.runner import COMMAND, Limits, Runner, ShardFailedError, Stopped

_LOOK = 0.25
Outcome = dict[str, Any] | ShardFailedError | None
"""A shard's record, why it has none, or, now and then, nothing: time to show progress."""


class Engine(Protocol):
    """Does shards, in any order.

    Attributes:
        name: "local" or "ray".
        workers: how many at a time.
        in_hand: items done in shards that are not committed yet.
        restarts: workers started in place of others.
    """

    name: str
    workers: int

    @property
    def in_hand(self) -> int:
        """See above."""

    @property
    def restarts(self) -> int:
        """See above."""

    def run(self, dest: str, shards: Iterator[int], *, again: bool = False) -> Iterator[Outcome]:
        """Do shards of the job in `dest` and yield what became of each; closing the iterator stops the workers."""


class LocalEngine:
    """Worker processes of this machine, each with a model of its own.

    Args:
        workers: how many.
        limits: what each may take.
        command: starts one.
    """

    name = "local"

    def __init__(self, workers: int, limits: Limits, command: Sequence[str] = COMMAND) -> None:
        self.workers, self.limits, self.command = workers, limits, command
        self._runners: list[Runner] = []

    @property
    def in_hand(self) -> int:
        """See `Engine`."""
        return sum(runner.in_hand[0] for runner in self._runners)

    @property
    def restarts(self) -> int:
        """See `Engine`."""
        return sum(runner.restarts for runner in self._runners)

    @property
    def pids(self) -> list[int]:
        """Of the workers."""
        return [runner.pid for runner in self._runners if runner.pid is not None]

    def run(self, dest: str, shards: Iterator[int], *, again: bool = False) -> Iterator[Outcome]:
        """See `Engine`.

        Raises:
            SeeSayError: a worker refuses the job.
        """
        found: SimpleQueue[Outcome | BaseException] = SimpleQueue()
        take = _one_by_one(shards)
        self._runners = [Runner(dest, self.limits, self.command) for _ in range(self.workers)]
        threads = [
            threading.Thread(target=_work, args=(runner, take, again, found), daemon=True) for runner in self._runners
        ]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                try:
                    outcome = found.get(timeout=_LOOK)
                except Empty:
                    yield None
                    continue
                if isinstance(outcome, ShardFailedError):
                    yield outcome
                elif isinstance(outcome, BaseException):
                    raise outcome
                elif outcome is None:
                    left -= 1
                else:
                    yield outcome
        finally:
            for runner in self._runners:
                runner.close()
            for thread in threads:
                thread.join(10)


def _work(
    runner: Runner, take: Callable[[], int | None], again: bool, found: SimpleQueue[Outcome | BaseException]
) -> None:
    """Take shards until there are none."""
    try:
        while (shard := take()) is not None:
            try:
                found.put(runner.run(shard, again=again))
            except ShardFailedError as error:
                found.put(error)
        found.put(None)
    except Stopped:
        pass
    except BaseException as error:  # told where the engine is asked
        found.put(error)


def _one_by_one(shards: Iterator[int]) -> Callable[[], int | None]:
    """The next of an iterator that several threads share."""
    lock = threading.Lock()

    def take() -> int | None:
        with lock:
            return next(shards, None)

    return take
