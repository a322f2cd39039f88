"""The pictures that a user means: files, folders, globs, web addresses and lists of them."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from seesay.errors import UsageError
from seesay.media.source import WebPicture, is_url

SUFFIXES = frozenset(
    {".apng", ".avif", ".bmp", ".gif", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo"}
    | {".pbm", ".pgm", ".png", ".pnm", ".ppm", ".qoi", ".tif", ".tiff", ".webp"}
)
"""A file in a folder is taken for a picture by its name if it ends so, in any case."""
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"\0\0\0\x0cjP  \r\n\x87\n")

Found = Path | WebPicture | str


def find_pictures(
    paths: Sequence[str | os.PathLike[str]], *, allow_url: bool = False, stdin: BinaryIO | None = None
) -> Iterator[Found]:
    """Every picture that these arguments mean, in their order, as they are found.

    - A file is given as it is, whatever its name; so is a path that leads nowhere: `open_picture` says what is wrong.
    - A folder gives its pictures, sorted by name, with those of its folders: files with one of the `SUFFIXES`, and
      others that begin as a JPEG, PNG, GIF, WebP, AVIF or JPEG 2000 does. Links are followed, each folder is entered
      once, and what is no file (FIFO, socket, device) is passed over. A folder without pictures, or one that may not be
      read, is given itself, so that it gets its error.
    - A glob (`*`, `?`, `[…]`, `**`) gives what matches, sorted, where no file has that very name.
    - `-` reads a list from standard input: one name a line, or with zero bytes between (`find -print0`); no globs.
    - A web address gives a `WebPicture` with `allow_url`, and else itself, for `open_picture` to refuse.

    Args:
        paths: the arguments.
        allow_url: whether web addresses may be fetched.
        stdin: read for `-`; None for standard input.

    Raises:
        UsageError: standard input holds a picture where a list of names is due.
    """
    for argument in paths:
        path = os.fspath(argument)
        if path == "-":
            for name in _names(stdin or sys.stdin.buffer):
                yield from _expand(name, allow_url, globs=False)
        else:
            yield from _expand(path, allow_url, globs=True)


def _expand(path: str, allow_url: bool, *, globs: bool) -> Iterator[Found]:
    if is_url(path):
        yield WebPicture(path) if allow_url else path
    elif globs and glob.has_magic(path) and not os.path.lexists(path):
        inside = "**" in path  # which lists what is in the folders by itself
        for match in map(Path, sorted(glob.glob(path, recursive=True)) or [path]):  # noqa: PTH207 - absolute ones too
            if not is_folder(match):
                yield match
            elif not inside:
                yield from _folder_or_itself(match)
    else:
        yield from _folder_or_itself(Path(path)) if is_folder(Path(path)) else [Path(path)]


def is_folder(path: Path) -> bool:
    """Whether this is a folder; never raises."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that is too long, may not be looked at, or holds a zero byte
        return False


def _folder_or_itself(folder: Path) -> Iterator[Path]:
    empty = True
    for path in _walk(folder):
        empty = False
        yield path
    if empty:
        yield folder


def _walk(root: Path) -> Iterator[Path]:
    entered: set[tuple[int, int]] = set()
    todo = [root]
    while todo:
        path = todo.pop()
        try:
            if not path.is_dir():
                if _is_picture(path):
                    yield path
                continue
            status = path.stat()
            if (status.st_dev, status.st_ino) not in entered:
                entered.add((status.st_dev, status.st_ino))
                todo += sorted(path.iterdir(), reverse=True)
        except OSError:
            if path != root:  # the root's error is told by giving the root itself
                yield path


def _is_picture(path: Path) -> bool:
    known = path.suffix.lower() in SUFFIXES
    if not path.is_file():
        return known and path.is_symlink() and not path.exists()  # a link that leads nowhere is worth an error
    if known:
        return True
    try:
        with path.open("rb") as file:
            return looks_like_picture(file.read(16))
    except OSError:
        return False  # named as no picture and not readable: nobody asked for it


def looks_like_picture(start: bytes) -> bool:
    """Whether a file that begins so (16 bytes) is surely a picture."""
    boxed = (start[:4] == b"RIFF" and start[8:12] == b"WEBP") or start[4:12] in (b"ftypavif", b"ftypavis")
    return boxed or start.startswith(_SIGNATURES)


def _names(stdin: BinaryIO) -> Iterator[str]:
    """Names from a list, one a line, or between zero bytes if there is one in its first part."""
    start = stdin.read1(1 << 16) if hasattr(stdin, "read1") else stdin.read(1 << 16)
    if looks_like_picture(start[:16]):
        raise UsageError("standard input holds a picture, but '-' reads a list of names; save it and give its path")
    if b"\0" in start:
        names: Iterable[bytes] = (start + stdin.read()).split(b"\0")
    else:
        names = _lines(start, stdin)
    for name in names:
        if name:
            yield os.fsdecode(name)


def _lines(start: bytes, rest: BinaryIO) -> Iterator[bytes]:
    if not start.endswith(b"\n"):
        start += rest.readline()
    for block in (start.split(b"\n"), rest):
        for line in block:
            yield line.rstrip(b"\n").removesuffix(b"\r")
