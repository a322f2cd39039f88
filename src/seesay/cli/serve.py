"""`seesay serve` and `seesay mcp`: captions for browsers, programs and language models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from seesay.errors import MissingPartError

EXAMPLES = """\b
Examples:
  seesay serve                                  # then open http://127.0.0.1:8000/
  seesay serve --port 9000 --model runs/mine-exported --model default
  seesay serve --host 0.0.0.0 --allowed-host photos.example --token-file tokens.txt
  seesay serve --workers 2 --queue 128 --timeout 60 --max-body 50MB
  curl -F file=@dog.jpg http://127.0.0.1:8000/v1/caption
"""
MCP_EXAMPLES = """\b
Examples:
  seesay mcp                                    # for a program that starts it: tools on standard input and output
  seesay mcp --model runs/mine-exported
"""
_PARTS = {"starlette", "uvicorn", "python_multipart", "multipart", "prometheus_client", "h11", "anyio"}
_TOOL_PARTS = {"mcp", "mcp_types", "pydantic"}


def add_to(app: typer.Typer) -> None:
    """Make the verbs known."""
    app.command("serve", help="Serve captions by HTTP, and a web page.", epilog=EXAMPLES)(serve)
    app.command("mcp", help="Offer captions as tools to language models (MCP).", epilog=MCP_EXAMPLES)(mcp)


@contextmanager
def _parts() -> Iterator[None]:
    """Turn a missing module of the extras `serve` and `mcp` into the line that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        part = (error.name or "").split(".")[0]
        extra = "serve" if part in _PARTS else "mcp" if part in _TOOL_PARTS else None
        if extra is None:
            raise
        raise MissingPartError(f"this needs {part}: pip install 'seesay[{extra}]'") from None


def serve(
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on."),
    port: int = typer.Option(8000, "--port", help="Port to listen on; 0 takes a free one."),
    model: list[str] | None = typer.Option(
        None, "--model", help="A model's name, folder or .zip; repeated: several to choose from. [default: embedded]"
    ),
    workers: int = typer.Option(1, "--workers", help="Processes that open photos and run the networks."),
    token_file: Path | None = typer.Option(None, "--token-file", help="File of tokens that are let in, one a line."),
    max_body: str = typer.Option("20MB", "--max-body", help="Largest request."),
    max_files: int = typer.Option(32, "--max-files", help="Most photos and clips in one request."),
    queue: int = typer.Option(64, "--queue", help="Most photos and clips that wait or are worked on; then 429."),
    timeout: float = typer.Option(30.0, "--timeout", help="Seconds until a request must be answered."),
    media_seconds: float = typer.Option(
        20.0, "--media-seconds", help="Longest that one photo or clip may take to open."
    ),
    worker_memory: str = typer.Option(
        "2GiB", "--worker-memory", help="Memory of a worker on top of its models (Linux)."
    ),
    allow_url: bool = typer.Option(False, "--allow-url", help="Fetch http(s) addresses in requests."),
    allowed_host: list[str] | None = typer.Option(
        None, "--allowed-host", help="A name that the service is called by, beside localhost; may be repeated."
    ),
) -> None:
    """Serve until interrupted; SIGTERM answers what was let in and leaves, SIGHUP loads models and tokens anew."""
    from seesay.apps.service.settings import ServiceSettings, parse_size

    settings = ServiceSettings(
        host=host,
        port=port,
        models=tuple(model or ()),
        workers=workers,
        token_file=token_file,
        max_body=parse_size(max_body, "--max-body"),
        max_files=max_files,
        queue=queue,
        timeout=timeout,
        media_seconds=media_seconds,
        worker_memory=parse_size(worker_memory, "--worker-memory"),
        allow_url=allow_url,
        allowed_hosts=tuple(allowed_host or ()),
    )
    with _parts():
        from seesay.apps.service.server import serve as run
    run(settings)


def mcp(
    model: list[str] | None = typer.Option(
        None, "--model", help="A model's name, folder or .zip; repeated: several to choose from. [default: embedded]"
    ),
    max_body: str = typer.Option("20MB", "--max-body", help="Largest photo or clip."),
    timeout: float = typer.Option(60.0, "--timeout", help="Seconds until a call must be answered."),
) -> None:
    """Offer the tools caption, recognize and alt_text on standard input and output until it closes."""
    from seesay.apps.service.settings import ServiceSettings, parse_size

    settings = ServiceSettings(models=tuple(model or ()), max_body=parse_size(max_body, "--max-body"), timeout=timeout)
    with _parts():
        from seesay.apps.service.state import build_service
        from seesay.apps.service.tools import run_stdio
    run_stdio(build_service(settings))
