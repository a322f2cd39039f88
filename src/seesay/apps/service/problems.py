"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from seesay.apps.service.errors import Refusal

PROBLEM = "application/problem+json"


def problem_of(error: Refusal) -> dict[str, Any]:
    """An error's problem details, with the limit it names and when to come back."""
    name = re.sub("(?<!^)([A-Z])", r"-\1", type(error).__name__).lower()
    problem: dict[str, Any] = {
        "type": f"urn:seesay:problem:{name}",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
    }
    if error.limit:
        problem["limit"] = error.limit
    if error.retry_after is not None:
        problem["retry_after"] = error.retry_after
    return problem


def problem_response(error: Refusal, /, **more: Any) -> Response:
    """The answer that tells an error."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({**problem_of(error), **more}, error.status, headers, PROBLEM)


async def on_refusal(request: Request, error: Exception) -> Response:
    """For Starlette: a refusal raised in a route."""
    assert isinstance(error, Refusal)
    request.app.state.metrics.refused(type(error).__name__)
    return problem_response(error)


async def on_http(request: Request, error: Exception) -> Response:
    """For Starlette: no such route, no such method."""
    assert isinstance(error, HTTPException)
    problem = {"type": "about:blank", "title": error.detail, "status": error.status_code}
    return JSONResponse(problem, error.status_code, error.headers, PROBLEM)
