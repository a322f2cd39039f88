"""Bodies of requests: counted before anything is parsed, then photos and options."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import anyio
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from seesay.apps.service.errors import BadRequest, BodyTimeout, Busy, TooLarge, TooMany
from seesay.apps.service.options import Table, checked, from_text
from seesay.apps.service.served import file_name
from seesay.apps.service.settings import ServiceSettings
from seesay.media.source import is_url

_AT_ONCE = 16
_MOST_FIELDS = 100


@dataclass(frozen=True)
class Media:
    """A photo or clip of a request: its bytes, or the address that they are to be fetched from."""

    name: str
    data: bytes = b""
    url: str | None = None


@dataclass(frozen=True)
class Asked:
    """What a request asks: of which photos and clips, and how."""

    media: list[Media]
    options: dict[str, Any]


@dataclass
class BodyReader:
    """Reads bodies, and no more of them at a time than memory is meant for.

    Attributes:
        settings: of the service.
        held: bytes of bodies that are being received or worked on.
    """

    settings: ServiceSettings
    held: int = field(default=0)

    async def read(self, request: Request) -> bytes:
        """The whole body; its bytes count until `release`.

        Raises:
            TooLarge: more than --max-body; told by its length where that is given, else as soon as it is exceeded.
            Busy: other bodies fill the memory meant for them.
            BodyTimeout: it does not arrive in time.
        """
        most = self.settings.max_body
        stated = request.headers.get("content-length", "")
        if stated.isdecimal() and int(stated) > most:
            raise TooLarge(most)
        parts: list[bytes] = []
        size = 0
        try:
            with anyio.fail_after(self.settings.timeout):
                async for part in request.stream():
                    size += len(part)
                    self.held += len(part)
                    if size > most:
                        raise TooLarge(most)
                    if self.held > _AT_ONCE * most:
                        raise Busy(_AT_ONCE * most)
                    parts.append(part)
        except TimeoutError:
            self.held -= size
            raise BodyTimeout(self.settings.timeout) from None
        except BaseException:
            self.held -= size
            raise
        return b"".join(parts)

    def release(self, body: bytes) -> None:
        """A body is done with."""
        self.held -= len(body)


class _InMemory(MultiPartParser):
    """Keeps files in memory: they are counted already, and a stranger's photo does not touch the disk."""

    spool_max_size = 1 << 62

    def on_headers_finished(self) -> None:
        """What is called `file` is a file, with a file name or without: as text its bytes would be lost."""
        _, options = parse_options_header(self._current_part.content_disposition)
        if options.get(b"name") == b"file" and b"filename" not in options:
            self._current_part.content_disposition = (self._current_part.content_disposition or b"") + b'; filename=""'
        super().on_headers_finished()


async def parse(request: Request, body: bytes, table: Table, settings: ServiceSettings) -> Asked:
    """Photos, clips and options of a body of any of the three kinds: multipart, JSON, or a photo itself.

    Raises:
        BadRequest: it cannot be parsed, names no photo, or asks for what there is not.
        TooMany: more photos than --max-files.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    asked = from_text(table, request.query_params.multi_items())
    if kind == "multipart/form-data":
        found = await _multipart(request, body, table, settings)
    elif kind == "application/json":
        found = _json(body, table, settings)
    else:  # whatever its content type says, which curl sets by itself; what the bytes are decides
        if not body:
            raise BadRequest("there are no bytes; send a photo or clip as the body, or as the form field `file`")
        found = Asked([Media("photo", body)], {})
    if not found.media:
        raise BadRequest("there is no photo or clip; send one in the form field `file`, repeated for several")
    return Asked(found.media, {**asked, **found.options})


async def _multipart(request: Request, body: bytes, table: Table, settings: ServiceSettings) -> Asked:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        parser = _InMemory(request.headers, whole(), max_files=settings.max_files + 1, max_fields=_MOST_FIELDS)
        form = await parser.parse()
    except MultiPartException as error:
        if "Too many files" in error.message:
            raise TooMany(settings.max_files) from None
        raise BadRequest(f"the form cannot be parsed: {error.message}") from None
    media: list[Media] = []
    fields: list[tuple[str, str]] = []
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if name != "file":
                    raise BadRequest(f"a file came as {name[:100]!r}; photos and clips come in the field `file`")
                data = await value.read()
                if data or value.filename:  # a form without a choice sends an empty, nameless file
                    media.append(Media(file_name(value.filename, f"file {len(media) + 1}"), data))
            else:
                fields.append((name, value))
    finally:
        await form.close()
    if len(media) > settings.max_files:
        raise TooMany(settings.max_files)
    return Asked(media, from_text(table, fields))


def _json(body: bytes, table: Table, settings: ServiceSettings) -> Asked:
    values = parse_json(body)
    files = values.pop("files", None)
    if not isinstance(files, list):
        raise BadRequest('JSON needs "files": a list of {"data": base64, "name": …} or {"url": …}')
    if len(files) > settings.max_files:
        raise TooMany(settings.max_files)
    return Asked([json_media(one, number, settings) for number, one in enumerate(files, 1)], checked(table, values))


def parse_json(body: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises:
        BadRequest: it is none.
    """
    try:
        values = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is no JSON ({str(error)[:100]})") from None
    if not isinstance(values, dict):
        raise BadRequest("the body must be a JSON object")
    return values


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def json_media(one: Any, number: int, settings: ServiceSettings) -> Media:
    """A photo or clip of a JSON body.

    Raises:
        BadRequest: neither base64 nor an address, or an address where these are not fetched.
    """
    if not isinstance(one, dict) or not set(one) <= {"data", "url", "name"} or ("data" in one) == ("url" in one):
        raise BadRequest(f'files[{number - 1}] must hold "data" (base64) or "url", one of the two, and may hold "name"')
    name = one.get("name")
    if name is not None and not isinstance(name, str):
        raise BadRequest(f"files[{number - 1}].name must be text")
    if "url" in one:
        return web_media(one["url"], settings)
    if not isinstance(one["data"], str):
        raise BadRequest(f"files[{number - 1}].data must be text, base64")
    return Media(file_name(name, f"file {number}"), decoded(one["data"], f"files[{number - 1}].data"))


def decoded(text: str, where: str) -> bytes:
    """Base64, strictly.

    Raises:
        BadRequest: it is not.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"{where} is not base64") from None
    if not data:
        raise BadRequest(f"{where} is empty")
    return data


def web_media(url: Any, settings: ServiceSettings) -> Media:
    """A photo or clip on the web.

    Raises:
        BadRequest: no address, or the service does not fetch.
    """
    if not isinstance(url, str) or not is_url(url) or len(url) > 4000:
        raise BadRequest("url must be an http or https address")
    if not settings.allow_url:
        raise BadRequest(
            "this service fetches no addresses (it was started without --allow-url); send the photo itself"
        )
    return Media(url, url=url)
