"""Cameras' raw files: their embedded JPEG is read, their thumbnail is not taken for the photo."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from seesay.errors import MediaError
from seesay.media import find_pictures, open_picture


def jpeg(color: str, size: tuple[int, int], orientation: int = 0) -> bytes:
    exif = Image.Exif()
    if orientation:
        exif[274] = orientation
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "JPEG", exif=exif if orientation else b"")
    return file.getvalue()


def tiff(tags: dict[int, tuple[int, ...]], magic: bytes = b"II*\0", after: bytes = b"") -> bytes:
    """A thumbnail of 4 × 2 black pixels with these tags, and other bytes after it."""
    pixels = bytes(8)
    values = {256: (4,), 257: (2,), 258: (8,), 259: (1,), 262: (1,), 277: (1,), 278: (2,), 279: (8,)} | tags
    start = 8 + 2 + 12 * (len(values) + 1) + 4
    values[273] = (start,)
    entries = b"".join(struct.pack("<HHIHH", n, 3, len(v), *(*v, 0)[:2]) for n, v in sorted(values.items()))
    return magic + struct.pack("<IH", 8, len(values)) + entries + bytes(4) + pixels + after


LOSSLESS = b"\xff\xd8\xff\xc3\0\x11\x0e\x20\0\x20\0\2" + bytes(64)
INSIDE = LOSSLESS + jpeg("lime", (60, 40)) + jpeg("blue", (160, 120)) + b"\xff\xd8\xff" + bytes(200)
KINDS = {
    "NEF": tiff({254: (1,), 330: (9000,), 274: (6,)}, after=INSIDE),
    "DNG": tiff({254: (1,), 50706: (1, 4), 274: (6,)}, after=INSIDE),
    "sensor first": tiff({262: (32803,), 274: (6,)}, after=INSIDE),
    "ORF": tiff({274: (6,)}, b"IIRO", INSIDE),
    "RW2": tiff({274: (6,)}, b"IIU\0", INSIDE),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom\0\0\0\0CMT1" + tiff({274: (6,)}) + INSIDE,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_jpeg_is_read_and_turned(kind: str) -> None:
    shown = open_picture(KINDS[kind])
    assert shown.size == (120, 160)
    assert np.asarray(shown).reshape(-1, 3).mean(0).argmax() == 2


def test_its_own_orientation_is_stronger() -> None:
    inside = jpeg("blue", (160, 120), orientation=1)
    assert open_picture(tiff({254: (1,), 330: (9000,), 274: (6,)}, after=inside)).size == (160, 120)


def test_without_one_it_is_refused() -> None:
    with pytest.raises(MediaError, match="camera raw with a thumbnail alone"):
        open_picture(tiff({254: (1,), 330: (9000,)}, after=LOSSLESS))


def test_an_ordinary_tiff_is_itself() -> None:
    assert open_picture(tiff({}, after=INSIDE)).size == (4, 2)
    assert open_picture(tiff({254: (1,)}, after=INSIDE)).size == (4, 2), "a reduced picture and nothing else"


def test_folders_leave_them_out_and_say_so(tmp_path) -> None:
    (tmp_path / "a.NEF").write_bytes(KINDS["NEF"])
    (tmp_path / "a.jpg").write_bytes(jpeg("red", (16, 16)))
    left: list[tuple[object, str]] = []
    found = list(find_pictures([tmp_path], left_out=lambda path, kind: left.append((path, kind))))
    assert found == [tmp_path / "a.jpg"]
    assert left == [(tmp_path / "a.NEF", "camera raw")]
