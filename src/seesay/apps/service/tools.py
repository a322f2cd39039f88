"""SeeSay's tools for language models, by the Model Context Protocol: `seesay mcp`, and /mcp of the service."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import CallToolResult, TextContent
from pydantic import Field

from seesay.apps.service.asking import heads, settled
from seesay.apps.service.bodies import Asked, Media, decoded
from seesay.apps.service.errors import Refusal, TooLarge
from seesay.apps.service.options import CAPTION, RECOGNIZE, Table, checked
from seesay.apps.service.state import Service
from seesay.media.source import open_file

INSTRUCTIONS = (
    "Describes photos and short clips in one plain English sentence each, offline, with small models. What they say "
    "may be wrong: check what matters."
)
Image = Annotated[str, Field(description="The photo or clip, base64.")]
LocalPath = Annotated[str, Field(description="Path of a photo or clip on this machine.")]
ModelId = Annotated[str | None, Field(description="A model's id; without it the service's choice.")]
Num = Annotated[int, Field(ge=1, le=100, description="Captions to give, best first.")]
Top = Annotated[int, Field(ge=1, le=1000, description="Activities to give, likeliest first.")]


async def _entries(
    service: Service, task: str, media: Media, table: Table, options: dict[str, Any], **more: Any
) -> Any:
    try:
        asked = Asked([media], checked(table, options))
        given = [({**head, **more}, data) for head, data in heads(service, task, asked)]
        jobs = service.engine.submit(given, time.monotonic() + service.settings.timeout)
        try:
            answer = settled(await jobs[0].answer)
        except Refusal as error:
            answer = error
        finally:
            service.engine.drop(jobs)
        if isinstance(answer, Refusal):
            raise answer
        return answer["entries"][0]
    except Refusal as error:
        raise ToolError(str(error)) from None


def _sent(service: Service, image: str) -> Media:
    if len(image) * 3 // 4 > service.settings.max_body:
        raise ToolError(str(TooLarge(service.settings.max_body)))
    try:
        return Media("image", decoded(image, "image"))
    except Refusal as error:
        raise ToolError(str(error)) from None


def _local(service: Service, path: str) -> Media:
    from seesay.errors import MediaError

    most = service.settings.max_body
    try:
        with open_file(Path(path).expanduser()) as file:
            data = file.read(most + 1)
    except (MediaError, OSError) as error:
        raise ToolError(f"{path}: {error}") from None
    if len(data) > most:
        raise ToolError(f"{path}: has more than {most:,} bytes, the limit of --max-body")
    return Media(path, data)


def alt_text_result(entry: dict[str, Any]) -> CallToolResult:
    """What `seesay alt` would decide: words where it may write them; else none, and why.

    Args:
        entry: the worker's, with `alt_text` as `seesay.runtime.alt_text.AltText` has it.
    """
    found = {**entry["alt_text"], "model": entry["model"]}
    text = found["alt"]
    if text is None:
        text = f"No alt text: {found['why']}." + (f" {found['perhaps']}" if found["perhaps"] else "")
    elif not text:
        text = f"No alt text is needed: {found['why']}."
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=found)


def _add_tools(server: MCPServer[Any], service: Service, *, local: bool) -> None:
    """The three tools; those of this machine take a path, those of the service what is sent."""
    take = _local if local else _sent
    source = LocalPath if local else Image
    name = "path" if local else "image"

    async def caption(given: str, num: Num = 1, model: ModelId = None) -> dict[str, Any]:
        found = await _entries(service, "caption", take(service, given), CAPTION, {"num": num, "model": model})
        return {"captions": found["captions"], "model": found["model"]}

    async def recognize(given: str, top: Top = 5, model: ModelId = None) -> dict[str, Any]:
        found = await _entries(service, "recognize", take(service, given), RECOGNIZE, {"top": top, "model": model})
        return {"predictions": found["predictions"], "model": found["model"]}

    async def alt_text(given: str, model: ModelId = None) -> CallToolResult:
        media = take(service, given)
        return alt_text_result(await _entries(service, "caption", media, CAPTION, {"model": model}, alt_text=True))

    about = {
        caption: "Describe a photo or clip: sentences with their scores, best first.",
        recognize: "Name the activity that a clip shows, with probabilities.",
        alt_text: (
            "Write a short alternative text for a photo, for people who do not see it. Where it is not sure, or the "
            "picture is a drawing, a chart or text, `alt` is null and a person must say it: do not use `perhaps`."
        ),
    }
    for tool, description in about.items():
        server.add_tool(_renamed(tool, name, source), name=tool.__name__, description=description)


def _renamed(tool: Any, name: str, source: Any) -> Any:
    """A tool whose first argument has another name, as its schema shows it."""
    import functools
    import inspect
    import typing

    hints = typing.get_type_hints(tool, include_extras=True)
    first, *rest = inspect.signature(tool).parameters.values()
    parameters = [first.replace(name=name, annotation=source)]
    parameters += [one.replace(annotation=hints[one.name]) for one in rest]

    @functools.wraps(tool)
    async def call(**arguments: Any) -> Any:
        return await tool(arguments.pop(name), **arguments)

    del call.__wrapped__
    call.__signature__ = inspect.Signature(parameters, return_annotation=hints["return"])  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": hints["return"]}
    return call


class HttpTools:
    """The tools behind an address.

    Attributes:
        endpoint: ASGI application of /mcp.
    """

    def __init__(self, service: Service) -> None:
        server = _server()
        _add_tools(server, service, local=False)
        server.streamable_http_app(
            stateless_http=True,
            json_response=True,
            max_request_body_size=service.settings.max_body,
            # Host and Origin are checked for all routes alike, see `security.Guard`.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._manager = server.session_manager
        self.endpoint = StreamableHTTPASGIApp(self._manager)

    def running(self) -> AbstractAsyncContextManager[None]:
        """While this is entered, requests are answered."""
        return self._manager.run()


def http_app(service: Service) -> HttpTools:
    """The tools of a service."""
    return HttpTools(service)


def run_stdio(service: Service) -> None:
    """Serve the tools on standard input and output until it closes."""

    @asynccontextmanager
    async def lifespan(server: MCPServer[Any]) -> AsyncIterator[None]:
        await service.engine.start()
        try:
            yield
        finally:
            await service.engine.stop()

    server = _server(lifespan)
    _add_tools(server, service, local=True)
    server.run("stdio")


def _server(lifespan: Any = None) -> MCPServer[Any]:
    import seesay

    return MCPServer(
        "seesay", instructions=INSTRUCTIONS, version=seesay.__version__, lifespan=lifespan, log_level="ERROR"
    )
