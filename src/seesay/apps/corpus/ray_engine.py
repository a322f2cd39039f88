"""A job's shards on a Ray cluster: Ray Data hands shard numbers to a pool of actors, each with one worker process.

The job's folder and its sources must be at the same address on every node: a shared file system, or an object store.
Ray starts actors that a lost node had anew elsewhere, and gives their shards to others.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from seesay import errors
from seesay.apps.corpus.engines import Outcome
from seesay.apps.corpus.runner import COMMAND, Limits, Runner, ShardFailedError
from seesay.errors import MissingPartError, SeeSayError
from seesay.extras import lacking

_WINDOW = 4096
"""Shards that are given to Ray Data at a time, so that its own memory does not grow with the job."""


class ShardActor:
    """Holds one worker; Ray Data calls it with shard numbers."""

    def __init__(self, dest: str, limits: Limits, command: Sequence[str], again: bool) -> None:
        self._runner = Runner(dest, limits, command)
        self._again = again

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """Shard numbers → an outcome for each, as JSON."""
        found = []
        for shard in batch["item"]:
            before = self._runner.restarts
            try:
                outcome: dict[str, Any] = {"record": self._runner.run(int(shard), again=self._again)}
            except ShardFailedError as error:
                outcome = {"failed": str(error)}
            except SeeSayError as error:
                outcome = {"refused": str(error), "kind": type(error).__name__}
            found.append(json.dumps({**outcome, "restarts": self._runner.restarts - before}))
        return {"outcome": found}


class RayEngine:
    """A pool of actors.

    Args:
        workers: actors, each with a CPU and a model of its own.
        limits: what each worker may take.
        address: of a cluster, "auto" for the one that this machine belongs to; None starts one on this machine.
        command: starts a worker.

    Raises:
        MissingPartError: Ray is not installed.
    """

    name = "ray"
    in_hand = 0
    """Not known: actors say what they have done when a shard is committed."""

    def __init__(
        self, workers: int, limits: Limits, address: str | None = None, command: Sequence[str] = COMMAND
    ) -> None:
        self.workers, self.limits, self.address, self.command = workers, limits, address, command
        self.restarts = 0
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray sends usage data unless this is set
        os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
        try:
            import ray
            import ray.data
        except ModuleNotFoundError as error:
            raise MissingPartError(f"--engine ray needs {lacking(error.name or 'ray')}") from None
        self._ray: Any = ray

    def run(self, dest: str, shards: Iterator[int], *, again: bool = False) -> Iterator[Outcome]:
        """See `Engine`.

        Raises:
            SeeSayError: a worker refuses the job, or the cluster cannot be reached.
        """
        logging.getLogger("ray").setLevel(logging.ERROR)
        mine = self._begin()
        try:
            while numbers := list(itertools.islice(shards, _WINDOW)):
                yield from self._window(dest, numbers, again)
        finally:
            if mine:
                self._ray.shutdown()

    def _begin(self) -> bool:
        """Be connected; whether it was not before."""
        if self._ray.is_initialized():
            return False
        local = {"num_cpus": self.workers, "object_store_memory": 80 << 20} if self.address is None else {}
        try:
            self._ray.init(
                address=self.address,
                include_dashboard=False if local else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **local,
            )
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            reason = " ".join(str(error).split())[:200]
            raise SeeSayError(f"--address {self.address}: no Ray cluster answers ({reason})") from None
        return True

    def _window(self, dest: str, numbers: list[int], again: bool) -> Iterator[Outcome]:
        data = self._ray.data
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        work = data.from_items(numbers, override_num_blocks=len(numbers)).map_batches(
            ShardActor,
            fn_constructor_args=(dest, self.limits, tuple(self.command), again),
            batch_size=1,
            compute=data.ActorPoolStrategy(size=min(self.workers, len(numbers))),
            num_cpus=1,
        )
        for row in _patiently(work.iter_rows()):
            if row is None:
                yield None
                continue
            outcome = json.loads(row["outcome"])
            self.restarts += outcome["restarts"]
            if "refused" in outcome:
                raise getattr(errors, outcome["kind"], SeeSayError)(outcome["refused"])
            yield ShardFailedError(outcome["failed"]) if "failed" in outcome else outcome["record"]


def _patiently(rows: Iterator[Any]) -> Iterator[Any]:
    """Rows as they come, and None now and then meanwhile."""
    from queue import Empty, SimpleQueue

    found: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    def take() -> None:
        try:
            for row in rows:
                found.put(("row", row))
            found.put(("end", None))
        except BaseException as error:  # raised where it is asked
            found.put(("error", error))

    threading.Thread(target=take, daemon=True).start()
    while True:
        try:
            kind, value = found.get(timeout=0.5)
        except Empty:
            yield None
            continue
        if kind == "end":
            return
        if kind == "error":
            raise value
        yield value
