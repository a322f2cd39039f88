"""What the API's answers look like: JSON Schemas of the OpenAPI document."""

from __future__ import annotations

from typing import Any

EXAMPLE_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGklEQVR42mPUqDjBQApgYiARjGoY1TB0NAAAf1wBiPtwXxIAAAAASUVORK5CYII="
)
"""A picture of 16 x 16 pixels, for examples that can be sent as they are."""
ROLES = ("system", "developer", "user", "assistant", "tool", "function")
"""Who may speak in a chat."""
_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}


def reference(name: str) -> dict[str, str]:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split()}


_TOKEN = _object("token logprob", token=_TEXT, logprob=_NUMBER)
_ERROR = {"type": ["string", "null"], "description": "Why there is no answer; the command's line."}
_SECONDS = {"type": ["number", "null"], "description": "Of a scene, with per_scene; null for a photo."}
SCHEMAS: dict[str, Any] = {
    "Object": {"type": "object"},
    "Health": _object("status", status=_TEXT, workers={"type": "integer"}, free={"type": "integer"}),
    "Caption": _object(
        "text score tokens",
        text=_TEXT,
        score={"type": "number", "description": "What the search ranks by; nearer zero is better."},
        tokens={"type": "array", "items": _TOKEN},
        satisfied={"type": "boolean", "description": "False where it lacks a word that it must hold."},
        attention={"anyOf": [reference("Attention"), {"type": "null"}]},
    ),
    "Attention": _object(
        "rows columns box words",
        rows={"type": "integer"},
        columns={"type": "integer", "description": "Of a clip: its frames."},
        box={
            "type": "array",
            "items": _NUMBER,
            "description": "Left, top, width and height of what the model saw, as shares of the photo.",
        },
        words={
            "type": "array",
            "items": _object("word weights", word=_TEXT, weights={"type": "array", "items": _NUMBER}),
        },
    ),
    "CaptionEntry": _object(
        "path captions model error",
        path=_TEXT,
        start=_SECONDS,
        end=_SECONDS,
        captions={"type": "array", "items": reference("Caption")},
        model=_TEXT,
        error=_ERROR,
    ),
    "PredictionEntry": _object(
        "path predictions model error",
        path=_TEXT,
        predictions={"type": "array", "items": _object("label probability", label=_TEXT, probability=_NUMBER)},
        model=_TEXT,
        error=_ERROR,
    ),
    "Model": _object(
        "id object task modality",
        id=_TEXT,
        object={"const": "model"},
        created={"type": "integer"},
        owned_by=_TEXT,
        task={"enum": ["caption", "recognize"]},
        modality={"enum": ["photo", "clip", "text", "sound"]},
        bytes={"type": "integer"},
        attention={"type": "boolean"},
        search={"type": "object"},
        scores={"type": "object"},
        labels={"type": "array", "items": _TEXT},
        card=_TEXT,
    ),
    "ModelList": _object("object data", object={"const": "list"}, data={"type": "array", "items": reference("Model")}),
    "ChatMessage": _object(
        "role content",
        role={"enum": list(ROLES)},
        content={"anyOf": [_TEXT, {"type": "null"}, {"type": "array", "items": reference("ChatPart")}]},
    ),
    "ChatPart": {
        "anyOf": [
            _object("type text", type={"const": "text"}, text=_TEXT),
            _object(
                "type image_url",
                type={"const": "image_url"},
                image_url=_object("url", url={"type": "string", "format": "photo-data-url"}),
            ),
        ]
    },
    "ChatCompletion": _object(
        "id object created model choices usage",
        id=_TEXT,
        object={"const": "chat.completion"},
        created={"type": "integer"},
        model=_TEXT,
        choices={
            "type": "array",
            "items": _object(
                "index message finish_reason",
                index={"type": "integer"},
                message=_object("role content", role=_TEXT, content=_TEXT),
                finish_reason=_TEXT,
            ),
        },
        usage={"type": "object"},
    ),
    "Problem": {
        **_object(
            "type title status",
            type=_TEXT,
            title=_TEXT,
            status={"type": "integer"},
            detail=_TEXT,
            limit={"type": "string", "description": "The setting of `seesay serve` that was run into."},
            retry_after={"type": "integer", "description": "Seconds after which it may be tried again."},
        ),
        "description": "Problem details (RFC 9457).",
        "example": {
            "type": "urn:seesay:problem:too-large",
            "title": "Body too large",
            "status": 413,
            "detail": "the body has more than 20,000,000 bytes, the limit of --max-body; send smaller photos, or fewer",
            "limit": "--max-body",
        },
    },
}
