"""The API's description, OpenAPI 3.1, with examples."""

from __future__ import annotations

from typing import Any

import seesay
from seesay.apps.service.chat import LIMITS
from seesay.apps.service.options import CAPTION, RECOGNIZE, SEARCH, Table
from seesay.apps.service.problems import PROBLEM
from seesay.apps.service.schemas import EXAMPLE_PNG, SCHEMAS, reference
from seesay.apps.service.security import NEEDS_TOKEN
from seesay.apps.service.state import Service

_JSON = "application/json"
_MEDIA = ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "application/octet-stream")
_REFUSALS = {
    "400": "The request is wrong; `detail` says where.",
    "401": "A token is needed.",
    "403": "The page that sent it is of another site.",
    "404": "No such model is served.",
    "406": "There is no answer of that form.",
    "408": "The body did not arrive within --timeout.",
    "413": "More bytes than --max-body, or more photos than --max-files.",
    "421": "The Host header names another host (--allowed-host).",
    "422": "The photo or clip cannot be read, or settings do not go together.",
    "429": "The queue is full (--queue); Retry-After says when to come back.",
    "500": "A fault of the service; its log says more.",
    "501": "What it needs is not installed where the service runs.",
    "503": "Uploads fill the memory meant for them, a worker was lost, or the service is stopping.",
    "504": "Not answered within --timeout.",
}
_CAPTIONS_EXAMPLE = [
    {
        "path": "dog.jpg",
        "captions": [
            {
                "text": "a dog runs",
                "score": -1.02,
                "tokens": [
                    {"token": "a", "logprob": -0.2},
                    {"token": "dog", "logprob": -0.4},
                    {"token": "runs", "logprob": -1.1},
                ],
            }
        ],
        "model": "default",
        "error": None,
    }
]
_PREDICTIONS_EXAMPLE = [
    {
        "path": "clip.mp4",
        "predictions": [{"label": "Surfing", "probability": 0.97}],
        "model": "activities",
        "error": None,
    }
]


def document(service: Service) -> dict[str, Any]:
    """The description of a service."""
    paths: dict[str, Any] = {
        "/v1/caption": {"post": _media_operation("caption", CAPTION, "CaptionEntry", _CAPTIONS_EXAMPLE, vtt=True)},
        "/v1/recognize": {"post": _media_operation("recognize", RECOGNIZE, "PredictionEntry", _PREDICTIONS_EXAMPLE)},
        "/v1/models": {"get": _get("models", "The models that are served.", "ModelList")},
        "/v1/chat/completions": {"post": _chat()},
        "/healthz": {"get": _get("health", "Whether the process lives.", "Health")},
        "/readyz": {"get": _readiness()},
        "/metrics": {"get": _get("metrics", "Counters for Prometheus.", None)},
        "/openapi.json": {"get": _get("openapi", "This description.", "Object")},
    }
    schemes = {}
    if service.tokens.secrets:
        schemes = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        for path, operations in paths.items():
            if path.startswith(NEEDS_TOKEN):
                for operation in operations.values():
                    operation["security"] = [{"token": []}]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SeeSay",
            "version": seesay.__version__,
            "summary": "Photos and clips in, words out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": SCHEMAS, **schemes},
    }


def _media_operation(name: str, table: Table, entry: str, example: Any, *, vtt: bool = False) -> dict[str, Any]:
    schema = {"type": "array", "items": reference(entry)}
    answers: dict[str, Any] = {
        _JSON: {"schema": schema, "example": example},
        "application/jsonl": {"schema": {"type": "string"}},
        "application/x-ndjson": {"schema": {"type": "string"}},
    }
    if vtt:
        answers["text/vtt"] = {"schema": {"type": "string"}}
    what = "Say in a sentence what is in each photo or clip." if vtt else "Name the activity that each clip shows."
    return {
        "operationId": name,
        "summary": what,
        "description": "Send files in a form, files as base64 in JSON, or one photo or clip as the body itself. "
        "Options stand in the query, or beside the files. `Accept: application/jsonl` streams answers as they are done"
        + ("; `Accept: text/vtt` gives a clip's scenes as subtitles." if vtt else "."),
        "parameters": [_parameter(key, value) for key, value in table.items()],
        "requestBody": {"required": True, "content": _bodies(table)},
        "responses": {"200": {"description": "An entry for each photo, clip or scene.", "content": answers}}
        | _problems(*_REFUSALS),
    }


def _parameter(name: str, schema: Any) -> dict[str, Any]:
    plain = {key: value for key, value in schema.items() if key != "description"}
    return {"name": name, "in": "query", "schema": plain, "description": schema["description"]}


def _bodies(table: Table) -> dict[str, Any]:
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    form = {
        "type": "object",
        "properties": {"file": {"type": "array", "minItems": 1, "maxItems": 4, "items": file}, **table},
        "required": ["file"],
        "additionalProperties": False,
    }
    one = {
        "type": "object",
        "properties": {
            "data": {"type": "string", "contentEncoding": "base64", "format": "photo-base64"},
            "name": {"type": "string", "maxLength": 200},
        },
        "required": ["data"],
        "additionalProperties": False,
    }
    nullable = {key: {**value, "type": [value["type"], "null"]} for key, value in table.items()}
    body = {
        "type": "object",
        "properties": {"files": {"type": "array", "minItems": 1, "maxItems": 4, "items": one}, **nullable},
        "required": ["files"],
        "additionalProperties": False,
    }
    return {
        "multipart/form-data": {"schema": form, "encoding": {"file": {"contentType": "image/png"}}},
        _JSON: {"schema": body, "example": {"files": [{"name": "dot.png", "data": EXAMPLE_PNG}]}},
        **{kind: {"schema": {"type": "string", "contentMediaType": kind, "minLength": 1}} for kind in _MEDIA},
    }


def _chat() -> dict[str, Any]:
    url = f"data:image/png;base64,{EXAMPLE_PNG}"
    message = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}
    own = {name: {**SEARCH[name], "type": [SEARCH[name]["type"], "null"]} for name in ("beam", "consensus")}
    body = {
        "type": "object",
        "properties": {
            "model": {"enum": ["seesay", "default"]},
            "messages": {"type": "array", "minItems": 1, "items": reference("ChatMessage")},
            "n": {**SEARCH["num"], "type": ["integer", "null"]},
            **{name: {**value, "type": ["integer", "null"]} for name, value in LIMITS.items()},
            "stream": {"type": ["boolean", "null"]},
            **own,
        },
        "required": ["model", "messages"],
    }
    answers = {
        _JSON: {"schema": reference("ChatCompletion")},
        "text/event-stream": {"schema": {"type": "object", "description": "Chunks, as OpenAI streams them."}},
    }
    return {
        "operationId": "chatCompletions",
        "summary": "Caption an image as OpenAI's chat API has it.",
        "description": "The last message that holds an image part is captioned. Text is not an instruction here.",
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": body, "example": {"model": "seesay", "messages": [message]}}},
        },
        "responses": {"200": {"description": "A caption for each choice.", "content": answers}}
        | _problems(*(status for status in _REFUSALS if status != "406")),
    }


def _get(name: str, what: str, schema: str | None) -> dict[str, Any]:
    content = {_JSON: {"schema": reference(schema)}} if schema else {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": name,
        "summary": what,
        "responses": {"200": {"description": what, "content": content}} | _problems("401", "421"),
    }


def _readiness() -> dict[str, Any]:
    operation = _get("readiness", "Whether photos are taken now.", "Health")
    operation["responses"]["503"] = {
        "description": "Not yet, or not any more.",
        "content": {_JSON: {"schema": reference("Health")}},
    }
    return operation


def _problems(*statuses: str) -> dict[str, Any]:
    return {
        status: {"description": _REFUSALS[status], "content": {PROBLEM: {"schema": reference("Problem")}}}
        for status in statuses
    }
