"""One writer at a time, by a lock that ends with the process that holds it, however it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

from seesay.errors import DataError, UsageError


def only_writer(file: Path) -> BinaryIO:
    """Lock `file`; closing what is returned lets it go.

    Raises:
        DataError: another process holds it.
        OSError: the file cannot be made, or its file system knows no locks.
    """
    handle = file.open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        handle.close()
        raise DataError(f"{file.parent}: another process writes to this feature cache; wait for it to end") from None
    except BaseException:
        handle.close()
        raise
    return handle


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Work in a folder while no other process does; where the file system knows no locks, without that certainty.

    Raises:
        UsageError: another process works there.
    """
    held: AbstractContextManager[object] = nullcontext()
    try:
        held = only_writer(folder / "lock")
    except DataError:
        raise UsageError(f"{folder}: another process works there; wait for it to end, or name another --out") from None
    except OSError:
        pass  # no locks here
    with held:
        yield
