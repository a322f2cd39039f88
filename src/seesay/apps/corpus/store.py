"""Where a job's shards and records are kept: a local folder, or a folder at an fsspec address. Each write is whole."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Protocol

from seesay.addresses import filesystem, local_path
from seesay.errors import DataError, UsageError
from seesay.files import alone, replacing, write_whole
from seesay.printable import printable

_BLOCK = 1 << 20


class Store(Protocol):
    """A folder of files with names like `shards/00000000.jsonl`.

    Attributes:
        name: of the folder, for messages.
    """

    name: str

    def read(self, file: str) -> bytes | None:
        """The bytes of a file; None where there is none."""

    def write(self, file: str, content: bytes) -> None:
        """Write a file whole or not at all."""

    def writing(self, file: str) -> AbstractContextManager[Path]:
        """A local path to write to; at the end it takes the place of `file`, whole."""

    def open(self, file: str) -> IO[bytes]:
        """A file that is there, opened for reading; seekable."""

    def list(self, folder: str) -> list[str]:
        """Names of the files in one of its folders, sorted; those that are being written are left out."""

    def delete(self, file: str) -> None:
        """Remove a file, where it is there."""

    def alone(self) -> AbstractContextManager[None]:
        """Work here while no other job does, as far as the place knows locks."""


def open_store(address: str) -> Store:
    """The store at a local path or an address.

    Raises:
        UsageError: a web address, or an unknown protocol.
        MissingPartError: its package is not installed.
    """
    path = local_path(address)
    return RemoteStore(address) if path is None else LocalStore(path)


class LocalStore:
    """A local folder, made when it is first written to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = str(root)

    def read(self, file: str) -> bytes | None:
        """See `Store`."""
        try:
            return (self.root / file).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, file: str, content: bytes) -> None:
        """See `Store`."""
        write_whole(self._parent_of(file), content)

    @contextlib.contextmanager
    def writing(self, file: str) -> Iterator[Path]:
        """See `Store`."""
        with replacing(self._parent_of(file)) as part:
            yield part

    def open(self, file: str) -> IO[bytes]:
        """See `Store`."""
        return (self.root / file).open("rb")

    def list(self, folder: str) -> list[str]:
        """See `Store`."""
        try:
            names = [one.name for one in (self.root / folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(f"{folder}/{name}" for name in names if not name.startswith("."))

    def delete(self, file: str) -> None:
        """See `Store`."""
        (self.root / file).unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """See `Store`; what a killed job left half written is removed.

        Raises:
            UsageError: another job works there, or the folder cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{printable(self.name)}: cannot be made ({error.strerror})") from error
        with alone(self.root):
            for folder in (".", "plan", "shards", "records"):
                for part in (self.root / folder).glob(".*.part"):
                    part.unlink(missing_ok=True)
            yield

    def _parent_of(self, file: str) -> Path:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class RemoteStore:
    """A folder at an fsspec address; object stores put a file whole or not at all."""

    def __init__(self, address: str) -> None:
        self.name = address
        self._system: Any
        self._system, root = filesystem(address)
        self._root = str(root).rstrip("/")

    def read(self, file: str) -> bytes | None:
        """See `Store`."""
        try:
            return bytes(self._system.cat_file(f"{self._root}/{file}"))
        except FileNotFoundError:
            return None

    def write(self, file: str, content: bytes) -> None:
        """See `Store`."""
        self._system.pipe_file(f"{self._root}/{file}", content)

    @contextlib.contextmanager
    def writing(self, file: str) -> Iterator[Path]:
        """See `Store`."""
        with tempfile.TemporaryDirectory(prefix="seesay-") as folder:
            part = Path(folder) / "part"
            yield part
            self._system.put_file(str(part), f"{self._root}/{file}")

    def open(self, file: str) -> IO[bytes]:
        """See `Store`."""
        opened: IO[bytes] = self._system.open(f"{self._root}/{file}", "rb")
        return opened

    def list(self, folder: str) -> list[str]:
        """See `Store`."""
        self._system.invalidate_cache()
        try:
            entries = self._system.ls(f"{self._root}/{folder}", detail=False)
        except FileNotFoundError:
            return []
        return sorted(f"{folder}/{str(one).rpartition('/')[2]}" for one in entries)

    def delete(self, file: str) -> None:
        """See `Store`."""
        with contextlib.suppress(FileNotFoundError):
            self._system.rm_file(f"{self._root}/{file}")

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """No lock: two jobs at once write the same bytes."""
        yield


def sha256_of(store: Store, file: str) -> tuple[str, int]:
    """SHA-256 and bytes of a file.

    Raises:
        DataError: it is not there.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with store.open(file) as handle:
            while block := handle.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except FileNotFoundError:
        raise DataError(f"{store.name}/{file}: is missing") from None
    return digest.hexdigest(), size
