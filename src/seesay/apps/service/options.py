"""What a request may ask for: one table for the parser, for the OpenAPI document and for the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seesay.apps.service.errors import BadRequest
from seesay.registry import nearest
from seesay.search_options import KINDS, OPTIONS, RANGES

LONGEST = 200
"""Most words of a caption that a request may ask for."""
MOST_WORDS = 16
Table = Mapping[str, Mapping[str, Any]]

MODEL: Table = {"model": {"type": "string", "maxLength": 200, "description": "A model's id, as /v1/models lists it."}}
_NARROWER = {"min_length": LONGEST, "max_length": LONGEST, "seed": 2**32 - 1}
"""Largest numbers that a request may ask for, where a caller of the library may ask for more."""
_WORDS = {"maxItems": MOST_WORDS, "items": {"type": "string", "minLength": 1, "maxLength": 100}}
_KINDS: dict[type, str] = {int: "integer", float: "number", bool: "boolean"}


def _search() -> dict[str, Mapping[str, Any]]:
    """The options of a search, as JSON Schema."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, option in OPTIONS.items():
        kind = _KINDS.get(KINDS[name], "array")
        bounds: Mapping[str, Any] = {}
        if name in RANGES:
            bounds = {"minimum": option.least, "maximum": _NARROWER.get(name, option.most)}
        found[name] = {"type": kind, **bounds, **(_WORDS if kind == "array" else {}), "description": option.help}
    return found


SEARCH: Table = _search()
CAPTION: Table = {
    **MODEL,
    **SEARCH,
    "per_scene": {"type": "boolean", "description": "Cut clips into scenes; describe each, with its times."},
    "attention": {"type": "boolean", "description": "Give where the model looked for each word."},
}
RECOGNIZE: Table = {
    **MODEL,
    "top": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Activities for each clip."},
}


def from_text(table: Table, given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Options of a query or form, where everything is text; an empty value is as if it were not there.

    Raises:
        BadRequest: an unknown option, one given twice, or a value of another kind or out of range.
    """
    values: dict[str, Any] = {}
    for name, text in given:
        schema = _schema(table, name)
        if schema["type"] == "array":
            values.setdefault(name, [])
            if text:
                values[name].append(text)
        elif name in values:
            raise BadRequest(f"{name} is given twice; give it once")
        elif text:
            values[name] = _PARSERS[schema["type"]](name, text)
    return checked(table, values)


def checked(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Options of JSON; null is as if it were not there.

    Raises:
        BadRequest: an unknown option, or a value of another kind or out of range.
    """
    found = {}
    for name, value in values.items():
        schema = _schema(table, name)
        if value is not None:
            found[name] = _check(name, value, schema)
    return found


def _schema(table: Table, name: str) -> Mapping[str, Any]:
    if name not in table:
        raise BadRequest(
            f"there is no option {name[:100]!r}.{nearest(name[:100], table)} There are: {', '.join(table)}"
        )
    return table[name]


def _check(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    kind = schema["type"]
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        value = float(value)
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)  # 3.0 is an integer to JSON Schema
    if not isinstance(value, _TYPES[kind]) or (kind in ("integer", "number") and isinstance(value, bool)):
        raise BadRequest(f"{name} is {_short(value)}; it must be {_NAMES[kind]}")
    if kind in ("integer", "number") and not schema["minimum"] <= value <= schema["maximum"]:
        raise BadRequest(f"{name} is {_short(value)}; it must be {schema['minimum']} to {schema['maximum']}")
    if kind == "string" and not schema.get("minLength", 0) <= len(value) <= schema["maxLength"]:
        raise BadRequest(
            f"{name} has {len(value)} characters; it must have up to {schema['maxLength']}, and one or more"
        )
    if kind == "array":
        if len(value) > schema["maxItems"]:
            raise BadRequest(f"{name} has {len(value)} entries; it must have {schema['maxItems']} or fewer")
        return [_check(f"an entry of {name}", one, schema["items"]) for one in value]
    return value


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f"{name} is {_short(text)}; it must be a whole number") from None


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadRequest(f"{name} is {_short(text)}; it must be a number") from None


def _yes(name: str, text: str) -> bool:
    answer = {"true": True, "1": True, "on": True, "false": False, "0": False}.get(text.lower())
    if answer is None:
        raise BadRequest(f"{name} is {_short(text)}; it must be true or false")
    return answer


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


_TYPES: dict[str, Any] = {"integer": int, "number": float, "boolean": bool, "string": str, "array": list}
_NAMES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
}
_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "integer": _whole,
    "number": _number,
    "boolean": _yes,
    "string": lambda name, text: text,
}
