"""Tags of HTML and XML with the bytes that they stand at, read as browsers read them and never made anew.

After the tokenizer of the HTML standard (https://html.spec.whatwg.org/multipage/parsing.html#tokenization), as far as
tags, attributes, comments and raw text go. Entities are decoded in values, and none is ever declared or fetched. Text
is handled as Latin-1, one character a byte: in every charset that is read here, the signs of markup are ASCII.
"""

from __future__ import annotations

import html
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

MASK = "\x1a"
"""What stands for template expressions."""
_TEMPLATES = re.compile(
    r"\{\{(?:(?!\{\{)[\s\S]){0,4000}?\}\}|\{%(?:(?!\{%)[\s\S]){0,4000}?%\}|\{#(?:(?!\{#)[\s\S]){0,4000}?#\}"
    r"|<%(?:(?!<%)[\s\S]){0,4000}?%>|<\?(?:php|=|\s)(?:(?!<\?)[\s\S]){0,20000}?\?>"
)
_NEXT = re.compile(r"<(?:!--|!\[CDATA\[|[!?]|/[A-Za-z]|/|[A-Za-z_])")
_NAME = re.compile(r"[^\s/>]+")
_SPACE = re.compile(r"[ \t\n\r\f/]*")
_GAP = re.compile(r"[ \t\n\r\f]*")
_KEY = re.compile(r"=?[^\s/>=]*")
_BARE = re.compile(r"[^ \t\n\r\f>]*")
_SCRIPT = re.compile(r"<!--|-->|<script[\s/>]|</script(?=[\s/>])", re.I)
RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes"})
ESCAPABLE = frozenset({"textarea", "title"})
MOST_ATTRIBUTES = 1000


@dataclass(frozen=True)
class Attribute:
    """An attribute of a tag.

    Attributes:
        name: in lower case in HTML, as written in XML.
        raw: the value as written, one character a byte.
        start, end: bytes of the whole attribute.
        value: bytes of the value, without quotes; None where there is no value.
        quote: around the value, or empty.
    """

    name: str
    raw: str
    start: int
    end: int
    value: tuple[int, int] | None
    quote: str


@dataclass(frozen=True)
class Tag:
    """A start or end tag, or a piece of text (`name` empty).

    Attributes:
        name: in lower case in HTML.
        start, end: its bytes.
        name_end: the byte after its name.
        closing: whether it is an end tag.
        empty: whether it ends in "/>".
        attributes: by name; of two with one name the first counts.
    """

    name: str
    start: int
    end: int
    name_end: int = 0
    closing: bool = False
    empty: bool = False
    attributes: dict[str, Attribute] | None = None
    raw: bool = False


class Lines:
    """Line and column of bytes, asked for in order."""

    def __init__(self, text: str) -> None:
        self.text, self.line, self.begin, self.place = text, 1, 0, 0

    def where(self, place: int) -> str:
        """Line and column of a byte that is not before the last one asked for, both from 1 on."""
        count = self.text.count("\n", self.place, place)
        if count:
            self.line += count
            self.begin = self.text.rfind("\n", 0, place) + 1
        self.place = place
        return f"{self.line}:{place - self.begin + 1}"


def masked(text: str) -> str:
    """Text of a template language's page, each expression as long a run of `MASK`."""
    return _TEMPLATES.sub(lambda found: MASK * len(found.group()), text)


def decoded(raw: str, charset: str) -> str:
    """A value or text as written (one character a byte), as it reads."""
    return html.unescape(raw.encode("latin-1").decode(charset, "replace"))


def read_tags(text: str, *, xml: bool = False) -> Iterator[Tag]:
    """Tags and texts in order; comments, declarations and instructions are passed over.

    Args:
        text: the document, one character a byte.
        xml: read as XML: names keep their case, no element is raw text, "/>" closes.
    """
    place, size = 0, len(text)
    while place < size:
        found = _NEXT.search(text, place)
        start = found.start() if found else size
        if start > place:
            yield Tag("", place, start)
        if found is None:
            return
        sign = found.group()
        if sign[1] in "!?" or sign == "</":
            place = yield from _passed(text, start, sign, xml)
            continue
        tag = _tag(text, start, sign[1] == "/", xml)
        if tag is None:  # the file ends in it
            return
        yield tag
        place = tag.end
        if not xml and not tag.closing:
            if tag.name == "plaintext":
                return
            if tag.name in RAW or tag.name in ESCAPABLE:
                stop = _raw_end(text, place, tag.name)
                yield Tag("", place, stop, raw=tag.name != "title")
                place = stop


def _passed(text: str, start: int, sign: str, xml: bool) -> Generator[Tag, None, int]:
    """Pass over a comment and the like; text of CDATA is given."""
    size = len(text)
    if sign == "<!--":
        if not xml and (short := re.compile(r"<!--(?:>|->)").match(text, start)):
            return short.end()
        end = re.compile("-->" if xml else r"--!?>").search(text, start + 4)
        return end.end() if end else size
    if sign == "<![CDATA[" and xml:
        end_at = text.find("]]>", start)
        end_at = size if end_at < 0 else end_at
        yield Tag("", start + 9, end_at, raw=True)
        return min(size, end_at + 3)
    if xml and sign == "<!":  # a document type, perhaps with declarations of its own
        inner = re.compile(r"[\[>]").search(text, start)
        if inner and inner.group() == "[":
            closed = re.compile(r"\]\s*>").search(text, inner.end())
            return closed.end() if closed else size
    stop = text.find("?>" if xml and sign == "<?" else ">", start)
    return size if stop < 0 else stop + (2 if xml and sign == "<?" else 1)


def _tag(text: str, start: int, closing: bool, xml: bool) -> Tag | None:
    named = _NAME.match(text, start + 1 + closing)
    if named is None:
        return None
    name = named.group() if xml else named.group().lower()
    place, size = named.end(), len(text)
    attributes: dict[str, Attribute] = {}
    count = 0
    while True:
        gap = _SPACE.match(text, place)
        assert gap is not None
        slash = gap.group().endswith("/")
        place = gap.end()
        if place >= size:
            return None
        if text[place] == ">":
            return Tag(name, start, place + 1, named.end(), closing, slash, attributes)
        attribute = _attribute(text, place, xml)
        if attribute is None:
            return None
        place = attribute.end
        count += 1
        if count <= MOST_ATTRIBUTES:
            attributes.setdefault(attribute.name, attribute)


def _attribute(text: str, start: int, xml: bool) -> Attribute | None:
    key = _KEY.match(text, start)
    assert key is not None
    name = key.group() if xml else key.group().lower()
    gap = _GAP.match(text, key.end())
    assert gap is not None
    equals = gap.end()
    if text[equals : equals + 1] != "=":
        return Attribute(name, "", start, key.end(), None, "")
    gap = _GAP.match(text, equals + 1)
    assert gap is not None
    place = gap.end()
    sign = text[place : place + 1]
    if sign in ('"', "'"):
        stop = text.find(sign, place + 1)
        if stop < 0:
            return None
        return Attribute(name, text[place + 1 : stop], start, stop + 1, (place + 1, stop), sign)
    if sign == ">":
        return Attribute(name, "", start, place, None, "")
    bare = _BARE.match(text, place)
    assert bare is not None
    return Attribute(name, bare.group(), start, bare.end(), (place, bare.end()), "")


def _raw_end(text: str, start: int, name: str) -> int:
    if name != "script":
        found = re.compile(rf"</{name}(?=[\s/>])", re.I).search(text, start)
        return found.start() if found else len(text)
    escaped = inner = False
    for found in _SCRIPT.finditer(text, start):
        sign = found.group().lower()
        if sign == "<!--":
            escaped = True
        elif sign == "-->":
            escaped = inner = False
        elif sign.startswith("</"):
            if not inner:
                return found.start()
            inner = False
        elif escaped:
            inner = True
    return len(text)


def charset_of(data: bytes, *, xml: bool = False) -> str | None:
    """The charset of a document in whose bytes markup is ASCII; None for another: UTF-16, UTF-32, ISO-2022.

    A byte-order mark decides, then what the document says; else UTF-8 where it is that, and Windows-1252.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] in (b"\0<\0?", b"<\0?\0", b"\0\0\0<"):
        return None
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    head = data[:2048].decode("latin-1")
    pattern = r"<\?xml[^>]*encoding\s*=\s*[\"']([\w.:-]+)" if xml else r"<meta[^>]*charset\s*=\s*[\"']?\s*([\w.:-]+)"
    found = re.search(pattern, head, re.I)
    if found is not None:
        return _known(found[1])
    try:
        data.decode()
        return "utf-8"
    except UnicodeDecodeError:
        return "utf-8" if xml else "cp1252"


def _known(name: str) -> str | None:
    import codecs

    try:
        found = codecs.lookup(name)
        plain = bytes(range(32, 127)).decode(found.name, "replace")
    except (LookupError, UnicodeError, TypeError, ValueError):
        return "utf-8"
    codec = found.name
    if codec.startswith(("utf-16", "utf-32")):
        return "utf-8"  # it was read as ASCII so far: the standard has UTF-8 for this
    if codec.startswith(("iso2022", "hz", "utf-7", "cp037", "cp500", "cp1140")):
        return None
    if codec in ("ascii", "iso8859-1"):
        return "cp1252"  # as browsers take these two
    different = {one for one, byte in zip(plain, range(32, 127), strict=False) if ord(one) != byte}
    return codec if len(plain) == 95 and different <= {"¥", "‾"} else "utf-8"
