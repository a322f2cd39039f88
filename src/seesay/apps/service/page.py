"""The web page, as it works without JavaScript too: a form, and a page of answers."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from seesay.apps.service.asking import body_of, entries_for, wait_for
from seesay.apps.service.bodies import Asked, Media, parse
from seesay.apps.service.errors import BadRequest, Refusal
from seesay.apps.service.openapi import document
from seesay.apps.service.options import CAPTION, Table
from seesay.apps.service.security import allowed_by_form
from seesay.apps.service.state import Service, service_of
from seesay.media.subtitles import timestamp

WEB = Path(__file__).with_name("web")
_FORM: Table = {**CAPTION, "token": {"type": "string", "maxLength": 1000, "description": ""}}
_SHOWN = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif", b"RIFF": "image/webp"}
_LARGEST_SHOWN = 8 * 10**6


def static_files() -> StaticFiles:
    """Style, script, icon and texts."""
    return StaticFiles(directory=WEB)


@cache
def texts() -> dict[str, str]:
    """All that the page says, by key; the one file to translate."""
    found: dict[str, str] = json.loads((WEB / "texts.en.json").read_text("utf-8"))
    return found


async def show(request: Request) -> Response:
    """GET /: the form."""
    return HTMLResponse(_page(service_of(request), f'<p id="none">{escape(texts()["none"])}</p>'))


async def answer(request: Request) -> Response:
    """POST /: what the form sent, answered as a page."""
    service = service_of(request)
    try:
        async with body_of(request) as body:
            asked = await parse(request, body, _FORM, service.settings)
            options = dict(asked.options)
            allowed_by_form(request, service, options.pop("token", ""))
            if "must" in options:
                options["must"] = [word.strip() for text in options["must"] for word in text.split(",") if word.strip()]
            if options.get("num", 1) > 1 and "beam" not in options:
                options["beam"] = max(options["num"], 5)
            asked = Asked(asked.media, options)
            answers = await wait_for(request, service, _task(service, options), asked)
            cards = [_card(one, found) for one, found in zip(asked.media, answers, strict=True)]
    except Refusal as error:
        request.app.state.metrics.refused(type(error).__name__)
        return HTMLResponse(_page(service, f'<p class="wrong">{escape(str(error))}</p>'), error.status)
    failed = [one for one in answers if isinstance(one, Refusal)]
    status = failed[0].status if len(failed) == len(answers) else 200
    return HTMLResponse(_page(service, "".join(cards)), status)


def _task(service: Service, options: dict[str, Any]) -> str:
    wanted = options.get("model")
    for one in service.engine.models:
        if one.id == wanted and one.task == "recognize":
            raise BadRequest(f"{one.id} names activities; the form asks for sentences: use /v1/recognize")
    return "caption"


def _card(media: Media, found: dict[str, Any] | Refusal) -> str:
    picture = ""
    kind = next((kind for start, kind in _SHOWN.items() if media.data.startswith(start)), None)
    if kind and len(media.data) <= _LARGEST_SHOWN:
        data = base64.b64encode(media.data).decode("ascii")
        picture = f'<div class="view"><img alt="" src="data:{kind};base64,{data}"></div>'
    said = "".join(_said(entry) for entry in entries_for(media.name, found, "caption", ""))
    return f"<article><h3>{escape(media.name)}</h3>{picture}{said}</article>"


def _said(entry: dict[str, Any]) -> str:
    when = ""
    if entry.get("start") is not None:
        when = f"<h4>{timestamp(entry['start'])} – {timestamp(entry['end'])}</h4>"
    if entry["error"]:
        return f'<div class="said">{when}<p class="wrong">{escape(entry["error"])}</p></div>'
    best, *others = entry["captions"]
    doubt = escape(texts()["not_sure"]) if best.get("sure") is False else ""
    more = "".join(f"<li>{escape(one['text'])}</li>" for one in others)
    listed = f"<p>{escape(texts()['candidates'])}</p><ul>{more}</ul>" if more else ""
    by = escape(texts()["by"].format(model=entry["model"]))
    return (
        f'<div class="said">{when}<p class="sentence">{doubt}{escape(best["text"])}</p>'
        f'<p class="soft">{by}</p>{listed}</div>'
    )


def _page(service: Service, cards: str) -> str:
    models = "".join(
        f'<option value="{escape(one.id)}" data-task="{one.task}">{escape(one.id)} ({one.modality})</option>'
        for one in service.engine.models
    )
    token = ""
    if service.tokens.secrets:
        token = (
            f'<p><label for="token">{escape(texts()["token"])}</label>'
            '<input id="token" name="token" type="password" autocomplete="off"></p>'
        )
    values = {key: escape(text) for key, text in texts().items()} | {"models": models, "token": token, "cards": cards}
    return _fill((WEB / "index.html").read_text("utf-8"), values)


def _fill(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


async def docs(request: Request) -> Response:
    """GET /docs: the API, made of its OpenAPI description, with nothing from elsewhere."""
    described = document(service_of(request))
    sections = "".join(
        _operation(path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>SeeSay API</title>'
        '<link rel="stylesheet" href="static/style.css"><link rel="icon" href="static/icon.svg"></head>'
        "<body><header><h1>SeeSay API</h1>"
        f'<p>Version {escape(described["info"]["version"])}. <a href="openapi.json">openapi.json</a> (3.1) holds all '
        'of it. <a href="./">The page</a></p></header><main>'
        f"{sections}</main></body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(_kind(one['schema']))}</td>"
        f"<td>{escape(one['description'])}</td></tr>"
        for one in operation.get("parameters", [])
    )
    head = "<tr><th scope=col>option</th><th scope=col>kind</th><th scope=col>what it does</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""
    bodies = operation.get("requestBody", {}).get("content", {})
    takes = f"<p>Takes {escape(', '.join(bodies))}.</p>" if bodies else ""
    sent = next((one["example"] for one in bodies.values() if "example" in one), None)
    sample = f"<pre>{escape(json.dumps(sent, indent=1))}</pre>" if sent else ""
    statuses = "".join(
        f"<tr><td>{status}</td><td>{escape(one['description'])}</td></tr>"
        for status, one in operation["responses"].items()
    )
    return (
        f"<section><h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])} "
        f"{escape(operation.get('description', ''))}</p>{takes}{sample}{table}"
        "<table><thead><tr><th scope=col>status</th><th scope=col>when</th></tr></thead>"
        f"<tbody>{statuses}</tbody></table></section>"
    )


def _kind(schema: dict[str, Any]) -> str:
    if "minimum" in schema:
        return f"{schema['type']}, {schema['minimum']} to {schema['maximum']}"
    return str(schema["type"])
