"""Where the bytes of a picture or clip come from: a file that is safe to open, or an open handle."""

from __future__ import annotations

import errno
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from seesay.errors import MediaError
from seesay.media.packed import PackedFile
from seesay.printable import printable

MAX_BYTES = 1 << 30
"""Most bytes read from an open handle."""


@dataclass(frozen=True)
class WebPicture:
    """A picture on the web that the user has allowed to be fetched; `open_picture` reads it.

    Attributes:
        url: http or https.
        allow_private: whether addresses of one's own machine and network may be fetched, too.
    """

    url: str
    allow_private: bool = False

    def __str__(self) -> str:
        return self.url


def is_url(text: str) -> bool:
    """Whether this reads as a web address rather than as a path."""
    return text.lower().startswith(("http://", "https://"))


def open_file(path: str | os.PathLike[str], kind: str = "picture") -> BinaryIO:
    """A regular file, opened for reading; never waits, whatever the path turns out to be.

    Args:
        path: of the file.
        kind: what is expected, "picture" or "clip", for messages.

    Raises:
        MediaError: no such file, no permission, empty, or a folder, FIFO, device or socket.
    """
    if isinstance(path, PackedFile):
        return path.opened()
    try:
        _check_regular(Path(path).stat(), kind)  # some devices act when opened, so look first
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        # By its name, and not by its number alone, so that notes of how it was read can name it.
        handle = open(path, "rb", opener=lambda name, _: os.open(name, flags))  # noqa: SIM115
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise MediaError(_why(error, path)) from error
    try:
        _check_regular(os.fstat(handle.fileno()), kind)  # it may have been replaced in between
    except MediaError:
        handle.close()
        raise
    return handle


def _check_regular(status: os.stat_result, wanted: str) -> None:
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        raise MediaError(f"this is a folder without {wanted} files")
    if kind != stat.S_IFREG:
        raise MediaError(f"this is {kinds.get(kind, 'a device')}, not a {wanted} file")
    if status.st_size == 0:
        raise MediaError("the file is empty")


def _why(error: Exception, path: str | os.PathLike[str]) -> str:
    code = getattr(error, "errno", None)
    if code in (errno.ENOENT, errno.ENOTDIR):
        link = Path(path).is_symlink()
        return "the link points to a file that is not there" if link else "there is no such file"
    if isinstance(error, PermissionError):
        return "the file may not be read (no permission)"
    return printable(getattr(error, "strerror", None) or error)


def open_bytes(source: Any, kind: str = "picture") -> BinaryIO:
    """The bytes of a path, of bytes, of an open binary file or of a `WebPicture`, as a file at its beginning.

    Args:
        source: any of these.
        kind: "picture", "clip", "text" or "sound", for messages and for what a web server is asked for.

    Raises:
        MediaError: there is nothing to read, or it may not be read.
    """
    if isinstance(source, WebPicture):
        from seesay.media.web import download

        return download(
            source.url,
            accept="image/*" if kind == "picture" else "video/*, image/*",
            allow_private=source.allow_private,
        )
    if isinstance(source, (bytes, bytearray, memoryview)):
        if not len(source):
            raise MediaError("there are no bytes")
        return io.BytesIO(source)
    if isinstance(source, str) and is_url(source):
        raise MediaError(
            "a web address is not fetched unless you ask for it: --allow-url, or WebPicture(url) in Python"
        )
    if isinstance(source, PackedFile):
        return source.opened()
    if isinstance(source, (str, os.PathLike)):
        return open_file(source, kind)
    if hasattr(source, "read"):
        return read_handle(source)
    others = ", a PIL image or a uint8 array (H, W, 3)" if kind == "picture" else ""
    raise MediaError(f"give a path, bytes, an open binary file{others}")


def read_handle(handle: Any) -> BinaryIO:
    """What an open binary file still holds, in memory.

    Raises:
        MediaError: a file opened as text, too much data, or none.
    """
    try:
        data = handle.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise MediaError(f"cannot be read ({printable(error)})") from error
    if not isinstance(data, bytes):
        raise MediaError("the file must be opened as binary: open(path, 'rb')")
    if len(data) > MAX_BYTES:
        raise MediaError(f"more than {MAX_BYTES >> 20} MiB")
    if not data:
        raise MediaError("there is nothing to read")
    return io.BytesIO(data)


def name_of(source: object, kind: str = "picture") -> str:
    """What to call a source in a message, on one line."""
    if isinstance(source, (str, Path, WebPicture)):
        return printable(source)
    if isinstance(source, bytes):
        return f"{kind} of {len(source)} bytes"
    name = getattr(source, "name", None) or getattr(source, "filename", None)
    return printable(name) if isinstance(name, (str, Path)) else f"{kind} ({type(source).__name__})"
