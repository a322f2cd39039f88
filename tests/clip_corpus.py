"""Clips of every container, codec and oddity, made by PyAV; what each frame shows is told by its color."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

av = pytest.importorskip("av", reason="clips need PyAV: pip install 'seesay[video]'")

COLORS = np.array(
    [(220, 40, 40), (40, 60, 220), (40, 180, 60), (230, 220, 60), (60, 210, 220), (200, 60, 210)], np.uint8
)
EACH = 10  # frames of each color
RATE = 25
FRAMES = EACH * len(COLORS)
HEIGHT, WIDTH = 48, 64


@dataclass
class Picture:
    """A stream of frames.

    Attributes:
        codec: encoder.
        begin: when its first frame is shown, in frames.
        times: when each frame is shown, in seconds from there, for a variable rate.
        colors: which of `COLORS` each frame shows.
        options: of the encoder.
        settings: of the codec context (`color_range`, `sample_aspect_ratio` …).
        frame: of each frame (`color_trc` …).
        turned: degrees that a player must turn it by.
        flags: disposition.
        draw: makes a frame's picture (H, W, 3 or 4) of a color.
    """

    codec: str = "libx264"
    begin: int = 0
    times: Sequence[float] | None = None
    colors: Sequence[int] = tuple(i // EACH for i in range(FRAMES))
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (HEIGHT, WIDTH)
    rate: int = RATE
    options: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    frame: dict[str, Any] = field(default_factory=dict)
    turned: int = 0
    flags: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    draw: Callable[[np.ndarray, int, int], np.ndarray] | None = None


@dataclass
class Sound:
    """A stream of silence; seconds."""

    codec: str = "aac"
    begin: float = 0.0
    seconds: float = 2.4
    rate: int = 16000


FAST = {
    "libx264": {"preset": "ultrafast", "g": "12", "bf": "2"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
} | {
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "libsvtav1": {"preset": "12", "svtav1-params": "lp=1"},
}


def make(
    *streams: Picture | Sound,
    format: str = "mp4",
    options: dict[str, str] | None = None,
    shift: float = 0.0,
    cover: bool = False,
) -> bytes:
    """A file.

    Args:
        shift: seconds that all stamps are later, as they are written.
        cover: whether a picture is attached.
    """
    buffer = io.BytesIO()
    packets: list[tuple[float, int, Any]] = []
    with av.open(buffer, "w", format=format, options=options or {}) as container:
        made = [_add(container, stream) for stream in streams]
        if cover:
            attached = io.BytesIO()
            Image.new("RGB", (300, 300), (230, 220, 60)).save(attached, "JPEG")
            container.add_attachment("cover.jpg", "image/jpeg", attached.getvalue())
        container.start_encoding()
        for number, (stream, wanted) in enumerate(zip(made, streams, strict=True)):
            encode = _pictures if isinstance(wanted, Picture) else _silence
            for packet in encode(stream, wanted):  # type: ignore[arg-type]
                if shift:
                    ticks = round(shift / packet.time_base)
                    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                order = packet.dts if packet.dts is not None else packet.pts
                packets.append((float(order * packet.time_base), number, packet))
        for _, _, packet in sorted(packets, key=lambda item: item[:2]):
            container.mux(packet)
    return buffer.getvalue()


def _add(container: Any, wanted: Picture | Sound) -> Any:
    if isinstance(wanted, Sound):
        stream = container.add_stream(wanted.codec, rate=wanted.rate)
        stream.layout = "mono"
        return stream
    stream = container.add_stream(wanted.codec, rate=wanted.rate, options=FAST.get(wanted.codec, {}) | wanted.options)
    stream.height, stream.width = wanted.size
    stream.pix_fmt = wanted.pix_fmt
    stream.codec_context.thread_count = 1
    if wanted.times is not None:
        stream.codec_context.time_base = Fraction(1, 1000)
    for name, value in wanted.settings.items():
        setattr(stream.codec_context, name, value)
    if wanted.turned:
        stream.set_display_rotation(wanted.turned)
    if wanted.flags is not None:
        stream.disposition = wanted.flags
    stream.metadata.update(wanted.metadata)
    return stream


def _pictures(stream: Any, wanted: Picture) -> Any:
    for number, color in enumerate(wanted.colors):
        frame = picture_frame(wanted, color)
        if wanted.times is not None:
            frame.pts, frame.time_base = round(wanted.times[number] * 1000), Fraction(1, 1000)
        else:
            frame.pts, frame.time_base = wanted.begin + number, Fraction(1, wanted.rate)
        for name, value in wanted.frame.items():
            setattr(frame, name, value)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def picture_frame(wanted: Picture, color: int) -> Any:
    """One frame, in the stream's pixel format."""
    height, width = wanted.size
    if wanted.draw is not None:
        pixels = wanted.draw(COLORS[color], height, width)
    else:
        pixels = np.broadcast_to(COLORS[color], (height, width, 3))
    kind = {"uint8": {3: "rgb24", 4: "rgba"}, "uint16": {3: "rgb48le"}}[pixels.dtype.name][pixels.shape[2]]
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=kind)
    untold = 1 if height > 576 else 5
    matrix = {1: 1, 6: 5, 9: 9}.get(wanted.settings.get("colorspace", 2), untold)
    full = 2 if wanted.settings.get("color_range") == 2 or wanted.pix_fmt.startswith("yuvj") else 1
    return frame.reformat(
        format=wanted.pix_fmt, dst_colorspace=matrix, dst_color_range=full, interpolation=2 | 0x46000, threads=1
    )


def _silence(stream: Any, wanted: Sound) -> Any:
    size = stream.codec_context.frame_size or 1024
    for number in range(-(-round(wanted.seconds * wanted.rate) // size)):
        kind = stream.codec_context.format.name
        dtype = {"fltp": np.float32, "s16": np.int16, "s16p": np.int16, "flt": np.float32}[kind]
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), dtype), kind, "mono")
        frame.sample_rate = wanted.rate
        frame.pts, frame.time_base = round(wanted.begin * wanted.rate) + number * size, Fraction(1, wanted.rate)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def nearest(pixels: np.ndarray) -> list[int]:
    """Which of `COLORS` the middles of frames (F, H, W, 3) show."""
    middles = pixels[:, pixels.shape[1] // 2, pixels.shape[2] // 2].astype(int)
    return np.abs(middles[:, None] - COLORS[None].astype(int)).sum(2).argmin(1).tolist()
