"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from seesay.apps.service import api, chat, page
from seesay.apps.service.asking import ClientGone
from seesay.apps.service.errors import Refusal
from seesay.apps.service.openapi import document
from seesay.apps.service.problems import on_http, on_refusal
from seesay.apps.service.security import Guard
from seesay.apps.service.state import Service, service_of


def build_app(service: Service) -> Starlette:
    """The ASGI application of a service; its lifespan starts and stops the workers."""
    try:
        from seesay.apps.service.tools import http_app
    except ModuleNotFoundError:  # the extra seesay[mcp] is not installed
        tools = None
    else:
        tools = http_app(service)
    routes: list[BaseRoute] = [
        Route("/", page.show, methods=["GET"]),
        Route("/", page.answer, methods=["POST"]),
        Route("/docs", page.docs, methods=["GET"]),
        Mount("/static", page.static_files()),
        Route("/v1/caption", api.caption, methods=["POST"]),
        Route("/v1/recognize", api.recognize, methods=["POST"]),
        Route("/v1/models", api.models, methods=["GET"]),
        Route("/v1/chat/completions", chat.completions, methods=["POST"]),
        Route("/healthz", _health, methods=["GET"]),
        Route("/readyz", _ready, methods=["GET"]),
        Route("/metrics", _metrics, methods=["GET"]),
        Route("/openapi.json", _openapi, methods=["GET"]),
    ]
    if tools is not None:
        routes.append(Route("/mcp", tools.endpoint))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if tools is not None:
                await stack.enter_async_context(tools.running())
            await service.engine.start()
            stack.push_async_callback(service.engine.stop)
            yield

    handlers = {Refusal: on_refusal, HTTPException: on_http}
    handlers |= {ClientGone: _gone, ClientDisconnect: _gone}
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Guard, service=service)],
        exception_handlers=handlers,
    )
    app.router.redirect_slashes = False
    app.state.service, app.state.metrics = service, service.metrics
    return app


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _ready(request: Request) -> Response:
    engine = service_of(request).engine
    ready = bool(engine.ready) and not engine.draining
    answer = {"status": "ready" if ready else "not ready", "workers": len(engine.ready), "free": engine.free}
    return JSONResponse(answer, 200 if ready else 503)


async def _metrics(request: Request) -> Response:
    return Response(service_of(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _openapi(request: Request) -> Response:
    return JSONResponse(document(service_of(request)))
