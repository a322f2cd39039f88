"""A worker process as the service sees it: started, given jobs, listened to, killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from seesay.apps.service import protocol
from seesay.errors import SeeSayError

COMMAND = (sys.executable, "-m", "seesay.apps.service.worker")
_START_SECONDS = 120.0
_STOP_SECONDS = 5.0


@dataclass
class Held:
    """A job that a worker has: since when it is being opened, and whether it is open."""

    since: float | None = None
    opened: bool = False

    @property
    def opening(self) -> bool:
        """Whether it is being opened now."""
        return self.since is not None and not self.opened


class Process:
    """One worker.

    Args:
        command: starts it; what it is told comes as one more argument, JSON.
        given: what it is told.
        window: most jobs that it holds.
        on_answer: called with each answer.
        ended: called once when it is gone, if it was ever ready.

    Attributes:
        held: its jobs.
        heard: when it last said something.
        ready: whether it takes jobs.
        retiring: it gets no more jobs.
        reason: why it was killed, or "died".
        signal: the signal that ended it, where one did.
    """

    def __init__(
        self,
        command: Sequence[str],
        given: dict[str, Any],
        window: int,
        on_answer: Callable[[Process, dict[str, Any]], None],
        ended: Callable[[Process], None],
    ) -> None:
        self.command, self.given, self.window = command, given, window
        self.held: dict[int, Held] = {}
        self.heard = time.monotonic()
        self.ready = self.retiring = self.alone = False
        self.reason, self.signal = "died", ""
        self._on_answer, self._ended = on_answer, ended
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    @property
    def room(self) -> bool:
        """Whether it takes one more job."""
        return len(self.held) < self.window and not (self.alone and self.held)

    async def start(self) -> None:
        """Start it and wait until its models are loaded.

        Raises:
            SeeSayError: it could not load them, or did not come up.
        """
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self.command, json.dumps(self.given), stdin=pipe, stdout=pipe, limit=1 << 20
        )
        assert self._process.stdout is not None
        try:
            message = await asyncio.wait_for(protocol.receive(self._process.stdout), _START_SECONDS)
        except (asyncio.TimeoutError, ValueError):
            message = None
        if message is None or message[0].get("event") != "ready":
            await self.stop()
            raise SeeSayError(str(message[0].get("error")) if message else "a worker did not start")
        self.ready, self.heard = True, time.monotonic()
        self._listening = asyncio.create_task(self._listen(self._process.stdout))

    def give(self, number: int, head: dict[str, Any], data: bytes, *, alone: bool) -> None:
        """Hand it a job; `alone`: with no other beside it."""
        self.held[number] = Held()
        self.alone = alone
        self.heard = max(self.heard, time.monotonic()) if len(self.held) == 1 else self.heard
        self._write(protocol.pack(head, data))

    def cancel(self, number: int) -> None:
        """Tell it that nobody waits for a job."""
        self._write(protocol.pack({"do": "cancel", "id": number}))

    def opening_since(self, before: float) -> list[int]:
        """Jobs that it has been opening since before that moment."""
        return [n for n, one in self.held.items() if one.since is not None and not one.opened and one.since < before]

    def kill(self, reason: str) -> None:
        """End it at once."""
        self.reason, self.ready = reason, False
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self) -> None:
        """Close its pipe and wait until it has left."""
        self.ready = False
        if self._listening is not None:
            self._listening.cancel()
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except asyncio.TimeoutError:
            self.kill("stop")
            await self._process.wait()

    def _write(self, data: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError, RuntimeError):  # it has just died; `_listen` tells
            self._process.stdin.write(data)

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        assert self._process is not None
        try:
            while (message := await protocol.receive(stream)) is not None:
                self.heard = time.monotonic()
                self._take(message[0])
        except (ValueError, KeyError, TypeError):  # not a message of ours: the worker is not to be trusted any more
            self.kill("garbled")
        self.ready = False
        code = await self._process.wait()
        if code < 0:
            self.signal = signal.Signals(-code).name
        self._ended(self)

    def _take(self, head: dict[str, Any]) -> None:
        event, held = head["event"], self.held.get(head["id"])
        if held is None:
            return
        if event == "open":
            held.since = time.monotonic()
        elif event == "opened":
            held.opened = True
        elif event == "done":
            del self.held[head["id"]]
            self.alone = self.alone and bool(self.held)
            self._on_answer(self, head)
