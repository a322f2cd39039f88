"""Files made to cost long: refused by a line each, at little cost."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from seesay.cli import run
from seesay.errors import MediaError
from seesay.media import FrameSampling, Preprocessing, load_clip, open_picture
from seesay.media.animation import Animation
from seesay.media.frame_source import MAX_SECONDS, FrameSource

SMALL = Preprocessing((16, 16))


def jpeg(**options: object) -> bytes:
    file = io.BytesIO()
    Image.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 9).convert("RGB").save(file, "JPEG", **options)
    return file.getvalue()


def segment(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(content) + 2) + content


def gif(frames: int, comment: bytes = b"") -> bytes:
    """Frames of one pixel, in turns black and white."""
    pieces = [comment[i : i + 255] for i in range(0, len(comment), 255)]
    said = b"!\xfe" + b"".join(bytes([len(p)]) + p for p in pieces) + b"\0" if comment else b""
    each = [b"!\xf9\x04\0\x05\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02" + pixel + b"\0" for pixel in (b"D\x01", b"L\x01")]
    head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"
    return head + said + b"".join(each[i % 2] for i in range(frames)) + b";"


def test_scans_of_a_jpeg() -> None:
    data = jpeg(progressive=True)
    assert open_picture(data).size == (64, 48)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(MediaError, match=r"has 2\d\d\d scans where photos have up to 20; at most 100 are read"):
        open_picture(data[:-2] + 2000 * scan + data[-2:])


def test_a_single_scan_is_not_counted() -> None:
    data = jpeg()
    assert open_picture(data + 200 * b"\xff\xda").size == (64, 48)


@pytest.mark.parametrize(
    ("kind", "content", "count", "message"),
    [
        (0xFE, b"x" * 65533, 1100, "more than 64 MiB of metadata"),
        (0xE1, b"Exif\0\0" + b"x" * 65000, 70, "more than 4 MiB of EXIF"),
        (0xE5, b"x" * 65533, 1100, "more than 64 MiB of metadata"),
    ],
)
def test_metadata_of_a_jpeg(kind: int, content: bytes, count: int, message: str) -> None:
    data = jpeg()
    with pytest.raises(MediaError, match=message):
        open_picture(data[:2] + segment(kind, content) * count + data[2:])
    assert open_picture(data[:2] + segment(kind, content) * 10 + data[2:]).size == (64, 48)


def test_comments_of_a_gif() -> None:
    with pytest.raises(MediaError, match="more than 4 MiB of comments"):
        open_picture(gif(2, b"c" * (5 << 20)))
    assert open_picture(gif(2, b"c" * 70_000)).size == (1, 1)


def test_frames_of_an_animated_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seesay.media.animation.MAX_ANIMATED_FRAMES", 300)
    assert len(list(Animation(io.BytesIO(gif(300))).frames(0.0))) == 300
    with pytest.raises(MediaError, match="too many frames for an animated picture"):
        load_clip(gif(301), SMALL, FrameSampling(frames=2))


def test_seconds_of_decoding(monkeypatch: pytest.MonkeyPatch, tmp_path, capsys) -> None:
    (tmp_path / "a.gif").write_bytes(gif(50))
    monkeypatch.setattr(FrameSource, "max_seconds", 1e-6)
    for read in (
        lambda: load_clip(tmp_path / "a.gif", SMALL, FrameSampling(frames=2)),
        lambda: load_clip(tmp_path / "a.gif", SMALL, FrameSampling("stride", frames=2)),
    ):
        with pytest.raises(MediaError, match=r"decoding takes longer than 1e-06 s; .*--max-seconds"):
            read()
    assert run(["caption", str(tmp_path / "a.gif"), "--max-seconds", "0.001"]) in (0, 1)
    assert FrameSource.max_seconds == 0.001
    assert run(["caption", str(tmp_path / "a.gif")]) == 0
    assert FrameSource.max_seconds == MAX_SECONDS
    assert run(["caption", str(tmp_path / "a.gif"), "--max-seconds", "0"]) == 2
    capsys.readouterr()
