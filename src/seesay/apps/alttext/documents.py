"""Documents of every kind: found, read, and the pictures that they show."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from seesay.apps.alttext.uses import MOST_USES, Use, spliced
from seesay.errors import DataError, UsageError
from seesay.media import find_endings
from seesay.media.source import WebPicture, is_url
from seesay.printable import printable
from seesay.reading import read_file
from seesay.text.alt_words import plain

MOST_BYTES = 64 << 20
"""Largest page or text that is read."""
MOST_ZIPPED = 1 << 30
_SKIPPED = frozenset({"node_modules", ".git", ".svn", ".hg", "__pycache__", ".venv"})


@dataclass(frozen=True)
class Content:
    """What a document holds.

    Attributes:
        uses: of pictures.
        title: of the document.
        language: of the document, as it says.
        base: of relative addresses.
        pictures: bytes of pictures that lie in the document itself, by source.
        whole: whether all pictures lie in the document itself.
        backgrounds: pictures that only style sheets show.
        note: what cannot be done with it, in a few words.
    """

    uses: Sequence[Use]
    title: str = ""
    language: str = ""
    base: str = ""
    pictures: Callable[[str], bytes | None] = lambda source: None
    whole: bool = False
    backgrounds: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True)
class Format:
    """A kind of document.

    Attributes:
        name: for people.
        suffixes: of its files.
        read: what the bytes of a file hold; the file's name is for messages.
        write: the bytes with words put in; no byte else changes.
        limit: largest file, in bytes.
        brackets: whether a picture without words looks like one whose words were left empty on purpose.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[bytes, str], Content]
    write: Callable[[bytes, Sequence[tuple[Use, str]]], bytes]
    limit: int = MOST_BYTES
    brackets: bool = False


@dataclass
class Document:
    """A document that was found.

    Attributes:
        path: the file.
        name: what decisions call it, see `document_name`.
        root: pictures outside of this folder are not read.
        site: the folder that addresses which begin with a slash are below.
        format: its kind.
        content: what it holds; None where it cannot be read.
        error: why not.
        title_of: the title of the page that a link leads to, of pages on the web; None for files.
    """

    path: Path
    name: str
    root: Path
    site: Path
    format: Format
    content: Content | None = None
    error: str = ""
    uses: Sequence[Use] = field(default=())
    title_of: Callable[[str], str] | None = None

    @property
    def shown(self) -> str:
        """What messages call it."""
        return shown(self.name, self.path)


def _read_html(data: bytes, name: str) -> Content:
    from seesay.apps.alttext.html_uses import HtmlReader

    xml = name.lower().endswith((".xhtml", ".xht")) or data[:200].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml")
    reader = HtmlReader(data, xml=xml, name=name)
    return Content(reader.uses(), reader.title, reader.language, reader.base, backgrounds=reader.backgrounds)


def _read_markdown(data: bytes, name: str) -> Content:
    from seesay.apps.alttext.markdown_uses import read_markdown

    return Content(read_markdown(data, name))


def write_slots(data: bytes, edits: Sequence[tuple[Use, str]]) -> bytes:
    """Put words into the slots of a plain file."""
    return spliced(data, [(use.slot, words) for use, words in edits if use.slot is not None])


HTML = Format("HTML", (".html", ".htm", ".xhtml", ".xht", ".shtml"), _read_html, write_slots)
MARKDOWN = Format("Markdown", (".md", ".markdown", ".mdown"), _read_markdown, write_slots, 8 << 20, brackets=True)


def formats() -> tuple[Format, ...]:
    """Every kind of document."""
    from seesay.apps.alttext.office import EPUB, OPEN, SHEET, SLIDES, WORD
    from seesay.apps.alttext.pdf import PDF

    return (HTML, MARKDOWN, WORD, SLIDES, SHEET, OPEN, EPUB, PDF)


def format_of(path: Path) -> Format | None:
    """The kind of document that a file's name says it is."""
    suffix = path.suffix.lower()
    return next((kind for kind in formats() if suffix in kind.suffixes), None)


def find_documents(paths: Sequence[str | os.PathLike[str]]) -> Iterator[Document]:
    """Every document that these arguments mean: files, folders (searched), globs, and "-" for a list.

    Raises:
        UsageError: a path is missing, a folder holds no document, or a file is of a kind that is not read.
    """
    suffixes = [suffix for kind in formats() for suffix in kind.suffixes]
    seen: set[Path] = set()
    for argument in paths:
        given = Path(argument)
        folder = given if given.is_dir() else None
        for found in find_endings([argument], suffixes):
            path = Path(str(found))
            if folder is not None and _SKIPPED & set(path.relative_to(folder).parts):
                continue
            if path.is_dir():
                raise UsageError(f"{printable(path)}: holds no document; these are read: {', '.join(suffixes)}")
            kind = format_of(path)
            if not path.exists():
                raise UsageError(f"{printable(path)}: there is no such file or folder")
            if kind is None:
                raise UsageError(
                    f"{printable(path)}: is of no kind that is read ({', '.join(suffixes)}); of photos: --metadata"
                )
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield _document(path, folder, kind)


def _document(path: Path, folder: Path | None, kind: Format) -> Document:
    here, resolved = Path.cwd(), path.resolve()
    root = folder.resolve() if folder is not None else here if resolved.is_relative_to(here) else resolved.parent
    return Document(path, document_name(path), root, root, kind)


def document_name(path: Path) -> str:
    """What decisions call a file: its path from the current folder on, or the whole path where it lies elsewhere."""
    here, resolved = Path.cwd(), path.resolve()
    return (resolved.relative_to(here) if resolved.is_relative_to(here) else resolved).as_posix()


def shown(name: str, path: Path) -> str:
    """What messages call a document: the path that was given, or the address."""
    return printable(name if is_url(name) else path)


def load(document: Document) -> bytes:
    """Read a document, unless it was read from the web; its `content` or its `error` is set.

    Returns:
        The bytes of the file; none where it cannot be read.
    """
    if document.content is not None or document.error:
        return b""
    try:
        data = read_file(document.path, document.format.limit)
    except OSError as error:
        document.error = printable(error.strerror or error)
        return b""
    try:
        document.content = content_of(document.format, data, document.path.name)
        document.uses = document.content.uses
    except DataError as error:
        document.error = str(error).removeprefix(f"{document.path.name}: ")
    return data


def content_of(kind: Format, data: bytes, name: str) -> Content:
    """What the bytes of a document hold.

    Raises:
        DataError: they cannot be read rightly, or hold too many pictures.
    """
    content = kind.read(data, name)
    if len(content.uses) > MOST_USES:
        raise DataError(f"{name}: shows {len(content.uses)} pictures; at most {MOST_USES} are looked at")
    return content


def picture_of(
    document: Document, use: Use, *, allow_url: bool = False, private: bool = False
) -> Path | bytes | WebPicture:
    """The picture that a use shows.

    Raises:
        UsageError: it cannot be had; the message says why, in a few words.
    """
    source, content = use.source.strip(), document.content
    if content is not None and (inner := content.pictures(use.source)) is not None:
        return inner
    if source.startswith("data:"):
        return _inline(source)
    base = content.base if content is not None else ""
    if is_url(source) or source.startswith("//") or is_url(base):
        if allow_url and is_url(source):
            return WebPicture(source, private)
        raise UsageError("lies on the web; --allow-url fetches it")
    if content is not None and content.whole:
        raise UsageError("it cannot be taken out of the document")
    if re.match(r"[a-z][a-z0-9+.-]+:", source, re.I):
        raise UsageError("its address is of a kind that is not read")
    return _local(document, source, base)


def _inline(source: str) -> bytes:
    head, _, body = source.partition(",")
    try:
        if head.rstrip().lower().endswith(";base64"):
            return base64.b64decode(unquote(body), validate=False)
        return unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        raise UsageError("its data address is damaged") from None


def _local(document: Document, source: str, base: str) -> Path:
    if "\0" in source:
        raise UsageError("its name holds a zero byte")
    bare = re.split(r"[?#]", source)[0]
    for name in dict.fromkeys((source, unquote(source), bare, unquote(bare))):
        name = name.replace("\\", "/")
        folder = document.site if name.startswith("/") else document.path.parent
        if base and not name.startswith("/"):
            folder = document.site / base.lstrip("/") if base.startswith("/") else document.path.parent / base
            folder = folder if base.endswith("/") else folder.parent
        try:
            path = (folder / name.lstrip("/")).resolve()
            if not path.is_file():
                continue
        except (OSError, ValueError, RuntimeError):
            continue
        if not path.is_relative_to(document.root):
            raise UsageError(f"lies outside of {printable(document.root)}; name the folder that holds both")
        return path
    raise UsageError("there is no such file")


def title_of_page(path: Path) -> str:
    """The title of an HTML page, without the site's name behind it; empty where it has none."""
    from seesay.apps.alttext.html_uses import HtmlReader

    if path.suffix.lower() not in (".html", ".htm", ".xhtml"):
        return ""
    try:
        data = read_file(path, 8 << 20)
        end = data.lower().find(b"</title")
        title = HtmlReader(data[: end + 8] if end >= 0 else b"", name=path.name).title
    except (OSError, DataError):
        return ""
    return re.split(r"\s+[|–—·•:-]\s+", plain(title))[0]
