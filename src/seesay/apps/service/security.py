"""Who may ask, by which name, from where; and what a browser may do with the answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seesay.apps.service.errors import Forbidden, Internal, Refusal, Unauthorized, WrongHost
from seesay.apps.service.problems import problem_response
from seesay.apps.service.state import Service

log = logging.getLogger("seesay.service")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send a form with `Origin: null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
_LOCAL = ("localhost", "127.0.0.1", "::1")
_EVERYONE = ("0.0.0.0", "::")
NEEDS_TOKEN = ("/v1/", "/mcp", "/metrics")


def host_names(service: Service) -> frozenset[str]:
    """Names that the service may be called by."""
    host = service.settings.host.strip("[]").lower()
    own = () if host in _EVERYONE else (host,)
    return frozenset((*_LOCAL, *own, *(name.strip("[]").lower() for name in service.settings.allowed_hosts)))


class Guard:
    """Checks each request before any of its body is read, adds the headers, writes a line of log.

    The line has no query, no body and no token: method, path, status and seconds.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service
        self.hosts = host_names(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), 499  # as nginx has it: the client left before there was an answer

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check(scope)
        except Refusal as error:
            self.service.metrics.refused(type(error).__name__)
            await problem_response(error)(scope, receive, sending)
        else:
            await self._pass_on(scope, receive, sending, lambda: status != 499)
        finally:
            seconds = time.monotonic() - began
            route = getattr(scope.get("route"), "path", "other")
            self.service.metrics.request(route, status, seconds)
            path = scope["path"].encode("unicode_escape").decode("ascii")[:200]
            log.info("%s %s %d %.3f s", scope["method"], path, status, seconds)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, answering: Callable[[], bool]) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:  # a fault of the service's own: told without what it was, logged with it
            log.exception("a fault in %s", scope["path"].encode("unicode_escape").decode("ascii")[:200])
            self.service.metrics.refused("Internal")
            if answering():
                raise  # the answer has begun: uvicorn cuts it off
            error = Internal("the service failed on this request; its log says more")
            await problem_response(error)(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            name = ""
        if name not in self.hosts:
            raise WrongHost("the Host header names another host; if the service is called so: --allowed-host NAME")
        if scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            origin = headers.get("origin")
            if headers.get("sec-fetch-site") == "cross-site" or (origin and urlsplit(origin).netloc != host):
                raise Forbidden("the page that sent this is of another site, and pages of other sites may not ask")
        if scope["path"].startswith(NEEDS_TOKEN) and not self.service.tokens.allow(headers.get("authorization")):
            raise Unauthorized("send a token of the service's --token-file: Authorization: Bearer TOKEN")


def allowed_by_form(request: Request, service: Service, token: str) -> None:
    """The token of the page's form, for browsers without JavaScript.

    Raises:
        Unauthorized: it is not let in.
    """
    if not service.tokens.allow(request.headers.get("authorization") or f"Bearer {token}"):
        raise Unauthorized("this service needs a token; type it in the form")
