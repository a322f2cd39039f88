"""Files that are written whole or not at all, folders that one process works in at a time, and the cache folder."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO

from seesay.errors import DataError, UsageError
from seesay.printable import spreadsheet_cell

_STALE = 24 * 3600.0  # seconds


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A path beside `file` to write to; at the end it takes the place of `file`, flushed to disk before.

    After an error `file` is as it was, and nothing is left beside it; what a killed process left is cleared away.
    Processes and threads that write the same file at once do not meet: the last one to end wins. A file that is there
    keeps its permissions.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}-{threading.get_ident()}.part")
    mode = _mode(file)
    sweep_parts(file)
    try:
        if mode is not None:  # what only some may read is never written where others may
            os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, (mode & 0o600) | 0o200))
        yield part
        with part.open("rb+") as handle:
            os.fsync(handle.fileno())
        if mode is not None:
            part.chmod(mode)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _mode(file: Path) -> int | None:
    """The permissions of a file; None where there is none."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return None


def sweep_parts(file: Path) -> None:
    """Clear away parts of a file or folder that processes left which were killed, a day ago or earlier."""
    with suppress(OSError), os.scandir(file.parent) as entries:
        for entry in entries:
            if entry.name.startswith(f".{file.name}.") and entry.name.endswith(".part"):
                with suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime < _STALE:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path, ignore_errors=True)
                    else:
                        Path(entry.path).unlink()


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; text is UTF-8, its line ends as they are."""
    with replacing(file) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(file: Path, value: Any, *, indent: int | None = 2) -> None:
    """Write JSON whole or not at all."""
    write_whole(file, json.dumps(value, indent=indent, ensure_ascii=False))


class CsvWriter:
    """Rows of a CSV file, in which no cell is a formula to a spreadsheet (see `seesay.printable.spreadsheet_cell`)."""

    def __init__(self, stream: TextIO | IO[str]) -> None:
        self._writer = csv.writer(stream)

    def writerow(self, cells: Iterable[Any]) -> None:
        """Write one row."""
        self._writer.writerow([spreadsheet_cell(cell) if isinstance(cell, str) else cell for cell in cells])


def write_csv(file: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write a table whole or not at all; its first row is the heading."""
    with replacing(file) as part, part.open("w", encoding="utf-8", newline="") as handle:
        writer = CsvWriter(handle)
        for row in rows:
            writer.writerow(row)


def sha256(file: Path) -> str:
    """The SHA-256 of a file's bytes: about 26 ms for 40 MB on a CPU with SHA instructions."""
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def cache_folder(name: str) -> Path:
    """A folder for what can be made again: under `SEESAY_CACHE`, else in the user's cache; it need not exist yet."""
    root = os.environ.get("SEESAY_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "seesay"
    return Path(root).expanduser() / name


def only_writer(file: Path) -> BinaryIO:
    """Lock `file`; closing what is returned lets it go, and so does the end of the process, however it ends.

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
