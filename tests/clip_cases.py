"""The clips of the corpus: container × codec × oddity, each with what is shown when."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from clip_corpus import COLORS, EACH, FRAMES, HEIGHT, RATE, WIDTH, Picture, Sound, av, make
from PIL import Image

LONG = EACH / RATE  # seconds that each color is shown
WHOLE = FRAMES / RATE


@dataclass
class Case:
    """A clip and what is right of it.

    Attributes:
        data: makes it.
        first: when its first picture is shown, in seconds.
        shown: (second, color) where each color begins.
        ends: when the last picture ends.
        near: seconds by which times may be off; sound's own frames are not as long as a picture's.
        level: by which each channel may be off.
    """

    data: Callable[[], bytes]
    first: float = 0.0
    shown: tuple[tuple[float, int], ...] | None = None
    ends: float | None = None
    near: float = 0.003
    level: int = 16

    def __post_init__(self) -> None:
        if self.shown is None:
            self.shown = tuple((self.first + LONG * color, color) for color in range(len(COLORS)))
        if self.ends is None:
            self.ends = self.first + WHOLE


CASES: dict[str, Case] = {}


def case(name: str, data: Callable[[], bytes], **right: object) -> None:
    assert name not in CASES
    CASES[name] = Case(data, **right)  # type: ignore[arg-type]


def video(codec: str, format: str, **more: object) -> Callable[[], bytes]:
    return lambda: make(Picture(codec, **more), format=format)  # type: ignore[arg-type]


ENCODERS = {
    "h264": ("libx264", "yuv420p", "mp4 mov matroska avi mpegts flv 3gp h264 nut"),
    "hevc": ("libx265", "yuv420p", "mp4 matroska mpegts"),
    "vp8": ("libvpx", "yuv420p", "webm ogg ivf avi"),
    "vp9": ("libvpx-vp9", "yuv420p", "webm mp4 ivf"),
    "av1": ("libsvtav1", "yuv420p", "mp4 webm"),
    "mpeg1": ("mpeg1video", "yuv420p", "mpeg mpegvideo"),
    "mpeg2": ("mpeg2video", "yuv420p", "mpegts mpeg mov mxf"),
    "mpeg4": ("mpeg4", "yuv420p", "mp4 avi matroska m4v"),
    "mjpeg": ("mjpeg", "yuvj420p", "mov avi matroska"),
    "prores": ("prores_ks", "yuv422p10le", "mov"),
    "ffv1": ("ffv1", "yuv444p", "matroska avi"),
    "flv1": ("flv", "yuv420p", "flv"),
    "wmv2": ("wmv2", "yuv420p", "asf"),
    "huffyuv": ("huffyuv", "yuv422p", "avi"),
    "utvideo": ("utvideo", "gbrp", "avi"),
    "qtrle": ("qtrle", "rgb24", "mov"),
    "png": ("png", "rgb24", "mov"),
    "raw": ("rawvideo", "yuv420p", "yuv4mpegpipe nut"),
}
_SIZES = {"libsvtav1": (64, 64)}

for _name, (_codec, _pix, _formats) in ENCODERS.items():
    for _format in _formats.split():
        _muxer = "mpeg1video" if _format == "mpegvideo" else _format
        _more: dict[str, object] = {"size": _SIZES[_codec]} if _codec in _SIZES else {}
        _kind = "wrapped_avframe" if _format == "yuv4mpegpipe" else _codec
        case(f"{_name} in {_format}", video(_kind, _muxer, pix_fmt=_pix, **_more))


# The time line.
def sounding(format: str, codec: str, sound: Sound, **more: object) -> Callable[[], bytes]:
    return lambda: make(Picture(codec, **more), sound, format=format)  # type: ignore[arg-type]


LATE = Sound("aac", seconds=5.4)
for _format, _codec, _sound in (
    ("mp4", "libx264", "aac"),
    ("mov", "mpeg4", "pcm_s16le"),
    ("matroska", "libx264", "aac"),
    ("webm", "libvpx-vp9", "libopus"),
    ("mpegts", "libx264", "mp2"),
    ("mpeg", "mpeg2video", "mp2"),
    ("flv", "libx264", "aac"),
    ("nut", "mpeg4", "mp2"),
    ("asf", "wmv2", "mp2"),
):
    _rate = 48000 if _sound == "libopus" else 44100
    case(
        f"picture 3 s after sound in {_format}",
        sounding(_format, _codec, Sound(_sound, seconds=5.4, rate=_rate), begin=3 * RATE),
        first=3.0,
        near=0.06,
    )
    if _format in ("mp4", "matroska", "mpegts"):
        case(
            f"sound 3 s after picture in {_format}",
            sounding(_format, _codec, Sound(_sound, begin=3.0, rate=_rate)),
            near=0.06,
        )
for _format in ("mp4", "matroska", "mpegts", "flv"):
    case(f"all stamps 7 s late in {_format}", video("libx264", _format, begin=7 * RATE))


def joined(*parts: Callable[[], bytes]) -> Callable[[], bytes]:
    return lambda: b"".join(part() for part in parts)


BACKWARDS = tuple(5 - i // EACH for i in range(FRAMES))
TWICE = tuple((LONG * i, i if i < 6 else 11 - i) for i in range(12))
TWICE = tuple((s, c) for i, (s, c) in enumerate(TWICE) if i != 6)  # the last color of one part is the first of the next
for _format, _codec in (
    ("mpegts", "libx264"),
    ("mpegts", "mpeg2video"),
    ("mpeg", "mpeg2video"),
    ("matroska", "libx264"),
    ("webm", "libvpx-vp9"),
    ("avi", "libx264"),
    ("m4v", "mpeg4"),
):
    _two = joined(video(_codec, _format), video(_codec, _format, colors=BACKWARDS))
    case(f"two recordings joined in {_format} {_codec}", _two, shown=TWICE, ends=2 * WHOLE, near=0.05)
for _what, _shift in (("jump ahead", 5000.0), ("jump back", -1.0), ("wrap between", 2**33 / 90000 - 1.0)):
    case(
        f"stamps {_what} in mpegts",
        lambda shift=_shift: (
            make(Picture(), format="mpegts", shift=3.0)
            + make(Picture(colors=BACKWARDS), format="mpegts", shift=3.0 + shift)
        ),
        shown=TWICE,
        ends=2 * WHOLE,
        near=0.05,
    )
case("stamps wrap in mpegts", lambda: make(Picture(), format="mpegts", shift=2**33 / 90000 - 2.6))
case(
    "stamps wrap in mpegts with sound",
    lambda: make(Picture(), Sound("mp2"), format="mpegts", shift=2**33 / 90000 - 2.6),
    near=0.06,
)
case(
    "two recordings joined in mpegts with sound",
    joined(
        sounding("mpegts", "libx264", Sound("mp2")),
        sounding("mpegts", "libx264", Sound("mp2"), colors=BACKWARDS),
    ),
    shown=TWICE,
    ends=2 * WHOLE,
    near=0.08,
)
case(
    "two recordings joined in mpegts, each with the picture late",
    joined(
        sounding("mpegts", "libx264", Sound("mp2", seconds=4.4), begin=50),
        sounding("mpegts", "libx264", Sound("mp2", seconds=4.4), begin=50, colors=BACKWARDS),
    ),
    first=2.0,
    shown=tuple((2.0 + LONG * i, i) for i in range(6)) + tuple((6.4 + LONG * i, 5 - i) for i in range(1, 6)),
    ends=8.8,
    near=0.12,
)
case("two recordings joined in h264", joined(video("libx264", "h264"), video("libx264", "h264", colors=BACKWARDS)),
     shown=TWICE, ends=2 * WHOLE)  # fmt: skip

PAUSES = tuple([i / 25 for i in range(20)] + [2 + i / 10 for i in range(20)] + [6 + i / 50 for i in range(20)])
PAUSED = ((0.0, 0), (0.4, 1), (2.0, 2), (3.0, 3), (6.0, 4), (6.2, 5))
for _format, _codec in (("mp4", "libx264"), ("matroska", "libx264"), ("webm", "libvpx-vp9"), ("mpegts", "libx264")):
    case(
        f"variable rate in {_format}",
        video(_codec, _format, times=PAUSES, rate=1000 if _codec == "libx264" else 25),
        shown=PAUSED,
        ends=6.4,
        near=0.06,
    )


def trimmed(skip: int, keep: int) -> bytes:
    """An MP4 whose edit list shows `keep` frames from the `skip`-th on."""
    data = bytearray(make(Picture(options={"bf": "0"}), format="mp4"))
    place = data.index(b"elst")
    assert data[place + 4] == 0
    assert struct.unpack(">I", data[place + 8 : place + 12])[0] == 1
    length, start = struct.unpack(">Ii", data[place + 12 : place + 20])
    media = data.index(b"mdhd")
    scale = struct.unpack(">I", data[media + 16 : media + 20])[0]
    data[place + 12 : place + 20] = struct.pack(
        ">Ii", round(length * keep / FRAMES), start + round(skip * scale / RATE)
    )
    return bytes(data)


case("edit list that skips the first 15 frames and the last 15", lambda: trimmed(15, 30),
     shown=((0.0, 1), (0.2, 2), (0.6, 3), (1.0, 4)), ends=1.2)  # fmt: skip
for _format, _codec in (("matroska", "libx264"), ("webm", "libvpx-vp9")):
    case(
        f"no length told in {_format}",
        lambda format=_format, codec=_codec: make(Picture(codec), format=format, options={"live": "1"}),
    )
    case(
        f"no length told in {_format} with sound",
        lambda format=_format, codec=_codec: make(
            Picture(codec), Sound("libopus", rate=48000), format=format, options={"live": "1"}
        ),
        near=0.03,
    )
case("no length told in flv", lambda: make(Picture(), format="flv", options={"flvflags": "no_duration_filesize"}))
case("fragments in mp4", lambda: make(Picture(), options={"movflags": "frag_keyframe+empty_moov+default_base_moof"}))
case("B-frames whose first is shown late in mp4",
     lambda: make(Picture(options={"bf": "3"}), options={"use_editlist": "0"}))  # fmt: skip

# Shape.
for _format in ("mp4", "mov", "matroska"):
    for _turned in (90, 180, 270):
        case(f"turned by {_turned} in {_format}", video("libx264", _format, turned=_turned))
for _format, _codec in (("mp4", "libx264"), ("matroska", "libx264"), ("mpegts", "mpeg2video"), ("avi", "mpeg4")):
    case(
        f"oblong pixels in {_format}",
        video(_codec, _format, settings={"sample_aspect_ratio": Fraction(2, 1)}),
    )


def woven(color: np.ndarray, height: int, width: int) -> np.ndarray:
    """The upper field in a color, the lower one white."""
    frame = np.full((height, width, 3), 255, np.uint8)
    frame[::2] = color
    return frame


for _format, _codec, _more in (
    ("mp4", "libx264", {"options": {"flags": "+ilme+ildct", "bf": "0"}}),
    ("mpegts", "libx264", {"options": {"flags": "+ilme+ildct"}}),
    ("mpegts", "mpeg2video", {"options": {"flags": "+ilme+ildct", "q": "2", "qmin": "1", "qmax": "2"}}),
    ("mov", "prores_ks", {"options": {"flags": "+ilme+ildct"}, "pix_fmt": "yuv422p10le"}),
):
    case(
        f"interlaced {_codec} in {_format}",
        video(_codec, _format, **{"pix_fmt": "yuv422p", "draw": woven, **_more}),  # type: ignore[arg-type]
        level=24,
    )

# Streams.
DEFAULT, COVER = 1, 1 << 10
SHORT = {"colors": (3,) * FRAMES}
for _format in ("mp4", "matroska", "mov"):
    case(
        f"the larger stream flagged in {_format}",
        lambda format=_format: make(Picture(flags=0, **SHORT), Picture(size=(96, 128), flags=DEFAULT), format=format),
    )
    case(
        f"the smaller stream flagged in {_format}",
        lambda format=_format: make(Picture(size=(96, 128), flags=0, **SHORT), Picture(flags=DEFAULT), format=format),
    )
case("two streams in mpegts", lambda: make(Picture(**SHORT), Picture(size=(96, 128)), format="mpegts"))
case(
    "a cover in mp4",
    lambda: make(Picture("mjpeg", colors=(3,), size=(200, 200), pix_fmt="yuvj420p", flags=COVER), Picture()),
)
case("a cover in matroska", lambda: make(Picture(), format="matroska", cover=True))


# Transparency: the left half is hidden, and its color another.
def half_hidden(color: np.ndarray, height: int, width: int) -> np.ndarray:
    frame = np.full((height, width, 4), 255, np.uint8)
    frame[..., :3] = color
    frame[:, : width // 4] = (0, 0, 0, 0)
    return frame


for _name, _codec, _format, _pix in (
    ("vp8", "libvpx", "webm", "yuva420p"),
    ("vp9", "libvpx-vp9", "webm", "yuva420p"),
    ("vp9", "libvpx-vp9", "matroska", "yuva420p"),
    ("prores", "prores_ks", "mov", "yuva444p10le"),
    ("qtrle", "qtrle", "mov", "argb"),
    ("png", "png", "mov", "rgba"),
    ("ffv1", "ffv1", "matroska", "bgra"),
    ("utvideo", "utvideo", "avi", "gbrap"),
):
    case(
        f"transparent {_name} in {_format}",
        lambda codec=_codec, format=_format, pix=_pix: make(
            Picture(
                codec,
                pix_fmt=pix,
                draw=half_hidden,
                options={"auto-alt-ref": "0"} if codec.startswith("libvpx") else {},
                metadata={"alpha_mode": "1"} if codec.startswith("libvpx") else {},
            ),
            format=format,
        ),
        level=24,
    )


def animation(kind: str) -> bytes:
    frames = [Image.fromarray(half_hidden(color, HEIGHT, WIDTH)) for color in COLORS]
    options: dict[str, object] = {"quality": 95} if kind == "WEBP" else {"disposal": 2}
    if kind == "PNG hidden":
        frames.insert(0, Image.new("RGBA", (WIDTH, HEIGHT), (9, 9, 9, 255)))
        options["default_image"] = True
    buffer = io.BytesIO()
    frames[0].save(buffer, kind.split()[0], save_all=True, append_images=frames[1:], duration=400, **options)
    return buffer.getvalue()


for _kind in ("GIF", "PNG", "PNG hidden", "WEBP"):
    case(f"transparent {_kind.lower()}", lambda kind=_kind: animation(kind))

# Colors, told and untold: (matrix, primaries, transfer, range).
for _told, (_matrix, _size) in {
    "bt601 told": (6, (HEIGHT, WIDTH)),
    "bt709 told": (1, (HEIGHT, WIDTH)),
    "bt601 told in 720 lines": (6, (720, 64)),
    "bt709 untold in 720 lines": (2, (720, 64)),
    "bt601 untold in 576 lines": (2, (576, 64)),
    "bt2020 matrix told": (9, (HEIGHT, WIDTH)),
}.items():
    for _range in (1, 2):
        _settings = {"colorspace": _matrix, "color_range": _range}
        case(
            f"{_told}, range {_range}",
            lambda settings=_settings, size=_size: make(
                Picture(size=size, settings=settings, frame=settings, pix_fmt="yuv444p", colors=range(6), rate=5),
            ),
            shown=tuple((i / 5, i) for i in range(6)),
            ends=1.2,
            level=5,
        )
__all__ = ["CASES", "Case", "av"]
