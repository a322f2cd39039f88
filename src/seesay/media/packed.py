"""A photo, clip, text or sound that lies in a tar: opened where it is, without unpacking."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from seesay.addresses import local_path, read_part
from seesay.errors import MediaError
from seesay.printable import printable


class PackedFile(type(Path())):  # type: ignore[misc]
    """A part of a file, called `shards/train-000000.tar/000001.jpg`; whatever opens a path of a photo opens it.

    Attributes:
        archive: the file that it lies in: a path, or an fsspec address.
        member: its name there.
        offset: where its bytes begin.
        size: how many there are.
    """

    archive: str
    member: str
    offset: int
    size: int

    @classmethod
    def of(cls, archive: str, member: str, offset: int, size: int) -> PackedFile:
        """The part of `archive` that is called `member`."""
        made = cls(f"{archive}/{member}")
        made.archive, made.member, made.offset, made.size = archive, member, offset, size
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedFile.of, (self.archive, self.member, self.offset, self.size))

    @property
    def address(self) -> str:
        """A name that is the same from every working folder."""
        path = local_path(self.archive)
        return f"{self.archive if path is None else path.absolute()}/{self.member}"

    @property
    def mark(self) -> str | None:
        """What another file in its place would have otherwise: size, place, and the archive's time of change."""
        path = local_path(self.archive)
        try:
            time = 0 if path is None else os.stat(path).st_mtime_ns  # noqa: PTH116 - of the archive
        except OSError:
            return None
        return f"{self.size}-{self.offset}-{time}"

    def read_bytes(self) -> bytes:
        """Its bytes.

        Raises:
            MediaError: the archive is gone, or ends before it does.
        """
        try:
            content = read_part(self.archive, self.offset, self.size)
        except Exception as error:  # object stores have exceptions of their own
            reason = getattr(error, "strerror", None) or error
            raise MediaError(f"{printable(self.archive)} cannot be read ({printable(reason)})") from error
        if len(content) < self.size:
            raise MediaError(f"{printable(self.archive)} ends before this file does")
        return content

    def opened(self) -> io.BytesIO:
        """Its bytes as a file at its beginning.

        Raises:
            MediaError: see `read_bytes`; or there are none.
        """
        if not self.size:
            raise MediaError("the file is empty")
        return io.BytesIO(self.read_bytes())
