"""What the service is asked to be: its settings, checked, and the tokens it lets in."""

from __future__ import annotations

import hmac
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from seesay.errors import UsageError

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_LEAST_TOKEN = 16


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """Settings of the service; each limit is named in the error that it causes.

    Attributes:
        host: address that is listened on.
        port: TCP port; 0 takes a free one.
        models: names or paths of the models served; none: the embedded ones.
        workers: processes that open photos and run the networks.
        threads: CPU threads of each worker's networks; 0 divides the cores among the workers.
        token_file: tokens let in, one a line; None lets everyone in who reaches the port.
        max_body: most bytes of a request.
        max_files: most photos and clips in one request.
        queue: most photos and clips waiting or being worked on; one more is answered 429.
        timeout: seconds until a request must be answered; also the longest a body may take to arrive.
        media_seconds: longest that one photo or clip may take to open.
        worker_memory: bytes of memory that a worker may take on top of its models.
        allow_url: whether addresses in requests are fetched.
        allowed_hosts: further names that the service is called by, for the check of the Host header.
        batch: most photos taken through the networks together.
        header_seconds: longest that a connection may take to send its first request's head.

    Raises:
        UsageError: a number out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    models: tuple[str, ...] = ()
    workers: int = 1
    threads: int = 0
    token_file: Path | None = None
    max_body: int = 20 * 10**6
    max_files: int = 32
    queue: int = 64
    timeout: float = 30.0
    media_seconds: float = 20.0
    worker_memory: int = 2 * 2**30
    allow_url: bool = False
    allowed_hosts: tuple[str, ...] = field(default=())
    batch: int = 16
    header_seconds: float = 10.0

    def __post_init__(self) -> None:
        least = {"workers": 1, "max_body": 1, "max_files": 1, "queue": 1, "batch": 1, "threads": 0, "port": 0}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise UsageError(f"{option(name)} is {getattr(self, name)}; it must be {lowest} or more")
        for name in ("timeout", "media_seconds", "header_seconds"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UsageError(f"{option(name)} is {getattr(self, name):g}; it must be seconds above 0")
        if self.port > 65535:
            raise UsageError(f"--port is {self.port}; it must be 65535 or less")
        if self.worker_memory < 64 * 2**20:
            raise UsageError(f"--worker-memory is {self.worker_memory} bytes; it must be 64MiB or more")


def option(name: str) -> str:
    """A setting as the command spells it."""
    return f"--{name.replace('_', '-')}"


def parse_size(text: str, name: str) -> int:
    """`20MB`, `2GiB`, `1000000` → bytes; `name` is the option, for the error.

    Raises:
        UsageError: not a size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise UsageError(f"{name} {text}: is not a size; write it as 20MB, 512KiB or 2GiB")
    return int(float(match[1]) * unit)


@dataclass(frozen=True)
class Tokens:
    """The tokens that are let in; none lets everyone in.

    Attributes:
        secrets: as bytes.
    """

    secrets: tuple[bytes, ...] = ()

    def allow(self, authorization: str | None) -> bool:
        """Whether an `Authorization` header holds one of them; each is compared in constant time."""
        if not self.secrets:
            return True
        scheme, _, given = (authorization or "").partition(" ")
        candidate = given.strip().encode("utf-8", "surrogatepass") if scheme.lower() == "bearer" else b""
        found = False
        for secret in self.secrets:
            found |= hmac.compare_digest(secret, candidate)
        return found


def read_tokens(file: Path | None) -> Tokens:
    """The tokens of a file: one a line; empty lines and lines that begin with # are left out.

    Raises:
        UsageError: it cannot be read, holds none, holds one that is too short, or others may read it.
    """
    if file is None:
        return Tokens()
    try:
        lines = file.read_text("utf-8").splitlines()
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--token-file {file}: cannot be read ({getattr(error, 'strerror', None) or error})"
        ) from error
    if os.name == "posix" and mode & 0o007:
        raise UsageError(f"--token-file {file}: everyone on this machine may read it; run: chmod o-rwx {file}")
    secrets = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not secrets:
        raise UsageError(f"--token-file {file}: holds no token; write one a line")
    for number, line in enumerate(lines, 1):
        if line.strip() in secrets and len(line.strip()) < _LEAST_TOKEN:
            raise UsageError(f"--token-file {file}:{number}: a token has {_LEAST_TOKEN} characters or more")
    return Tokens(tuple(secret.encode() for secret in secrets))
