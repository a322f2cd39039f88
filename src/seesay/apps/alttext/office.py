"""Pictures in Word, PowerPoint and Excel files (OOXML), OpenDocument, and EPUB, and where their alt text belongs.

OOXML keeps it in `descr` of `docPr` and `cNvPr` (ECMA-376 part 1, 20.1.2.2.8), with "decorative" as an extension of
Office; OpenDocument in `svg:desc` of a `draw:frame` (ODF 1.3 part 3, 10.3.17); EPUB in its XHTML pages.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from seesay.apps.alttext.decorative import Properties
from seesay.apps.alttext.documents import Content, Format
from seesay.apps.alttext.html_uses import HtmlReader
from seesay.apps.alttext.tags import Tag, charset_of, decoded, read_tags
from seesay.apps.alttext.uses import NEAR, Around, Slot, Use, spliced
from seesay.apps.alttext.zips import MOST_PICTURE, MOST_TOTAL, MOST_ZIPPED, Package, open_package, with_members
from seesay.errors import DataError

MOST_DEPTH = 500
"""Deepest nesting of a part that is read; Word's own writes some 40."""
_PARTS = {
    "Word": re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml"),
    "PowerPoint": re.compile(r"ppt/(?:slides/slide|notesSlides/notesSlide|slideLayouts/slideLayout)\d+\.xml"),
    "Excel": re.compile(r"xl/drawings/drawing\d+\.xml"),
    "OpenDocument": re.compile(r"(?:content|styles)\.xml"),
    "EPUB": re.compile(r".*\.(?:x?html?|xht)", re.I),
}
_MADE = re.compile(
    r"(?:picture|image|graphic|bild|grafik|imagen?|immagine|obraz)?\s*\d*|[^\s]+\.(?:jpe?g|png|gif|emf|wmf|svg)", re.I
)
"""What programs write where nobody wrote words: a number, the name of the file."""


@dataclass
class _Drawing:
    """A drawing that is being read; `depth` is how deep its element stands."""

    depth: int
    named: Properties | None = None
    decorative: bool = False
    link: str | None = None
    picture: str = ""


@dataclass
class _Frame:
    """A frame of OpenDocument that is being read."""

    link: str
    picture: str | None = None
    title: str = ""
    words: str = ""
    desc: tuple[int, int] | None = None
    wrapped: bool = False
    end: int = 0


def _pages(package: Package, kind: str) -> Iterator[tuple[str, bytes]]:
    total = 0
    for name in package.members:
        if _PARTS[kind].fullmatch(name):
            page = package.read(name)
            total += len(page)
            if total > MOST_TOTAL:
                raise DataError(f"its pages have more than {MOST_TOTAL} bytes")
            yield name, page


def _relations(package: Package, part: str) -> dict[str, str]:
    """Target of each relation of a part, by its id."""
    folder, name = posixpath.split(part)
    member = f"{folder}/_rels/{name}.rels"
    if member not in package.members:
        return {}
    data = package.read(member)
    found = {}
    for tag in read_tags(data.decode("latin-1"), xml=True):
        if tag.name.rpartition(":")[2] == "Relationship" and not tag.closing:
            values = {key: decoded(one.raw, "utf-8") for key, one in (tag.attributes or {}).items()}
            target = values.get("Target", "")
            if values.get("TargetMode") != "External" and not target.startswith("/"):
                target = posixpath.normpath(posixpath.join(folder, target))
            found[values.get("Id", "")] = target.lstrip("/") if values.get("TargetMode") != "External" else target
    return found


def _checked(data: bytes, part: str) -> tuple[str, str]:
    """The text of an XML part, one character a byte, and its charset."""
    charset = charset_of(data, xml=True)
    if charset is None:
        raise DataError(f"its {part[:80]} is not UTF-8")
    text = data.decode("latin-1")
    if re.search(r"<!DOCTYPE[^>\[]*\[|<!ENTITY", text):
        raise DataError(f"its {part[:80]} declares entities; this is not read")
    return text, charset


def _ooxml(data: bytes, kind: str) -> Content:
    package = open_package(data)
    uses: list[Use] = []
    for part, page in _pages(package, kind):
        strict = b"http://purl.oclc.org/ooxml" in page[:8192]  # of other namespaces than the mark is written in
        found = _drawings(package, part, page)
        uses += [replace(use, mark=None) for use in found] if strict else found
    return Content(_numbered(uses), language=_ooxml_language(package), pictures=_pictures(package), whole=True)


def _ooxml_language(package: Package) -> str:
    if "word/styles.xml" not in package.members:
        return ""
    found = re.search(r'<w:lang\b[^>]*w:val="([A-Za-z-]{2,12})"', package.read("word/styles.xml").decode("latin-1"))
    return found[1] if found else ""


def _drawings(package: Package, part: str, page: bytes) -> Iterator[Use]:
    """Pictures of one part, with the text of their paragraph."""
    text, charset = _checked(page, part)
    relations = _relations(package, part)
    stack: list[str] = []
    current: _Drawing | None = None
    waiting: list[_Drawing] = []
    words: list[str] = []
    link: str | None = None
    for tag in read_tags(text, xml=True):
        if not tag.name:
            if stack and stack[-1] == "t" and sum(map(len, words)) < NEAR:
                words.append(decoded(text[tag.start : min(tag.end, tag.start + NEAR)], charset))
            continue
        name = tag.name.rpartition(":")[2]
        if tag.closing:
            if not stack or stack.pop() != name:
                raise DataError(f"its {part[:80]} is damaged")
            if current is not None and current.named is not None:
                current.named.closed(tag, len(stack))
            if current is not None and len(stack) == current.depth:
                waiting.append(current)
                current = None
            elif name == "hyperlink":
                link = None
            elif name == "p" and current is None:
                yield from _drawn(part, waiting, " ".join("".join(words).split()), charset)
                waiting, words = [], []
            continue
        if current is None and name in ("inline", "anchor", "pic") and not tag.empty:
            current = _Drawing(len(stack), link=link)
        elif name == "hyperlink":
            link = relations.get(_related(tag, "id"))
        elif current is not None:
            _noted(current, name, tag, relations, stack)
        if not tag.empty:
            stack.append(name)
            if len(stack) > MOST_DEPTH:
                raise DataError(f"its {part[:80]} is nested deeper than {MOST_DEPTH}")
    yield from _drawn(part, waiting, " ".join("".join(words).split()), charset)


def _noted(drawing: _Drawing, name: str, tag: Tag, relations: dict[str, str], stack: list[str]) -> None:
    """Take what a tag inside a drawing says of it."""
    if name == ("cNvPr" if stack[drawing.depth] == "pic" else "docPr") and drawing.named is None:
        drawing.named = Properties(len(stack), tag)
    elif name == "blip":
        drawing.picture = drawing.picture or relations.get(_related(tag, "embed") or _related(tag, "link"), "")
    elif name == "decorative" and drawing.named is not None:
        drawing.named.marked = True
        drawing.decorative = _value(tag, "val", "utf-8") in ("1", "true")
    elif name == "extLst" and tag.empty and drawing.named is not None:
        drawing.named.marked = True  # a list without an end tag has no place for a mark
    elif name == "hlinkClick":
        drawing.link = relations.get(_related(tag, "id")) or drawing.link


def _related(tag: Tag, name: str) -> str:
    return next((one.raw for key, one in (tag.attributes or {}).items() if key.endswith(f":{name}")), "")


def _value(tag: Tag, name: str, charset: str) -> str | None:
    attribute = (tag.attributes or {}).get(name)
    return None if attribute is None else " ".join(decoded(attribute.raw, charset).split())


def _drawn(part: str, waiting: Sequence[_Drawing], near: str, charset: str) -> Iterator[Use]:
    for drawing in waiting:
        if not drawing.picture or drawing.named is None:
            continue  # a text box, a chart: their words stand in them
        tag = drawing.named.tag
        alt = _value(tag, "descr", charset)
        if drawing.decorative:
            alt = ""
        elif alt is not None and _MADE.fullmatch(alt):
            alt = None
        attribute = (tag.attributes or {}).get("descr")
        if attribute is None or attribute.value is None:
            at = tag.name_end
            slot = Slot(at, at, b' descr="', b'"', "xml", charset, part=part)
        else:
            slot = Slot(*attribute.value, style="xml", charset=charset, quote=attribute.quote, part=part)
        around = Around(href=drawing.link, title=_value(tag, "title", charset) or "", near=near[:NEAR])
        yield Use(drawing.picture, "drawing", part, alt, around, slot, mark=drawing.named.slot(charset, part))


def _pictures(package: Package) -> Callable[[str], bytes | None]:
    def read(source: str) -> bytes | None:
        return package.read(source, MOST_PICTURE) if source in package.members else None

    return read


def _numbered(uses: Sequence[Use]) -> list[Use]:
    seen: dict[str, int] = {}
    result = []
    for use in uses:
        number = seen.get(use.source, 0)
        seen[use.source] = number + 1
        result.append(replace(use, number=number))
    return result


def _opendocument(data: bytes, name: str) -> Content:
    package = open_package(data)
    uses: list[Use] = []
    for part, page in _pages(package, "OpenDocument"):
        uses += _frames(part, page)
    return Content(_numbered(uses), pictures=_pictures(package), whole=True)


def _frames(part: str, page: bytes) -> Iterator[Use]:
    """Pictures of OpenDocument: frames with an image, whose words stand in an `svg:desc` behind it."""
    text, charset = _checked(page, part)
    writable = 'xmlns:svg="' in text
    frames: list[_Frame] = []
    found: list[_Frame] = []
    inner, link = "", ""
    near: list[str] = []
    for tag in read_tags(text, xml=True):
        if not tag.name:
            words = decoded(text[tag.start : min(tag.end, tag.start + 4 * NEAR)], charset)
            if inner == "title":
                frames[-1].title = " ".join(words.split())
            elif inner == "desc":
                frames[-1].words, frames[-1].desc = " ".join(words.split()), (tag.start, tag.end)
            elif sum(map(len, near)) < NEAR:
                near.append(words)
            continue
        name = tag.name.rpartition(":")[2]
        if name == "frame":
            if not tag.closing and not tag.empty:
                frames.append(_Frame(link))
            elif tag.closing and frames:
                frame = frames.pop()
                frame.end = frame.end or tag.start
                found += [frame] if frame.picture is not None else []
        elif name in ("title", "desc") and frames:
            inner = "" if tag.closing or tag.empty else name
            if name == "desc" and not tag.closing:
                frames[-1].desc, frames[-1].wrapped = (
                    ((tag.start, tag.end), True) if tag.empty else ((tag.end, tag.end), False)
                )
        elif name.startswith("contour-") and frames and not tag.closing:
            frames[-1].end = frames[-1].end or tag.start
        elif name == "image" and frames and not tag.closing:
            if frames[-1].picture is None:
                frames[-1].picture = _attribute(tag, "href", charset)
        elif name == "a":
            link = "" if tag.closing else _attribute(tag, "href", charset)
        elif name == "p" and tag.closing and not frames:
            yield from _framed(part, found, " ".join("".join(near).split()), charset, writable)
            found, near = [], []
    yield from _framed(part, found, " ".join("".join(near).split()), charset, writable)


def _attribute(tag: Tag, name: str, charset: str) -> str:
    one = next((one for key, one in (tag.attributes or {}).items() if key.rpartition(":")[2] == name), None)
    return decoded(one.raw, charset) if one else ""


def _framed(part: str, found: Sequence[_Frame], near: str, charset: str, writable: bool) -> Iterator[Use]:
    for frame in found:
        if frame.desc is not None and not frame.wrapped:
            slot = Slot(*frame.desc, style="xml", charset=charset, part=part)
        else:
            place = frame.desc or (frame.end, frame.end)
            slot = Slot(*place, b"<svg:desc>", b"</svg:desc>", "xml", charset, part=part)
        around = Around(href=frame.link or None, title=frame.title, near=near[:NEAR])
        source = unquote(frame.picture or "").removeprefix("./")
        left = "" if writable else "its document knows no svg:desc"
        yield Use(source, "drawing", part, frame.words or None, around, slot, left)


def _epub(data: bytes, name: str) -> Content:
    package = open_package(data)
    if not data.startswith(b"PK\x03\x04") or next(iter(package.members), "") != "mimetype":
        raise DataError("its first member is not “mimetype”, as EPUB asks for; repair the book first")
    if "META-INF/encryption.xml" in package.members:
        encrypted = re.findall(r'URI="([^"]+)"', package.read("META-INF/encryption.xml").decode("latin-1"))
        if any(_PARTS["EPUB"].fullmatch(one) for one in encrypted):
            raise DataError("its pages are encrypted")
    uses: list[Use] = []
    language = ""
    for part, page in _pages(package, "EPUB"):
        _checked(page, part)
        reader = HtmlReader(page, xml=True, part=part, name=part)
        language = language or reader.language
        for use in reader.uses():
            source = use.source
            if not re.match(r"[a-z][a-z0-9+.-]*:", source, re.I):
                source = posixpath.normpath(
                    posixpath.join(posixpath.dirname(part), unquote(re.split("[?#]", source)[0]))
                )
            uses.append(replace(use, source=source, where=f"{part} {use.where}"))
    return Content(_numbered(uses), language=language, pictures=_pictures(package), whole=True)


def write_package(data: bytes, edits: Sequence[tuple[Use, str]]) -> bytes:
    """Put words into the parts of a zip document.

    Raises:
        DataError: the zip cannot be written with everything else kept.
    """
    package = open_package(data)
    slots: dict[str, list[tuple[Slot, str]]] = {}
    for use, words in edits:
        slot = use.slot if words or use.mark is None else use.mark
        if slot is not None:
            slots.setdefault(slot.part, []).append((slot, words))
    return with_members(package, {part: spliced(package.read(part), found) for part, found in slots.items()})


def _format(name: str, suffixes: tuple[str, ...], read: Callable[[bytes, str], Content]) -> Format:
    return Format(name, suffixes, read, write_package, MOST_ZIPPED, brackets=name != "EPUB")


WORD = _format("Word", (".docx", ".docm"), lambda data, name: _ooxml(data, "Word"))
SLIDES = _format("PowerPoint", (".pptx", ".pptm"), lambda data, name: _ooxml(data, "PowerPoint"))
SHEET = _format("Excel", (".xlsx", ".xlsm"), lambda data, name: _ooxml(data, "Excel"))
OPEN = _format("OpenDocument", (".odt", ".odp", ".ods", ".odg"), _opendocument)
EPUB = _format("EPUB", (".epub",), _epub)
