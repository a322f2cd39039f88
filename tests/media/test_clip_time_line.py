"""Clips whose picture begins late, whose clock begins again, or which hold several streams: as players show them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from clip_corpus import COLORS, Picture, Sound, make, nearest

from seesay.errors import MediaError
from seesay.media import FrameSampling, Preprocessing, Section, clips_ahead, frames_of, load_clip, scenes
from seesay.media.time_line import TimeLine

SMALL = Preprocessing((12, 16))
TWO_SECONDS = tuple(i // 50 for i in range(150))  # three colors


def late(format: str, begin: int = 75) -> bytes:
    """Sound from 0, three scenes of two seconds each from 3 s on."""
    codec = "mp2" if format == "mpegts" else "aac"
    return make(Picture(begin=begin, colors=TWO_SECONDS), Sound(codec, seconds=9), format=format)


@pytest.mark.parametrize("format", ["mp4", "mpegts", "matroska"])
def test_a_picture_that_begins_after_the_sound(format: str) -> None:
    data = late(format)
    found = np.array(scenes(data))
    np.testing.assert_allclose(found, [(3, 5), (5, 7), (7, 9)], atol=0.06)
    spread = load_clip(data, SMALL, FrameSampling(frames=3))
    assert nearest(spread.pixels) == [0, 1, 2]
    np.testing.assert_allclose(spread.seconds, [4, 6, 8], atol=0.06)
    assert spread.duration == pytest.approx(9, abs=0.06)
    each = load_clip(data, SMALL, FrameSampling("seconds", 20, every=1.0))
    np.testing.assert_allclose(each.seconds[:6], [3, 4, 5, 6, 7, 8], atol=0.06)
    assert nearest(load_clip(data, SMALL, FrameSampling(frames=2), start=5.1, end=6.9).pixels) == [1, 1]
    assert nearest(load_clip(data, SMALL, FrameSampling(frames=1), start=0.0, end=4.0).pixels) == [0]
    assert next(frames_of(data, SMALL, 0.5))[0] == pytest.approx(3, abs=0.06)
    ((_, part),) = clips_ahead([Section(data, 7.1, 9.0)], SMALL, FrameSampling(frames=2))
    assert nearest(part.pixels) == [2, 2]
    with pytest.raises(MediaError, match=r"ends at 2 s, but the clip's pictures begin at 3"):
        load_clip(data, SMALL, FrameSampling(), start=0.0, end=2.0)


def test_joined_recordings_are_seen_whole() -> None:
    """Case: three colors of two seconds each, then three others, set end to end."""
    part = [
        make(Picture(colors=[c + 3 * n for c in TWO_SECONDS]), Sound("mp2", seconds=6), format="mpegts") for n in (0, 1)
    ]
    data = b"".join(part)
    found = load_clip(data, SMALL, FrameSampling(frames=12))
    assert found.duration == pytest.approx(12.0, abs=0.1)
    assert nearest(found.pixels) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    np.testing.assert_allclose([start for start, _ in scenes(data)], [0, 2, 4, 6, 8, 10], atol=0.1)
    assert nearest(load_clip(data, SMALL, FrameSampling(frames=1), start=8.2, end=9.8).pixels) == [4]
    assert [nearest(pixels[None])[0] for _, pixels in frames_of(data, SMALL, 2.0, start=1.0)] == [0, 1, 2, 3, 4, 5]


def test_the_best_stream_is_shown() -> None:
    small, large = Picture(colors=(3,) * 60, flags=0), Picture(size=(96, 128), flags=1)
    assert nearest(load_clip(make(small, large), SMALL, FrameSampling(frames=6)).pixels) == [0, 1, 2, 3, 4, 5]
    only_cover = make(Picture("mjpeg", colors=(3,), pix_fmt="yuvj420p", flags=1 << 10), Sound())
    with pytest.raises(MediaError, match="no pictures in this file, only sound and a cover picture"):
        load_clip(only_cover, SMALL, FrameSampling())


def test_encrypted_pictures_are_called_so() -> None:
    key = {"encryption_key": "00" * 15 + "01", "encryption_kid": "00" * 15 + "02"}
    data = make(Picture(), options={"encryption_scheme": "cenc-aes-ctr", **key})
    with pytest.raises(MediaError, match=r"its pictures are encrypted \(DRM\)"):
        load_clip(data, SMALL, FrameSampling())


def woven(color: np.ndarray, height: int, width: int) -> np.ndarray:
    frame = np.full((height, width, 3), 255 - color, np.uint8)
    frame[::2] = color
    return frame


def test_of_interlaced_frames_one_field_is_seen() -> None:
    picture = Picture(pix_fmt="yuv422p", draw=woven, options={"flags": "+ilme+ildct"})
    plain = Picture(pix_fmt="yuv422p", draw=woven)
    how = Preprocessing((48, 64)), FrameSampling(frames=6)
    shown, mixed = (load_clip(make(each), *how).pixels for each in (picture, plain))
    assert np.abs(shown[:, 24, 32].astype(int) - COLORS).max() <= 16
    assert np.abs(mixed[:, 24:26, 32].astype(int) - COLORS[:, None]).max() > 40, "what is not interlaced is left whole"


def stamped(stamps: list[tuple[int, float]], discontinuous: bool = True) -> list[float]:
    """When packets (stream, seconds) of 0.04 s are, mended."""
    line = TimeLine(discontinuous)
    made = []
    for stream, second in stamps:
        ticks = round(second * 1000)
        packet = SimpleNamespace(pts=ticks, dts=ticks, duration=40, time_base=1 / 1000, stream_index=stream)
        line.mend(packet, 0.04)
        made.append(packet.pts / 1000)
    return made


def test_a_clock_that_changes_goes_on_where_it_was() -> None:
    assert stamped([(0, 1.0), (0, 1.04), (0, 0.2), (0, 0.24)]) == [1.0, 1.04, 1.08, 1.12], "begins again"
    assert stamped([(0, 1.0), (0, 1.04), (0, 900.0), (0, 900.04)]) == [1.0, 1.04, 1.08, 1.12], "jumps"
    assert stamped([(0, 1.0), (0, 6.0)]) == [1.0, 6.0], "a pause"
    sounds = [(1, 1.0 + n) for n in range(20)]
    assert stamped([(0, 1.0), *sounds, (0, 20.5)])[-1] == 20.5, "a pause of the picture alone"
    assert stamped([(0, 1.0), (1, 1.0), (1, 0.1), (0, 0.6)]) == [1.0, 1.0, 1.04, 1.54], "sound and picture together"
    assert stamped([(0, 1.0), (0, 900.0)], discontinuous=False) == [1.0, 900.0]
    assert stamped([(0, 5.0), (0, 0.0)], discontinuous=False) == [5.0, 5.04]
