"""From a request's photos to the engine's answers, whichever door they came in by."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request

from seesay.apps.service.bodies import Asked
from seesay.apps.service.engine import Job
from seesay.apps.service.errors import (
    BadSettings,
    Draining,
    Full,
    Internal,
    NotServed,
    PartMissing,
    Refusal,
    Unreadable,
)
from seesay.apps.service.served import choose
from seesay.apps.service.state import Service, service_of
from seesay.errors import UsageError

_KINDS: dict[str, type[Refusal]] = {
    "media": Unreadable,
    "usage": BadSettings,
    "missing": PartMissing,
    "internal": Internal,
}
_ABOUT_ALL = (BadSettings, PartMissing, Internal)


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


def check_room(service: Service) -> None:
    """Refuse at once, before a body is read, where nothing would be let in.

    Raises:
        Full: the queue is.
        Draining: the service is stopping.
    """
    if service.engine.draining:
        raise Draining()
    if not service.engine.free:
        raise Full(service.settings.queue, service.engine.retry_after)


def heads(service: Service, task: str, asked: Asked) -> list[tuple[dict[str, Any], bytes]]:
    """What the engine is to do.

    Raises:
        NotServed: the model that is wanted.
    """
    options = dict(asked.options)
    model = options.pop("model", None)
    try:
        choose(service.engine.models, task, "photo", model)
    except UsageError as error:
        raise NotServed(str(error)) from None
    own = {name: options.pop(name, False) for name in ("per_scene", "attention")} if task == "caption" else {}
    top = options.pop("top", 5)
    shared = {"task": task, "model": model, "search": options, "top": top, **own}
    return [({**shared, "name": one.name, "url": one.url}, one.data) for one in asked.media]


@asynccontextmanager
async def submitted(service: Service, task: str, asked: Asked) -> AsyncIterator[list[Job]]:
    """Let photos in; those without an answer at the end are dropped."""
    jobs = service.engine.submit(heads(service, task, asked), time.monotonic() + service.settings.timeout)
    try:
        yield jobs
    finally:
        service.engine.drop(jobs)


@asynccontextmanager
async def body_of(request: Request) -> AsyncIterator[bytes]:
    """A request's body, counted for as long as it is needed."""
    service = service_of(request)
    check_room(service)
    body = await service.bodies.read(request)
    try:
        yield body
    finally:
        service.bodies.release(body)


async def wait_for(request: Request, service: Service, task: str, asked: Asked) -> list[dict[str, Any] | Refusal]:
    """Submit and wait: for each photo the worker's answer, or why there is none.

    Raises:
        Refusal: nothing was let in.
        ClientGone: the client left; its photos were dropped.
    """
    async with submitted(service, task, asked) as jobs:
        leaving: asyncio.Future[Any] = asyncio.ensure_future(left(request))
        answers: asyncio.Future[Any] = asyncio.gather(*(one.answer for one in jobs), return_exceptions=True)
        try:
            await asyncio.wait({answers, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done():
                raise ClientGone
            return [settled(one) for one in answers.result()]
        finally:
            leaving.cancel()
            answers.cancel()


def settled(answer: Any) -> dict[str, Any] | Refusal:
    """An engine's answer, its error as a refusal."""
    if isinstance(answer, Refusal):
        return answer
    if isinstance(answer, BaseException):
        return Internal("the service failed on this photo; its log says more")
    if answer["error"] is not None:
        return _KINDS.get(answer["kind"], Internal)(answer["error"])
    found: dict[str, Any] = answer
    return found


async def left(request: Request) -> None:
    """Wait until the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def entries_of(
    names: Sequence[str], answers: Sequence[dict[str, Any] | Refusal], task: str, model: str
) -> list[dict[str, Any]]:
    """Answers as the command's JSON: one entry for each photo or scene; what failed has its error.

    Raises:
        Refusal: none has an answer.
    """
    failed = [one for one in answers if isinstance(one, Refusal)]
    for one in failed:
        if len(failed) == len(answers) or isinstance(one, _ABOUT_ALL):
            raise one
    found: list[dict[str, Any]] = []
    for name, answer in zip(names, answers, strict=True):
        found += entries_for(name, answer, task, model)
    return found


def entries_for(name: str, answer: dict[str, Any] | Refusal, task: str, model: str) -> list[dict[str, Any]]:
    """The entries of one photo or clip."""
    if isinstance(answer, Refusal):
        nothing: dict[str, Any] = {"captions": []} if task == "caption" else {"predictions": []}
        return [{"path": name, **nothing, "model": model, "error": str(answer)}]
    return list(answer["entries"])
