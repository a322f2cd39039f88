"""XMP packets: the words in them, and words added without changing what else they hold.

Properties after the IPTC Photo Metadata Standard 2023.1 (Alt Text and Extended Description of IPTC Core 1.3) and XMP
part 1 (ISO 16684-1).
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.parsers import expat

from seesay.apps.alttext.tags import read_tags
from seesay.errors import DataError
from seesay.text.alt_words import plain

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
DC = "http://purl.org/dc/elements/1.1/"
OWN = "urn:seesay:alt-text/1.0/"
"""Namespace of the mark on words that a model wrote."""
LARGEST = 16 << 20
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_BLOCK = re.compile(
    rb'<rdf:Description xmlns:rdf="[^"]*" xmlns:Iptc4xmpCore="[^"]*"(?: xmlns:dc="[^"]*")? xmlns:seesay="'
    + re.escape(OWN.encode())
    + rb'" rdf:about="[^"]*">(?:(?!<rdf:Description)[\s\S])*?</rdf:Description>'
)
_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"></rdf:RDF></x:xmpmeta>'.encode()


@dataclass(frozen=True)
class Mark:
    """Who wrote the alt text, where a model did.

    Attributes:
        model, version: of the model.
        confidence: the chance that a person would accept the words; None where it does not say.
        date: when, in ISO 8601.
    """

    model: str
    version: str
    confidence: float | None
    date: str


@dataclass(frozen=True)
class Packet:
    """What a packet says of its picture; None where it says nothing.

    Attributes:
        alt: `Iptc4xmpCore:AltTextAccessibility`.
        extended: `Iptc4xmpCore:ExtDescrAccessibility`.
        description: `dc:description`.
        mark: on words of a model, as they were written.
        marked: the words that the mark is about.
    """

    alt: str | None = None
    extended: str | None = None
    description: str | None = None
    mark: Mark | None = None
    marked: str = ""


def read_packet(data: bytes) -> Packet:
    """The words of a packet.

    Raises:
        DataError: it is no XML, is too large, or declares entities.
    """
    root = _parsed(data)
    found: dict[str, str] = {}
    for description in root.iter(f"{{{RDF}}}Description"):
        for name, value in description.attrib.items():
            found.setdefault(name, value)
        for child in description:
            if child.tag not in found:
                found[child.tag] = _text(child)
    mark = None
    if model := found.get(f"{{{OWN}}}AltTextModel"):
        confidence = found.get(f"{{{OWN}}}AltTextConfidence", "")
        sure = float(confidence) if re.fullmatch(r"[01](?:\.\d{1,8})?", confidence) else None
        version, date = (found.get(f"{{{OWN}}}AltText{name}", "") for name in ("Version", "Date"))
        mark = Mark(plain(model, 100), plain(version, 100), sure, plain(date, 40))
    return Packet(
        found.get(f"{{{CORE}}}AltTextAccessibility"),
        found.get(f"{{{CORE}}}ExtDescrAccessibility"),
        found.get(f"{{{DC}}}description"),
        mark,
        found.get(f"{{{OWN}}}AltTextWords", ""),
    )


def with_words(
    data: bytes | None,
    *,
    alt: str,
    description: str | None = None,
    extended: str | None = None,
    mark: Mark | None = None,
) -> bytes:
    """A packet with words added; all that it held stays byte for byte.

    Args:
        data: the packet; None for a new one.
        alt: the alt text.
        description: a caption for `dc:description`; None to leave it.
        extended: a longer description; None to leave it.
        mark: that a model wrote the alt text.

    Raises:
        DataError: the packet is damaged, of another charset than UTF-8, or has one of these words already.
    """
    if data is None:
        data = _HEAD + _EMPTY + b"\n" + b'<?xpacket end="w"?>'
    else:
        known = read_packet(data)
        for name, value in (("alt", known.alt), ("description", known.description), ("extended", known.extended)):
            if value is not None and {"alt": alt, "description": description, "extended": extended}[name] is not None:
                raise DataError(f"its XMP has a {name} already")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise DataError("its XMP is not UTF-8") from None
    at, about = _place(data)
    rows = [("Iptc4xmpCore", "AltTextAccessibility", alt)]
    if extended is not None:
        rows.append(("Iptc4xmpCore", "ExtDescrAccessibility", extended))
    if description is not None:
        rows.append(("dc", "description", description))
    spaces = f' xmlns:rdf="{RDF}" xmlns:Iptc4xmpCore="{CORE}"'
    spaces += f' xmlns:dc="{DC}"' if description is not None else ""
    marks = ""
    if mark is not None:
        spaces += f' xmlns:seesay="{OWN}"'
        values: list[tuple[str, str]] = [("Model", mark.model), ("Version", mark.version), ("Date", mark.date)]
        if mark.confidence is not None:
            values.append(("Confidence", f"{mark.confidence:.4f}"))
        values.append(("Words", alt))
        marks = "".join(f"<seesay:AltText{name}>{_escaped(value)}</seesay:AltText{name}>" for name, value in values)
    body = "".join(
        f'<{prefix}:{name}><rdf:Alt><rdf:li xml:lang="x-default">{_escaped(value)}</rdf:li></rdf:Alt></{prefix}:{name}>'
        for prefix, name, value in rows
    )
    block = f'<rdf:Description{spaces} rdf:about="{_escaped(about)}">{body}{marks}</rdf:Description>'
    made = data[:at] + block.encode() + data[at:]
    read = read_packet(made)
    if read.alt != alt or (description is not None and read.description != description):
        raise DataError("its XMP cannot be added to")
    return made


def without_mark(data: bytes) -> bytes:
    """A packet without the block of words that `with_words` added with a mark; the same where there is none."""
    return _BLOCK.sub(b"", data, count=1)


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)


def _parsed(data: bytes) -> ElementTree.Element:
    if len(data) > LARGEST:
        raise DataError(f"its XMP has {len(data)} bytes")
    data = data.rstrip(b"\0")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError("its XMP declares a document type, or is not UTF-8")
    depth, deepest = 0, 0
    for tag in read_tags(data.decode("latin-1"), xml=True):
        if tag.name and not tag.empty:
            depth += -1 if tag.closing else 1
            deepest = max(deepest, depth)
    if deepest > 200:
        raise DataError("its XMP is nested too deep")
    try:
        return ElementTree.fromstring(data)  # entities cannot be declared, and nothing is fetched
    except (ElementTree.ParseError, expat.ExpatError, ValueError, LookupError) as error:
        raise DataError(f"its XMP is damaged ({' '.join(str(error).split())[:80]})") from None


def _text(element: ElementTree.Element) -> str:
    items = list(element.iter(f"{{{RDF}}}li"))
    if not items:
        return element.text or ""
    first = next((item for item in items if item.get(_LANG) == "x-default"), items[0])
    return first.text or ""


def _place(data: bytes) -> tuple[int, str]:
    """The byte before the end tag of rdf:RDF, and what the packet is about."""
    root = _parsed(data)
    first = next(root.iter(f"{{{RDF}}}Description"), None)
    about = "" if first is None else first.get(f"{{{RDF}}}about") or first.get("about") or ""
    open_names: list[tuple[str, bool]] = []
    for tag in read_tags(data.rstrip(b"\0").decode("latin-1"), xml=True):
        if not tag.name:
            continue
        if tag.closing:
            if open_names and open_names.pop()[1]:
                return tag.start, about
            continue
        spaces = [one.raw for name, one in (tag.attributes or {}).items() if name.startswith("xmlns")]
        is_rdf = tag.name.rpartition(":")[2] == "RDF" and (RDF in spaces or tag.name == "rdf:RDF")
        if not tag.empty:
            open_names.append((tag.name, is_rdf))
    raise DataError("its XMP has no rdf:RDF to add to")


def packets_in(parts: Sequence[bytes]) -> bytes | None:
    """The one packet of a file.

    Raises:
        DataError: there are several.
    """
    if len(parts) > 1:
        raise DataError("it has several XMP packets")
    return parts[0] if parts else None
