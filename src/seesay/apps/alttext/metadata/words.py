"""The words that a picture brings along: XMP, IPTC, EXIF, a sidecar beside it, or an SVG's title."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seesay.apps.alttext.metadata import exif, iptc
from seesay.apps.alttext.metadata.files import Blocks, kind_of, read_blocks
from seesay.apps.alttext.metadata.xmp import Packet, read_packet
from seesay.apps.alttext.tags import charset_of, decoded, read_tags
from seesay.errors import DataError
from seesay.reading import read_file
from seesay.text.alt_words import meaningful, plain

MOST_BYTES = 1 << 30
_HEAD = 64


@dataclass(frozen=True)
class PhotoWords:
    """Words of a picture's own metadata; empty where it has none.

    Attributes:
        alt: the alt text that somebody gave it, the reason to look no further.
        extended: a longer description.
        description: XMP's, IPTC's or EXIF's description, which is often a caption.
        machine: the model that wrote the alt text, where it is as that model wrote it.
        vector: whether it is an SVG.
    """

    alt: str = ""
    extended: str = ""
    description: str = ""
    machine: str = ""
    vector: bool = False


def words_of(source: Path | bytes) -> PhotoWords:
    """The words of a picture; those that cannot be read are as if they were not there."""
    try:
        if isinstance(source, Path):
            with source.open("rb") as handle:
                head = handle.read(_HEAD)
        else:
            head = source[:_HEAD]
        beside = read_sidecar(source) if isinstance(source, Path) else Packet()
        if _is_svg(source, head):
            return _svg(source if isinstance(source, bytes) else read_file(source, 16 << 20))
        found = Blocks("")
        if kind_of(head):
            found = read_blocks(source if isinstance(source, bytes) else read_file(source, MOST_BYTES))
    except (OSError, DataError):
        return PhotoWords()
    try:
        inside = read_packet(found.xmp) if found.xmp is not None else Packet()
    except DataError:
        inside = Packet()
    packet = beside if beside.alt else inside
    description = inside.description or beside.description or older_description(found)
    mark = packet.mark if packet.alt == packet.marked else None
    return PhotoWords(
        plain(packet.alt or ""),
        plain(inside.extended or beside.extended or ""),
        plain(description) if description and meaningful(description) else "",
        f"{mark.model} ({mark.date})" if mark else "",
    )


def older_description(blocks: Blocks) -> str:
    """The caption of IPTC's older record, else EXIF's description."""
    try:
        if blocks.iptc is not None and (text := iptc.caption_of(blocks.iptc)):
            return text
    except DataError:
        pass
    try:
        if blocks.exif is not None:
            return exif.text_of(exif.read_directory(blocks.exif).value(blocks.exif, exif.DESCRIPTION))
    except DataError:
        pass
    return ""


def sidecar_of(path: Path) -> Path:
    """The .xmp file beside a picture: the one that is there, else the name that it would have."""
    whole, stem = path.with_name(f"{path.name}.xmp"), path.with_suffix(".xmp")
    if whole.exists():
        return whole
    if stem.exists():
        return stem
    alone = all(one == path or one.suffix.lower() == ".xmp" for one in path.parent.glob(f"{_literal(path.stem)}.*"))
    return stem if alone else whole


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def read_sidecar(path: Path) -> Packet:
    """What the .xmp file beside a picture says; nothing where there is none, or it is damaged."""
    try:
        return read_packet(read_file(sidecar_of(path), 16 << 20))
    except (OSError, DataError):
        return Packet()


def _is_svg(source: Path | bytes, head: bytes) -> bool:
    if isinstance(source, Path) and source.suffix.lower() == ".svg":
        return True
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"<svg", b"<?xml")) and not kind_of(head)


def _svg(data: bytes) -> PhotoWords:
    """The title and desc of the outermost svg."""
    charset = charset_of(data, xml=True) or "utf-8"
    text = data.decode("latin-1")
    depth, inner = 0, ""
    found: dict[str, str] = {}
    for tag in read_tags(text, xml=True):
        if not tag.name:
            if inner and inner not in found:
                found[inner] = plain(decoded(text[tag.start : tag.end], charset))
            continue
        name = tag.name.rpartition(":")[2]
        if tag.closing:
            depth -= 1
            inner = ""
        elif not tag.empty:
            depth += 1
            inner = name if depth == 2 and name in ("title", "desc") else ""
    title = found.get("title", "")
    return PhotoWords(title if meaningful(title) else "", found.get("desc", ""), vector=True)
