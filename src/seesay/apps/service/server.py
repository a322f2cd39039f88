"""The service in a process: sockets, signals, logs."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from typing import Any

import uvicorn

from seesay.apps.service.app import build_app
from seesay.apps.service.connections import PatientProtocol
from seesay.apps.service.settings import ServiceSettings, read_tokens
from seesay.apps.service.state import Service, build_service
from seesay.errors import SeeSayError, UsageError

log = logging.getLogger("seesay.service")
_MOST_CONNECTIONS = 1000
_LONGEST_HEAD = 32 * 1024
_DRAINED = 4  # times --max-body that are read of a body which is refused


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
    limits: dict[str, Any] = {"header_seconds": settings.header_seconds, "drain_seconds": settings.timeout}
    limits |= {"drain_bytes": _DRAINED * settings.max_body, "lingering": {}}
    protocol = type("Protocol", (PatientProtocol,), limits)
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
