"""The pictures and clips that a user means: files, folders, globs, web addresses and lists of them."""

from __future__ import annotations

import codecs
import glob
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from seesay.errors import UsageError
from seesay.media.leftovers import is_leftover
from seesay.media.modality import (
    Found,
    Modality,
    is_clip,
    is_folder,
    is_frame_folder,
    is_picture,
    left_out_kind,
    looks_like_clip,
    looks_like_picture,
    modality_of,
)
from seesay.media.source import WebPicture, is_url

LeftOut = Callable[[Path, str], object]
"""Told of a file in a folder that a person would call a photo and that is not read, and of its kind."""


def find_pictures(
    paths: Sequence[str | os.PathLike[str]],
    *,
    allow_url: bool = False,
    allow_private: bool = False,
    stdin: BinaryIO | None = None,
    left_out: LeftOut | None = None,
) -> Iterator[Found]:
    """Every picture that these arguments mean, in their order, as they are found.

    - A file is given as it is, whatever its name; so is a path that leads nowhere: `open_picture` says what is wrong.
    - A folder gives its pictures, sorted by name, with those of its folders: files with one of the `SUFFIXES`, and
      others that begin as a JPEG, PNG, GIF, WebP, AVIF, HEIC, JPEG XL or JPEG 2000 does. Links are followed, each
      folder is entered once, and what is no file (FIFO, socket, device) is passed over, as is what systems leave behind
      (see `is_leftover`). A folder without pictures, or one that may not be read, is given itself, so that it gets its
      error.
    - A glob (`*`, `?`, `[…]`, `**`) gives what matches, sorted, where no file has that very name.
    - `-` reads a list from standard input: one name a line, or with zero bytes between (`find -print0`); no globs.
    - A web address gives a `WebPicture` with `allow_url`, and else itself, for `open_picture` to refuse.

    Args:
        paths: the arguments.
        allow_url: whether web addresses may be fetched.
        allow_private: whether those of one's own machine and network may, too.
        stdin: read for `-`; None for standard input.
        left_out: told of files in folders that a person would call photos and that are not read: RAW, SVG, PDF …

    Raises:
        UsageError: standard input holds a picture where a list of names is due, or a folder is a model.
    """
    yield from _find(paths, _Pictures(left_out), _web(allow_url, allow_private), stdin)


def find_media(
    paths: Sequence[str | os.PathLike[str]],
    *,
    allow_url: bool = False,
    allow_private: bool = False,
    stdin: BinaryIO | None = None,
    left_out: LeftOut | None = None,
) -> Iterator[tuple[Found, Modality]]:
    """As `find_pictures`, with the clips too, and for each what it is.

    Clips are videos, animated pictures (GIF, WebP, PNG, AVIF) and folders of nothing but numbered frames (see
    `is_frame_folder`); what a file holds decides, and its name where that says nothing. A folder gives files with one
    of the `SUFFIXES` or `CLIP_SUFFIXES`, and others that begin as pictures or clips do.

    Args:
        paths: the arguments.
        allow_url: whether web addresses may be fetched; their name tells what they are.
        allow_private: whether those of one's own machine and network may, too.
        stdin: read for `-`; None for standard input.
        left_out: see `find_pictures`.

    Raises:
        UsageError: standard input holds a picture or a clip where a list of names is due, or a folder is a model.
    """
    for found in _find(paths, _Media(left_out), _web(allow_url, allow_private), stdin):
        yield found, modality_of(found)


def find_endings(
    paths: Sequence[str | os.PathLike[str]], suffixes: Collection[str], *, stdin: BinaryIO | None = None
) -> Iterator[Found]:
    """As `find_pictures`, with files whose names end so (texts, sounds) in place of pictures.

    Args:
        paths: the arguments.
        suffixes: in lower case, with their dots.
        stdin: read for `-`; None for standard input.

    Raises:
        UsageError: standard input holds a picture or a clip where a list of names is due, or a folder is a model.
    """
    yield from _find(paths, _Endings(suffixes), _web(False, False), stdin)


class _Pictures:
    """What is looked for in folders."""

    def __init__(self, left_out: LeftOut | None = None) -> None:
        self.left_out = left_out

    def wanted(self, path: Path) -> bool:
        """Whether this, which is no folder, is; `left_out` is told of a photo that is not."""
        if self._readable(path):
            return True
        if self.left_out is not None and (kind := left_out_kind(path)) is not None:
            self.left_out(path, kind)
        return False

    def _readable(self, path: Path) -> bool:
        return is_picture(path)

    def whole(self, folder: Path) -> bool:
        """Whether a folder is one thing."""
        return False


class _Media(_Pictures):
    def _readable(self, path: Path) -> bool:
        return is_picture(path) or is_clip(path)

    def whole(self, folder: Path) -> bool:
        return is_frame_folder(folder)


class _Endings(_Pictures):
    def __init__(self, suffixes: Collection[str]) -> None:
        super().__init__()
        self.suffixes = suffixes

    def _readable(self, path: Path) -> bool:
        return path.suffix.lower() in self.suffixes and not path.name.startswith(".") and path.is_file()


_SEPARATORS = "/" + os.sep
_Web = Callable[[str], Found]


def _web(allow_url: bool, allow_private: bool) -> _Web:
    """What a web address becomes: something to fetch, or itself, to be refused by who opens it."""
    return lambda url: WebPicture(url, allow_private) if allow_url else url


def _find(
    paths: Sequence[str | os.PathLike[str]], what: _Pictures, web: _Web, stdin: BinaryIO | None
) -> Iterator[Found]:
    for argument in paths:
        path = os.fspath(argument)
        if path == "-":
            for name in _names(stdin or sys.stdin.buffer):
                yield from _expand(name, what, web, globs=False)
        else:
            yield from _expand(path, what, web, globs=True)


def _expand(path: str, what: _Pictures, web: _Web, *, globs: bool) -> Iterator[Found]:
    if is_url(path):
        yield web(path)
    elif globs and glob.has_magic(path) and not os.path.lexists(path):
        inside = "**" in path  # which lists what is in the folders by itself
        for match in map(Path, sorted(_matches(path)) or [path]):
            if _left_behind(match, path):
                continue
            if not is_folder(match):
                yield match
            elif not inside:
                yield from _folder_or_itself(match, what)
    else:
        yield from _folder_or_itself(Path(path), what) if is_folder(Path(path)) else [Path(path)]


def _matches(pattern: str) -> set[str]:
    """What a glob matches; `**` enters each folder once, so that links which lead in circles end."""
    head, deep, tail = pattern.partition("**")
    alone = (not head or head[-1] in _SEPARATORS) and (not tail or tail[0] in _SEPARATORS)
    if not deep or not alone:
        return set(glob.glob(pattern))  # noqa: PTH207 - absolute ones too
    found: set[str] = set()
    for base in glob.glob(head) if glob.has_magic(head) else [head]:  # noqa: PTH207
        for folder in _folders(base):
            found |= _matches(os.path.join(glob.escape(folder), tail.lstrip("/\\") or "*"))  # noqa: PTH118
    return found


def _folders(base: str) -> Iterator[str]:
    """A folder and all below it that are not hidden, each once."""
    entered: set[tuple[int, int]] = set()
    todo = [base]
    while todo:
        folder = todo.pop()
        try:
            status = os.stat(folder or os.curdir)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            yield folder
            with os.scandir(folder or os.curdir) as entries:
                names = sorted((entry.name for entry in entries if _is_shown_folder(entry)), reverse=True)
            todo += [os.path.join(folder, name) for name in names]  # noqa: PTH118
        except OSError:
            continue


def _is_shown_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _left_behind(match: Path, pattern: str) -> bool:
    """Whether a glob found this only because systems leave it among photos: no part of the pattern names it."""
    named = set(Path(pattern).parts)
    return any(is_leftover(part) and part not in named for part in match.parts)


def _folder_or_itself(folder: Path, what: _Pictures) -> Iterator[Path]:
    if (folder / "seesay.json").is_file():
        raise UsageError(f"{folder} is a model, not photos or clips; to use it: --model {folder} PHOTO")
    empty = True
    for path in _walk(folder, what):
        empty = False
        yield path
    if empty:
        yield folder


def _walk(root: Path, what: _Pictures) -> Iterator[Path]:
    entered: set[tuple[int, int]] = set()
    todo = [root]
    while todo:
        path = todo.pop()
        try:
            if not path.is_dir():
                if what.wanted(path):
                    yield path
                continue
            status = path.stat()
            if (status.st_dev, status.st_ino) not in entered:
                entered.add((status.st_dev, status.st_ino))
                if what.whole(path):
                    yield path
                else:
                    todo += sorted((one for one in path.iterdir() if not is_leftover(one.name)), reverse=True)
        except OSError:
            if path != root:  # the root's error is told by giving the root itself
                yield path


def _names(stdin: BinaryIO) -> Iterator[str]:
    """Names from a list, one a line, or between zero bytes if there is one in its first part.

    A list may be UTF-8 with a byte-order mark, or UTF-16 with one, as Windows PowerShell writes files.
    """
    start = stdin.read1(1 << 16) if hasattr(stdin, "read1") else stdin.read(1 << 16)
    for kind, holds in (("picture", looks_like_picture), ("clip", looks_like_clip)):
        if holds(start):
            raise UsageError(f"standard input holds a {kind}, but '-' reads a list of names; save it and give its path")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = (start + stdin.read()).decode("utf-16")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"standard input is damaged UTF-16 text ({error.reason}); give the list as UTF-8"
            ) from None
        names: Iterable[bytes] = os.fsencode(text.replace("\r\n", "\n")).split(b"\n")
    elif b"\0" in start:
        names = (start + stdin.read()).split(b"\0")
    else:
        names = _lines(start.removeprefix(codecs.BOM_UTF8), stdin)
    for name in names:
        if name:
            yield _as_it_is_called(os.fsdecode(name))


def _lines(start: bytes, rest: BinaryIO) -> Iterator[bytes]:
    if not start.endswith(b"\n"):
        start += rest.readline()
    for block in (start.split(b"\n"), rest):
        for line in block:
            yield line.rstrip(b"\n").removesuffix(b"\r")


def _as_it_is_called(name: str) -> str:
    """A name of a list; in quotes, or with the separators of Windows, only where no file has that very name."""
    if not (name.startswith('"') or "\\" in name) or os.path.lexists(name):
        return name
    bare = name[1:-1] if len(name) > 2 and name[0] == name[-1] == '"' else name
    return next((n for n in (bare, bare.replace("\\", "/")) if os.path.lexists(n)), name)
