"""Local paths and addresses that fsspec knows (`s3://…`, `gs://…`, `memory://…`), opened in one way."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from seesay.errors import DataError, MissingPartError, UsageError
from seesay.extras import lacking
from seesay.printable import printable

_PROTOCOL = re.compile(r"^([a-z][a-z0-9+.-]+)(?:::|://)", re.I)
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_WEB = ("http", "https")
_MOST_IN_RANGE = 10_000_000


def is_address(text: str) -> bool:
    """Whether this is an address with a protocol rather than a local path; `file://` is one of a local path."""
    return _PROTOCOL.match(text) is not None


def local_path(text: str) -> Path | None:
    """The path that a text names, `file://` left out; None for an address elsewhere."""
    if text.lower().startswith("file://"):
        return Path(text[7:])
    return None if is_address(text) else Path(text)


def filesystem(address: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the path in it.

    Raises:
        UsageError: a web address, or a protocol that fsspec does not know.
        MissingPartError: fsspec, or the package that it needs for this protocol, is not installed.
    """
    match = _PROTOCOL.match(address)
    protocol = match[1].lower() if match else "file"
    if protocol in _WEB:
        raise UsageError(f"{printable(address)}: is on the web; only files and stores are read. Download it first")
    try:
        import fsspec
    except ModuleNotFoundError:
        raise MissingPartError(f"{protocol}:// needs {lacking('fsspec')}") from None
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise MissingPartError(f"{protocol}:// needs one more package: {error}") from None
    except ValueError as error:
        raise UsageError(f"{printable(address)}: {printable(error)}") from None
    return found


def open_binary(address: str) -> IO[bytes]:
    """A file of either kind, opened for reading; seekable.

    Raises:
        DataError: it cannot be opened.
    """
    path = local_path(address)
    try:
        if path is not None:
            return path.open("rb")
        system, inside = filesystem(address)
        opened: IO[bytes] = system.open(inside, "rb")
        return opened
    except OSError as error:
        raise DataError(f"{printable(address)}: cannot be opened ({error.strerror or printable(error)})") from error


def read_part(address: str, offset: int, size: int) -> bytes:
    """Bytes of a file of either kind from an offset on; fewer where the file ends.

    Raises:
        OSError: it cannot be read.
    """
    path = local_path(address)
    if path is None:
        system, inside = filesystem(address)
        return bytes(system.cat_file(inside, offset, offset + size))
    with path.open("rb") as handle:
        handle.seek(offset)
        return handle.read(size)


def with_protocol(address: str, inside: str) -> str:
    """A path in an address's file system as an address of its own."""
    match = _PROTOCOL.match(address)
    return f"{match[0]}{inside.lstrip('/')}" if match else inside


def expand(address: str) -> Iterator[str]:
    """The files that an address with `{000..099}`, `*`, `?` or `[…]` means, in order; itself without these.

    Raises:
        DataError: nothing matches.
    """
    match = _RANGE.search(address)
    if match:
        first, last = int(match[1]), int(match[2])
        if not 0 <= last - first < _MOST_IN_RANGE:
            raise UsageError(f"{printable(address)}: {match[0]} is no range; write {{000..099}}, the smaller one first")
        for number in range(first, last + 1):
            yield from expand(f"{address[: match.start()]}{number:0{len(match[1])}d}{address[match.end() :]}")
        return
    path = local_path(address)
    if not glob.has_magic(address) or (path is not None and path.exists()):
        yield address
        return
    if path is not None:
        found = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - absolute ones too
    else:
        system, inside = filesystem(address)
        found = [with_protocol(address, one) for one in sorted(system.glob(inside))]
    if not found:
        raise DataError(f"{printable(address)}: nothing matches")
    yield from found
