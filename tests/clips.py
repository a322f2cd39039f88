"""Clips made on the fly, whose frames tell their own number."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av = pytest.importorskip("av", reason="clips need PyAV: pip install 'seesay[video]'")

BITS = 10


def numbered(number: int, height: int = 48, width: int = 80) -> np.ndarray:
    """A frame with its number in black and white bars, most significant first: uint8 (H, W, 3)."""
    bits = [number >> place & 1 for place in reversed(range(BITS))]
    row = np.repeat(np.array(bits, np.uint8) * 255, -(-width // BITS))[:width]
    return np.repeat(np.repeat(row[None, :, None], height, 0), 3, 2)


def numbers(pixels: np.ndarray) -> list[int]:
    """The numbers that frames (F, H, W, 3) show."""
    found = []
    for frame in pixels:
        bars = np.array_split(frame.astype(float).mean((0, 2)), BITS)
        found.append(int("".join("1" if bar[len(bar) // 4 : -len(bar) // 4].mean() > 128 else "0" for bar in bars), 2))
    return found


def encode(
    frames: int | Iterable[np.ndarray] = 30,
    *,
    format: str = "mp4",
    codec: str = "libx264",
    rate: int = 10,
    pix_fmt: str = "yuv420p",
    times: Sequence[float] | None = None,
    options: dict[str, str] | None = None,
    turned: tuple[float, bool, bool] | None = None,
    aspect: Fraction | None = None,
    container_options: dict[str, str] | None = None,
) -> bytes:
    """A clip as the bytes of a file.

    Args:
        frames: how many numbered ones, or the frames themselves, uint8 (H, W, 3).
        times: when each is shown, in seconds, for a variable frame rate; None for `rate` a second.
        turned: degrees, whether flipped from side to side, whether upside down: how a player must turn it.
    """
    pictures = iter([numbered(i) for i in range(frames)] if isinstance(frames, int) else frames)
    first = next(pictures)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format, container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.thread_count = 1
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if turned:
            stream.set_display_rotation(turned[0], hflip=turned[1], vflip=turned[2])
        for number, picture in enumerate([first, *pictures]):
            # One thread: with several, the same 10-bit frame does not always come out the same.
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt, threads=1)
            if times is not None:
                frame.pts, frame.time_base = round(times[number] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def sound(format: str = "mp4", codec: str = "aac", seconds: float = 0.5) -> bytes:
    """A file with nothing to see."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format) as container:
        stream = container.add_stream(codec, rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, round(16000 * seconds)), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


MODALITIES: dict[str, dict[str, Any]] = {
    "mp4": {"format": "mp4", "codec": "libx264", "options": {"g": "12", "bf": "2", "preset": "ultrafast"}},
    "mov": {"format": "mov", "codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "mkv": {"format": "matroska", "codec": "libx264", "options": {"g": "12", "bf": "3", "preset": "ultrafast"}},
    "webm": {"format": "webm", "codec": "libvpx", "options": {"g": "12", "deadline": "realtime", "cpu-used": "8"}},
    "avi": {"format": "avi", "codec": "libx264", "options": {"g": "12", "bf": "2", "preset": "ultrafast"}},
    "mpeg4.avi": {"format": "avi", "codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "mjpeg.avi": {"format": "avi", "codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "ts": {"format": "mpegts", "codec": "libx264", "options": {"g": "12", "bf": "2", "preset": "ultrafast"}},
    "mpg": {"format": "mpeg", "codec": "mpeg2video", "rate": 25, "options": {"g": "12", "bf": "2"}},
    "flv": {"format": "flv", "codec": "flv1" if "flv1" in av.codecs_available else "flv", "options": {"g": "12"}},
    "h264": {"format": "h264", "codec": "libx264", "rate": 25, "options": {"g": "12", "preset": "ultrafast"}},
}


def write(path: Path, frames: int | Iterable[np.ndarray] = 30, **options: Any) -> Path:
    """`encode` into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(frames, **options))
    return path
