"""One worker, started, watched, killed where it hangs, and started again where it dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from seesay import errors
from seesay.apps.corpus.board import NETWORKS, Board
from seesay.errors import SeeSayError

COMMAND = (sys.executable, "-m", "seesay.apps.corpus.worker")
_START_SECONDS = 300.0
_LOOK = 0.1
"""Seconds between two looks at what a worker is at."""
_DEATHS = 4
"""Times that a worker may die on one shard without naming an item."""


@dataclass(frozen=True)
class Limits:
    """What a worker may take.

    Attributes:
        item_seconds: longest that one item may take to open.
        attempts: times that an item is tried before it counts as bad.
        openers: threads of a worker that open items.
    """

    item_seconds: float = 60.0
    attempts: int = 3
    openers: int = 2


class ShardFailedError(SeeSayError):
    """A shard could not be done; the others can."""


class Stopped(Exception):
    """The runner was closed while it worked."""


class Runner:
    """Does shards in one worker process; `close` ends it.

    Args:
        dest: absolute address of the job's folder.
        limits: what a worker may take.
        command: starts a worker; what it is given comes as one more argument, JSON.
    """

    def __init__(self, dest: str, limits: Limits, command: Sequence[str] = COMMAND) -> None:
        self.dest, self.limits, self.command = dest, limits, command
        self.restarts = 0
        self._folder = tempfile.TemporaryDirectory(prefix="seesay-corpus-", ignore_cleanup_errors=True)
        self._spool = Path(self._folder.name) / "spool"
        self._board_file = Path(self._folder.name) / "board"
        self._board = Board(self._board_file, limits.openers + 1)
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._listener: threading.Thread | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the worker."""
        return None if self._process is None else self._process.pid

    @property
    def in_hand(self) -> tuple[int, int]:
        """Items of the present shard that are done, and of these the bad ones."""
        return self._board.done, self._board.bad

    def run(self, shard: int, *, again: bool = False) -> dict[str, Any]:
        """Do one shard, whatever becomes of workers meanwhile.

        Args:
            shard: its number.
            again: of a committed shard only the bad items.

        Returns:
            Its record.

        Raises:
            ShardFailedError: it cannot be done here and now.
            SeeSayError: the worker refuses the job: its model cannot be loaded.
            Stopped: the runner was closed.
        """
        skip: dict[int, str] = {}
        strikes: Counter[int] = Counter()
        deaths, careful = 0, False
        self._spool.unlink(missing_ok=True)
        while True:
            self._start()
            order = {"shard": shard, "skip": skip, "careful": careful, "again": again}
            self._send(order)
            message, hung = self._wait()
            if message is not None and message["event"] == "done":
                self._board.clear()
                return dict(message["record"])
            if message is not None:
                deaths, why = deaths + 1, str(message["error"])
            else:
                why = self._how_it_ended()
                suspects = hung or (self._opening() if careful else [])
                careful = True
                self.restarts += 1
                if not suspects:
                    deaths += 1
                for item in suspects:
                    strikes[item] += 1
                    if strikes[item] >= self.limits.attempts:
                        skip[item] = (
                            f"took longer than {self.limits.item_seconds:g} s to open"
                            if hung
                            else f"the process that opened it crashed ({why})"
                        )
            if deaths >= _DEATHS:
                raise ShardFailedError(f"shard {shard}: could not be done ({why}); go on with --resume")

    def close(self) -> None:
        """End the worker at once; what it had in hand is lost."""
        self._closed = True
        self._end()
        self._board_file.unlink(missing_ok=True)
        self._folder.cleanup()

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        """Have a worker that waits for orders."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._closed:
            raise Stopped
        given = {
            "dest": self.dest,
            "board": str(self._board_file),
            "spool": str(self._spool),
            **{key: value for key, value in asdict(self.limits).items() if key != "item_seconds"},
        }
        # One thread for each worker's arithmetic: what libraries would take by themselves is every core, each.
        environment = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")}
        self._end()
        self._messages = SimpleQueue()
        process = subprocess.Popen(
            [*self.command, json.dumps(given)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._process = process
        self._listener = threading.Thread(target=_listen, args=(process, self._messages), daemon=True)
        self._listener.start()
        try:
            message = self._messages.get(timeout=_START_SECONDS)
        except Empty:
            message = None
        if self._closed:
            self._end()
            raise Stopped
        if message is not None and message["event"] == "ready":
            return
        self._end()
        if message is not None:
            kind = getattr(errors, message["kind"], SeeSayError)
            raise kind(message["error"])
        if process.returncode != -signal.SIGKILL:
            raise SeeSayError(f"a worker did not start ({self._how_it_ended()})")
        self.restarts += 1  # somebody killed it, or the memory was short
        if self.restarts > 100:
            raise SeeSayError("workers are killed again and again before they have begun; is the memory short?")
        self._start()

    def _end(self) -> None:
        """Kill the worker, where there is one, and leave nothing open."""
        if self._process is None or self._listener is None:
            return
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._listener.join()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _send(self, order: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has just died; `_wait` finds out
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    def _wait(self) -> tuple[dict[str, Any] | None, list[int]]:
        """The worker's answer; None where it died, with the items that hung where that is why."""
        assert self._process is not None
        while True:
            try:
                message = self._messages.get(timeout=_LOOK)
            except Empty:
                hung = [
                    item
                    for slot, (item, seconds) in self._board.in_hand().items()
                    if slot != NETWORKS and seconds > self.limits.item_seconds
                ]
                if hung:
                    self._end()
                    return None, hung
                continue
            if self._closed:
                raise Stopped
            if message is None:
                self._process.wait()
            return message, []

    def _opening(self) -> list[int]:
        """Items that were being opened when the worker died."""
        return [item for slot, (item, _) in self._board.in_hand().items() if slot != NETWORKS]

    def _how_it_ended(self) -> str:
        assert self._process is not None
        code = self._process.returncode
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return signal.Signals(-code).name
        return f"exit code {code}"


def _listen(process: subprocess.Popen[bytes], messages: SimpleQueue[dict[str, Any] | None]) -> None:
    """Pass a worker's answers on; None when there are no more."""
    assert process.stdout is not None
    with process.stdout, contextlib.suppress(ValueError, OSError):
        for line in process.stdout:
            messages.put(json.loads(line))
    messages.put(None)
