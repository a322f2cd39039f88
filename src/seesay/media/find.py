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
    ".apng .avif .bmp .gif .ico .j2k .jfif .jp2 .jpe .jpeg .jpf .jpg .jpx .mpo .pbm .pgm .png .pnm .ppm .qoi .tif .tiff "
    ".webp".split()
)
"""A file in a folder is taken for a picture by its name if it ends so, in any case."""
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"\0\0\0\x0cjP  \r\n\x87\n")

Found = Path | WebPicture | str


def find_pictures(
    paths: Sequence[str | os.PathLike[str]], *, allow_url: bool = False, stdin: BinaryIO | None = None
) -> Iterator[Found]:
    """Every picture that these arguments mean, in their order, as they are found.

    - A file is given as it is, whatever its name; so is a path that leads nowhere: `open_picture` says what is wrong with it.
    - A folder gives its pictures, sorted by name, with those of its folders: files with one of the `SUFFIXES`, and others
      that begin as a JPEG, PNG, GIF, WebP, AVIF or JPEG 2000 does. Links are followed, each folder is entered once, and
      what is no file (FIFO, socket, device) is passed over. A folder without pictures, or one that may not be read, is
      given itself, so that it gets its error.
    - A glob (`*`, `?`, `[…]`, `**`) gives what matches, sorted, where no file has that very name.
    - `-` reads a list from standard input: one name a line, or with zero bytes between (`find -print0`); no globs there.
    - A web address gives a `WebPicture` with `allow_url`, and else itself, for `open_picture` to refuse.

    Args:
        paths: the arguments.
        allow_url: whether web addresses may be fetched.
        stdin: read for `-`; None for standard input.

    Raises:
        UsageError: standard input holds a picture where a list of names is due.
    """
    for path in map(os.fspath, paths):
        if path == "-":
            for name in _names(stdin or sys.stdin.buffer):
                yield from _expand(name, allow_url, globs=False)
        else:
            yield from _expand(path, allow_url, globs=True)


def _expand(path: str, allow_url: bool, *, globs: bool) -> Iterator[Found]:
    if is_url(path):
        yield WebPicture(path) if allow_url else path
    elif os.path.isdir(path):
        yield from _folder_or_itself(path)
    elif globs and glob.has_magic(path) and not os.path.lexists(path):
        matches = sorted(glob.iglob(path, recursive=True))
        for match in matches or [path]:
            if os.path.isdir(match) and "**" not in path:  # ** lists what is inside by itself
                yield from _folder_or_itself(match)
            elif not os.path.isdir(match):
                yield Path(match)
    else:
        yield Path(path)


def _folder_or_itself(folder: str) -> Iterator[Path]:
    empty = True
    for path in _walk(folder):
        empty = False
        yield path
    if empty:
        yield Path(folder)


def _walk(root: str) -> Iterator[Path]:
    entered: set[tuple[int, int]] = set()
    todo = [root]
    while todo:
        path = todo.pop()
        try:
            if not os.path.isdir(path):
                if _is_picture(path):
                    yield Path(path)
                continue
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            todo.extend(os.path.join(path, name) for name in sorted(os.listdir(path), reverse=True))
        except OSError:
            if path != root:  # the root's error is told by giving the root itself
                yield Path(path)


def _is_picture(path: str) -> bool:
    known = os.path.splitext(path)[1].lower() in SUFFIXES
    if not os.path.isfile(path):
        return known and os.path.islink(path) and not os.path.exists(path)  # a broken link is worth an error
    if known:
        return True
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - names that are not UTF-8
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
