"""Connections: closed where a request's head does not arrive, and only after what a client still sends was read."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class _Closing:
    """A transport whose `close` asks the protocol first; all else is the transport's own."""

    def __init__(self, transport: Any, protocol: PatientProtocol) -> None:
        self._transport, self._protocol = transport, protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        if self._transport.is_closing() or not self._protocol.linger():
            self._transport.close()

    def close_now(self) -> None:
        self._transport.close()

    def is_closing(self) -> bool:
        return self._protocol.lingers or bool(self._transport.is_closing())


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with the two things that uvicorn lacks.

    A connection whose request's head does not arrive in time is closed. One whose request is answered before its body
    was read (refused: too large, queue full, no token) is read on for a while, and what comes is thrown away: a socket
    closed with bytes unread makes the system reset the connection, and many clients then never see the answer. Such a
    connection holds no memory and no place among `--queue` or the connections; where very many linger, the oldest goes.

    Attributes:
        header_seconds: until the head must be here.
        drain_bytes: most bytes of a refused body that are read.
        drain_seconds: longest that a refused body is read; `idle_seconds`: longest without a byte of it.
        most_lingering: connections of this kind at a time.
        lingers: whether the answer is sent and the rest of the body is thrown away.
    """

    header_seconds = 10.0
    drain_bytes = 80 * 10**6
    drain_seconds = 30.0
    idle_seconds = 5.0
    most_lingering = 256
    lingering: dict[PatientProtocol, None]
    lingers = False
    _timer: asyncio.TimerHandle | None = None
    _end: asyncio.TimerHandle | None = None
    _refused: Any = None
    _left = 0
    _until = 0.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.access_log = False  # it would log queries; `security.Guard` logs what may be

    def connection_made(self, transport: Any) -> None:
        """A client connects."""
        super().connection_made(_Closing(transport, self))  # type: ignore[arg-type]
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Bytes of a client."""
        if self._end is not None and not self._counted(len(data)):
            return
        if self.lingers:
            self._throw_away(data)
            return
        super().data_received(data)
        if self.conn.their_state is not h11.SEND_BODY or self.cycle is not self._refused:
            self._drained()
        if self.conn.their_state is not h11.IDLE:
            self._disarm()
        elif self._timer is None and self.timeout_keep_alive_task is None:
            self._arm()

    def on_response_complete(self) -> None:
        """The answer is sent; where the body is not all here, and the connection is kept, its rest has its limits."""
        super().on_response_complete()
        if not self.transport.is_closing() and self.conn.their_state is h11.SEND_BODY:
            self._unset_keepalive_if_required()
            self._drain()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client leaves."""
        self._disarm()
        self._drained()
        self.lingering.pop(self, None)
        super().connection_lost(exc)

    def linger(self) -> bool:
        """Read on instead of closing, where a request's body is not all here; False where there is no need to."""
        if self.lingers:
            return True
        if self.cycle is None or not self.cycle.response_complete or self.conn.their_state is not h11.SEND_BODY:
            return False
        if self._end is not None or not self.transport.can_write_eof():  # it had its time
            return False
        self.lingers = True
        self.connections.discard(self)
        self.transport.write_eof()
        self.transport.resume_reading()
        while len(self.lingering) >= self.most_lingering:
            next(iter(self.lingering)).give_up()
        self.lingering[self] = None
        self._drain()
        return True

    def give_up(self) -> None:
        """Close, whatever the client still sends."""
        self._drained()
        self.lingers = False
        self.lingering.pop(self, None)
        self.transport.abort()

    def _drain(self) -> None:
        self._refused = self.cycle
        self._left, self._until = self.drain_bytes, self.loop.time() + self.drain_seconds
        self._wait()

    def _wait(self) -> None:
        self._drained()
        seconds = min(self.idle_seconds, self._until - self.loop.time())
        self._end = self.loop.call_later(max(0.0, seconds), self.give_up)

    def _drained(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _counted(self, size: int) -> bool:
        """Count bytes of a body that nobody reads; whether there may be more."""
        self._left -= size
        if self._left < 0:
            self.give_up()
            return False
        self._wait()
        return True

    def _throw_away(self, data: bytes) -> None:
        """Follow the body to its end, and close there."""
        try:
            self.conn.receive_data(data)
            while (event := self.conn.next_event()) is not h11.NEED_DATA:
                if not isinstance(event, h11.Data):
                    self._drained()
                    self.transport.close_now()  # type: ignore[attr-defined]
                    return
        except h11.RemoteProtocolError:
            self.give_up()

    def _arm(self) -> None:
        self._timer = self.loop.call_later(self.header_seconds, self._too_late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
