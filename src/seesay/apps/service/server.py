"""The service in a process: sockets, signals, logs."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from seesay.apps.service.app import build_app
from seesay.apps.service.settings import ServiceSettings, read_tokens
from seesay.apps.service.state import Service, build_service
from seesay.errors import SeeSayError, UsageError

log = logging.getLogger("seesay.service")
_MOST_CONNECTIONS = 1000
_LONGEST_HEAD = 32 * 1024


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that closes connections whose request's head does not arrive in time; uvicorn waits for good."""

    header_seconds = 10.0
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.access_log = False  # it would log queries; `security.Guard` logs what may be

    def connection_made(self, transport: Any) -> None:
        """A client connects."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Bytes of a client."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._disarm()
        elif self._timer is None and self.timeout_keep_alive_task is None:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client leaves."""
        self._disarm()
        super().connection_lost(exc)

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


class Server(uvicorn.Server):
    """uvicorn, with a reload on SIGHUP and one line once it listens."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service
        self._reloading: asyncio.Task[None] | None = None

    async def startup(self, sockets: Any = None) -> None:
        """Start to listen; readiness is told by a line on standard error."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                shown = f"[{host}]" if ":" in host else host
                print(f"seesay: serving on http://{shown}:{port}/", file=sys.stderr, flush=True)
        if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)

    def _reload(self) -> None:
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.ensure_future(self._reloaded())

    async def _reloaded(self) -> None:
        try:
            tokens = read_tokens(self.service.settings.token_file)
            await self.service.engine.reload()
            self.service.tokens = tokens
            log.info("models and tokens are loaded anew")
        except SeeSayError as error:
            log.error("nothing was reloaded: %s", error)


def make_server(service: Service) -> Server:
    """The server of a service; `run` it."""
    settings = service.settings
    protocol = type("Protocol", (PatientProtocol,), {"header_seconds": settings.header_seconds})
    config = uvicorn.Config(
        build_app(service),
        host=settings.host,
        port=settings.port,
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=int(settings.timeout) + 5,
    )
    return Server(config, service)


def serve(settings: ServiceSettings) -> None:
    """Serve until a signal comes; requests that were let in are answered first.

    Raises:
        SeeSayError: a model, the token file or the port cannot be had.
    """
    service = build_service(settings)
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.WARNING, stream=sys.stderr)
    log.setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more when all is answered
    try:
        make_server(service).run()
    except KeyboardInterrupt:
        pass
    except SystemExit as error:  # uvicorn's way to say that it did not start; why stands in its log
        if error.code:
            raise UsageError(_why(service, settings)) from None


def _why(service: Service, settings: ServiceSettings) -> str:
    if service.engine.failure:
        return service.engine.failure
    return f"--host {settings.host} --port {settings.port}: cannot be listened on; another program may have it"
