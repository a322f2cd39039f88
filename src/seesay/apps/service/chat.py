"""POST /v1/chat/completions: captions for clients that speak OpenAI's chat API with image parts."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from seesay.apps.service.asking import body_of, wait_for
from seesay.apps.service.bodies import Asked, Media, decoded, parse_json, web_media
from seesay.apps.service.errors import BadRequest, NoImage, Refusal
from seesay.apps.service.options import SEARCH, Table, checked
from seesay.apps.service.problems import problem_of, problem_response
from seesay.apps.service.schemas import ROLES
from seesay.apps.service.served import choose
from seesay.apps.service.settings import ServiceSettings
from seesay.apps.service.state import service_of

_OWN = frozenset(SEARCH) - {"temperature", "top_p", "num"}
LIMITS: Table = {
    name: {"type": "integer", "minimum": 1, "maximum": 2**31 - 1} for name in ("max_tokens", "max_completion_tokens")
}
"""OpenAI's names of the longest answer: the older, and today's."""
_PREFIX = "data:"


async def completions(request: Request) -> Response:
    """One caption for the last message that holds an image; `n` captions where that is asked.

    Of OpenAI's settings `model`, `n`, `max_tokens`, `max_completion_tokens`, `seed`, `stream` and, with `sample`,
    `temperature` and `top_p` count; SeeSay's search options may stand beside them. What else there is, the text of the
    messages too, changes nothing: the models here describe and take no instructions.
    """
    try:
        return await _completions(request)
    except Refusal as error:
        request.app.state.metrics.refused(type(error).__name__)
        return problem_response(error, error=_openai_error(error))


def _openai_error(error: Refusal) -> dict[str, Any]:
    """The same error in the shape that OpenAI's clients read."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    return {"message": str(error), "type": kind, "param": None, "code": problem_of(error)["type"].rpartition(":")[2]}


async def _completions(request: Request) -> Response:
    service = service_of(request)
    async with body_of(request) as body:
        values = parse_json(body)
        asked = Asked([_image(values.get("messages"), service.settings)], _options(values))
        (answer,) = await wait_for(request, service, "caption", asked)
    if isinstance(answer, Refusal):
        raise answer
    captions = [one["text"] for one in answer["entries"][0]["captions"]]
    model = choose(service.engine.models, "caption", "photo", asked.options.get("model")).id
    shared = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}
    if values.get("stream"):
        return StreamingResponse(_chunks(shared, captions), media_type="text/event-stream")
    choices = [
        {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": None}
        for i, text in enumerate(captions)
    ]
    words = sum(len(text.split()) for text in captions)
    usage = {"prompt_tokens": 0, "completion_tokens": words, "total_tokens": words}
    return JSONResponse({**shared, "object": "chat.completion", "choices": choices, "usage": usage})


def _chunks(shared: dict[str, Any], captions: list[str]) -> Iterator[str]:
    def event(index: int, delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        chunk = {**shared, "object": "chat.completion.chunk", "choices": [choice]}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    for index, text in enumerate(captions):
        yield event(index, {"role": "assistant", "content": ""})
        for place, word in enumerate(text.split(" ")):
            yield event(index, {"content": word if place == 0 else f" {word}"})
        yield event(index, {}, "stop")
    yield "data: [DONE]\n\n"


def _options(values: dict[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in values.items() if name in _OWN}
    if own.get("sample"):
        own |= {name: values[name] for name in ("temperature", "top_p") if values.get(name) is not None}
    else:
        own.pop("seed", None)
    own["num"] = values.get("n")
    limits = checked(LIMITS, {name: values[name] for name in LIMITS if name in values})
    if own.get("max_length") is None and limits:
        own["max_length"] = min(20, *limits.values())  # clients send thousands; captions need no more
    if not isinstance(values.get("stream"), (bool, type(None))):
        raise BadRequest("stream must be true or false")
    options = checked(SEARCH, own)
    model = values.get("model")
    if model is not None and not isinstance(model, str):
        raise BadRequest("model must be text")
    if model not in (None, "", "seesay"):  # clients must send one; this one leaves it to the service
        options["model"] = model[:200]
    return options


def _image(messages: Any, settings: ServiceSettings) -> Media:
    """The image of the last message that has one.

    Raises:
        BadRequest: the messages are not such as OpenAI has them.
        NoImage: none holds an image, or one holds several.
    """
    if not isinstance(messages, list) or not messages:
        raise BadRequest('"messages" must be a list of one message or more')
    found = [_images_of(message, number) for number, message in enumerate(messages)]
    for images in reversed(found):
        if len(images) > 1:
            raise NoImage("a message holds several images; send one, and the others in requests of their own")
        if images:
            return _media(images[0], settings)
    raise NoImage(
        'no message holds an image; send {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,…"}}'
    )


def _images_of(message: Any, number: int) -> list[Any]:
    where = f"messages[{number}]"
    if not isinstance(message, dict) or message.get("role") not in ROLES or "content" not in message:
        raise BadRequest(f"{where} must be an object with a role ({', '.join(ROLES)}) and a content")
    content = message["content"]
    if content is None or isinstance(content, str):
        return []
    if not isinstance(content, list):
        raise BadRequest(f"{where}.content must be text or a list of parts")
    images = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "image_url" and isinstance(part.get("image_url"), dict) and "url" in part["image_url"]:
            images.append(part["image_url"]["url"])
        elif kind != "text" or not isinstance(part.get("text"), str):
            raise BadRequest(f"{where}.content holds a part that is neither text nor an image_url with a url")
    return images


def _media(url: Any, settings: ServiceSettings) -> Media:
    if not isinstance(url, str):
        raise BadRequest("image_url.url must be text: a data URL, or an address where these are allowed")
    if url[: len(_PREFIX)].lower() != _PREFIX:
        return web_media(url, settings)
    head, comma, data = url[len(_PREFIX) :].partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise BadRequest("a data URL must be of base64: data:image/jpeg;base64,…")
    return Media("image", decoded(data, "the data URL"))
