"""Files read whole, up to a limit: no pipe that never answers, no device that never ends."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_file(path: str | os.PathLike[str], limit: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger than `limit` bytes; `strerror` says which.
    """
    path = Path(path)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, f"is {_what(status.st_mode)}, no file", str(path))
    with open(handle, "rb") as file:  # noqa: PTH123 - of a descriptor
        if status.st_size > limit:
            raise OSError(errno.EFBIG, f"has {status.st_size} bytes; at most {limit} are read", str(path))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"has more than {limit} bytes", str(path))
    return content


def _what(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a socket"
