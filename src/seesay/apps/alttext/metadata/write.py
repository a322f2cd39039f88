"""Words written into photos: XMP always; IPTC's and EXIF's descriptions where a photo has no description at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from seesay.apps.alttext.metadata import exif, iptc
from seesay.apps.alttext.metadata.files import Blocks, kind_of, parts_of, read_blocks, with_blocks
from seesay.apps.alttext.metadata.words import MOST_BYTES, older_description, sidecar_of
from seesay.apps.alttext.metadata.xmp import Mark, Packet, read_packet, with_words, without_mark
from seesay.apps.alttext.placing import put_in_place
from seesay.errors import DataError
from seesay.reading import read_file

IN_FILE = {"JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"), "PNG": (".png",), "WebP": (".webp",), "TIFF": (".tif", ".tiff")}
"""Kinds that are written in the file itself, by their names; all others get a sidecar."""

_MOST_EXIF = 65000
"""Bytes that fit into a JPEG's segment."""


@dataclass(frozen=True)
class Words:
    """What is written.

    Attributes:
        alt: the alt text.
        describe: whether the description fields get it too, where a photo has no description.
        mark: that a model wrote it.
    """

    alt: str
    describe: bool = True
    mark: Mark | None = None


def embedded(data: bytes, words: Words, *, again: bool = False) -> bytes:
    """A JPEG, PNG, WebP or TIFF with words; its pixels, and all that is not metadata, are the same bytes.

    Args:
        data: the file.
        words: what is written.
        again: take the place of a model's words, where they are as that model wrote them.

    Raises:
        DataError: it is damaged, or has alt text already.
    """
    blocks = read_blocks(data)
    packet = read_packet(blocks.xmp) if blocks.xmp is not None else Packet()
    old = packet.marked if again and packet.mark is not None and packet.alt == packet.marked else ""
    if packet.alt is not None and not old:
        raise DataError("it has alt text already")
    if old and blocks.xmp is not None:
        blocks = replace(blocks, xmp=without_mark(blocks.xmp))
        packet = read_packet(blocks.xmp or b"")
    older = older_description(blocks)
    none = not packet.description and older in ("", old)
    describe = words.alt if words.describe and none and packet.description is None else None
    xmp = with_words(blocks.xmp, alt=words.alt, description=describe, mark=words.mark)
    if blocks.kind == "TIFF":
        made = _tiff(data, xmp, describe, old)
    else:
        made = with_blocks(data, _older(replace(blocks, xmp=xmp), describe, old))
    _check(data, made, words.alt)
    return made


def _older(blocks: Blocks, text: str | None, old: str) -> Blocks:
    """EXIF's and IPTC's descriptions of a JPEG; where there is such a block already, it is left or added to safely."""
    if text is None or blocks.kind != "JPEG":
        return blocks
    if blocks.exif is not None:
        try:
            directory = exif.read_directory(blocks.exif)
            there = exif.text_of(directory.value(blocks.exif, exif.DESCRIPTION))
            if exif.DESCRIPTION not in directory.entries or (old and there == old):
                made = exif.with_values(blocks.exif, {exif.DESCRIPTION: exif.ascii_value(text)})
                blocks = replace(blocks, exif=made) if len(made) <= _MOST_EXIF else blocks
        except DataError:
            pass  # EXIF that is damaged stays as it is
    if blocks.iptc is None or (old and blocks.iptc == iptc.new_resources(old)):
        blocks = replace(blocks, iptc=iptc.new_resources(text))
    return blocks


def _tiff(data: bytes, xmp: bytes, describe: str | None, old: str) -> bytes:
    values: dict[int, tuple[int, bytes]] = {exif.XMP: (1, xmp)}
    directory = exif.read_directory(data)
    there = exif.text_of(directory.value(data, exif.DESCRIPTION))
    if describe is not None and (exif.DESCRIPTION not in directory.entries or (old and there == old)):
        values[exif.DESCRIPTION] = exif.ascii_value(describe)
    return exif.with_values(data, values)


def _check(old: bytes, new: bytes, alt: str) -> None:
    """See to it that nothing but metadata changed, and that the words are there.

    Raises:
        DataError: it is not so; then nothing is written.
    """
    blocks = read_blocks(new)
    if blocks.xmp is None or read_packet(blocks.xmp).alt != alt:
        raise DataError("the words cannot be read back")
    if blocks.kind == "TIFF":
        if new[:4] != old[:4] or new[8 : len(old)] != old[8:]:
            raise DataError("more than metadata would change")
        return
    if _others(old) != _others(new):
        raise DataError("more than metadata would change")


def _others(data: bytes) -> list[bytes]:
    kept = []
    for part in parts_of(data):
        if part.kind in ("xmp", "exif", "iptc", "features") or (part.kind == "start" and kind_of(data) == "WebP"):
            continue
        kept.append(part.data)
    return kept


def write_words(path: Path, words: Words, *, backup: bool = False, again: bool = False) -> Path:
    """Write words into a photo, or into the .xmp file beside it where its kind is not written in the file.

    Args:
        path: the photo.
        words: what is written.
        backup: keep the photo as it was beside it, as NAME.bak.
        again: take the place of a model's words, where they are as that model wrote them.

    Returns:
        The file that was written.

    Raises:
        DataError: the photo is damaged, or has alt text already; nothing was written.
        OSError: it cannot be read or written.
    """
    data = read_file(path, MOST_BYTES)
    kind = kind_of(data[:64])
    if kind and path.suffix.lower() in IN_FILE[kind]:
        made, target, before = embedded(data, words, again=again), path.resolve(), data
    else:
        target = sidecar_of(path)
        there = read_file(target, 16 << 20) if target.exists() else None
        packet, before = read_packet(there) if there is not None else Packet(), there or b""
        if again and there is not None and packet.mark is not None and packet.alt == packet.marked:
            there = without_mark(there)
            packet = read_packet(there)
        if packet.alt is not None:
            raise DataError("its sidecar has alt text already")
        describe = words.alt if words.describe and packet.description is None else None
        made = with_words(there, alt=words.alt, description=describe, mark=words.mark)
    put_in_place(target, before, made, backup=backup)
    return target
