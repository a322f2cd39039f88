"""The routes of /v1: caption, recognize, models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from seesay.apps.service.asking import (
    body_of,
    entries_for,
    entries_of,
    settled,
    submitted,
    wait_for,
)
from seesay.apps.service.bodies import Asked, parse
from seesay.apps.service.engine import Job
from seesay.apps.service.errors import BadRequest, NotAcceptable, Refusal
from seesay.apps.service.options import CAPTION, RECOGNIZE, Table
from seesay.apps.service.problems import problem_of
from seesay.apps.service.served import choose
from seesay.apps.service.state import Service, service_of
from seesay.media.subtitles import subtitles

JSON, LINES, VTT = "application/json", "application/jsonl", "text/vtt"
_LINES = (LINES, "application/x-ndjson")


async def caption(request: Request) -> Response:
    """POST /v1/caption."""
    return await _answer(request, "caption", CAPTION, (JSON, *_LINES, VTT))


async def recognize(request: Request) -> Response:
    """POST /v1/recognize."""
    return await _answer(request, "recognize", RECOGNIZE, (JSON, *_LINES))


async def models(request: Request) -> Response:
    """GET /v1/models."""
    return JSONResponse({"object": "list", "data": model_list(service_of(request))})


def model_list(service: Service) -> list[dict[str, Any]]:
    """The models that are served, in OpenAI's shape and with what an artifact says of itself."""
    return [
        {
            "id": one.id,
            "object": "model",
            "created": one.about["created"],
            "owned_by": "seesay",
            "task": one.task,
            "modality": one.modality,
            **{name: one.about[name] for name in ("bytes", "attention", "search", "scores", "labels", "card")},
        }
        for one in service.engine.models
    ]


async def _answer(request: Request, task: str, table: Table, kinds: tuple[str, ...]) -> Response:
    kind = wanted_kind(request, kinds)
    async with AsyncExitStack() as stack:
        body = await stack.enter_async_context(body_of(request))
        asked = await parse(request, body, table, service_of(request).settings)
        if kind == JSON:
            return await _json(request, task, asked)
        if kind == VTT:
            return await _subtitles(request, asked)
        jobs = await stack.enter_async_context(submitted(service_of(request), task, asked))
        return _Lines(_lines(request, task, asked, jobs), kind, stack.pop_all())


class _Lines(StreamingResponse):
    """A streamed answer that lets go of its photos when it ends, however it ends."""

    def __init__(self, lines: AsyncIterator[str], kind: str, held: AsyncExitStack) -> None:
        super().__init__(lines, media_type=kind)
        self.held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with self.held:
            await super().__call__(scope, receive, send)


def wanted_kind(request: Request, kinds: tuple[str, ...]) -> str:
    """The form of answer that the client likes best of those there are.

    Raises:
        NotAcceptable: it likes none.
    """
    best, most = "", 0.0
    for part in request.headers.get("accept", "*/*").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((_quality(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
        for kind in kinds:
            if quality > most and name in (kind, "*/*", f"{kind.partition('/')[0]}/*"):
                best, most = kind, quality
    if not best:
        raise NotAcceptable(f"there is no answer as {request.headers['accept'][:100]!r}; there are: {', '.join(kinds)}")
    return best


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


async def _json(request: Request, task: str, asked: Asked) -> Response:
    service = service_of(request)
    answers = await wait_for(request, service, task, asked)
    names = [one.name for one in asked.media]
    return JSONResponse(entries_of(names, answers, task, _model(service, task, asked)))


def _model(service: Service, task: str, asked: Asked) -> str:
    return choose(service.engine.models, task, "photo", asked.options.get("model")).id


async def _subtitles(request: Request, asked: Asked) -> Response:
    service = service_of(request)
    if len(asked.media) != 1:
        raise BadRequest("WebVTT is of one clip; send one, or take JSON")
    if asked.options.get("num", 1) != 1:
        raise BadRequest("WebVTT has one sentence for each scene; leave out num")
    scenes = Asked(asked.media, {**asked.options, "per_scene": True})
    (answer,) = await wait_for(request, service, "caption", scenes)
    if isinstance(answer, Refusal):
        raise answer
    entries = answer["entries"]
    if any(one["start"] is None for one in entries):
        raise BadRequest("WebVTT is of a clip, and this is a photo; take JSON")
    cues = [(one["start"], one["end"], one["captions"][0]["text"]) for one in entries if one["captions"]]
    return Response(subtitles(cues, Path("scenes.vtt")), media_type=VTT)


async def _lines(request: Request, task: str, asked: Asked, jobs: Sequence[Job]) -> AsyncIterator[str]:
    """JSON Lines, each as soon as it is done; `index` says which photo of the request it is of."""
    model = _model(service_of(request), task, asked)
    waiting = {asyncio.ensure_future(_numbered(number, job.answer)) for number, job in enumerate(jobs)}
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for number, answer in sorted((one.result() for one in done), key=lambda pair: pair[0]):
            more = {"problem": problem_of(answer)} if isinstance(answer, Refusal) else {}
            for entry in entries_for(asked.media[number].name, answer, task, model):
                yield json.dumps({**entry, "index": number, **more}, ensure_ascii=False) + "\n"


async def _numbered(number: int, answer: asyncio.Future[Any]) -> tuple[int, dict[str, Any] | Refusal]:
    results = await asyncio.gather(answer, return_exceptions=True)
    return number, settled(results[0])
