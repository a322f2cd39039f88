"""Several clips at once: order, errors, bounds, draws that do not hang on the number of threads."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from clips import encode, numbers

from seesay.errors import MediaError, MissingPartError, UsageError
from seesay.media import FrameSampling, Preprocessing, Section, clips_ahead, load_clip

SMALL = Preprocessing((48, 80))


@pytest.fixture(scope="module")
def data() -> bytes:
    return encode(40)


@pytest.mark.parametrize("workers", [1, 3, None])
def test_clips_come_in_order_and_errors_in_between(data: bytes, workers: int | None) -> None:
    sources = [data, b"no", Section(data, 1.0, 2.0), Section(data, 99.0), data]
    found = list(clips_ahead(sources, SMALL, FrameSampling(frames=2), workers=workers, on_error="yield"))
    assert [index for index, _ in found] == [0, 1, 2, 3, 4]
    shown = [str(clip) if isinstance(clip, MediaError) else numbers(clip.pixels) for _, clip in found]
    assert shown[0] == shown[4] == [10, 30]
    assert shown[2] == [12, 17]
    assert "not a clip" in shown[1]
    assert "starts at 99 s" in shown[3]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("seesay-decode")]


def test_the_first_error_stops(data: bytes) -> None:
    stream = clips_ahead([data, b"no", data], SMALL, FrameSampling(frames=2))
    assert next(stream)[0] == 0
    with pytest.raises(MediaError, match="not a clip"):
        next(stream)
    for options in ({"workers": 0}, {"on_error": "skip"}):
        with pytest.raises(UsageError):
            clips_ahead([], SMALL, FrameSampling(), **options)  # type: ignore[arg-type]


def test_draws_depend_on_the_generator_alone(data: bytes) -> None:
    def drawn(workers: int, seed: int) -> list[list[int]]:
        clips = clips_ahead(
            [data] * 5, SMALL, FrameSampling("random", 4), rng=np.random.default_rng(seed), workers=workers
        )
        return [numbers(clip.pixels) for _, clip in clips if not isinstance(clip, MediaError)]

    assert drawn(1, 7) == drawn(4, 7) != drawn(4, 8)
    assert len({tuple(d) for d in drawn(2, 7)}) > 1


def test_sources_are_taken_as_they_are_needed(data: bytes) -> None:
    taken = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal taken
        while True:
            taken += 1
            yield data

    stream = clips_ahead(endless(), SMALL, FrameSampling(frames=1), workers=2)
    for count in range(1, 5):
        next(stream)
        assert taken <= count + 4
    stream.close()  # type: ignore[attr-defined]


def test_a_missing_part_is_no_error_of_one_clip(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingPartError, match=r"seesay\[video\]"):
        list(clips_ahead([data], SMALL, FrameSampling(), on_error="yield"))


CLIPS = ("ucf101-6", "msvd-486", "weizmann")


def test_real_clips_give_the_frames_that_decoding_them_whole_gives(clip_data: Path) -> None:
    """Jumps and frames that are not decoded change nothing."""
    paths = [path for folder in CLIPS for path in sorted((clip_data / folder).rglob("*.avi"))[::170]]
    assert len(paths) >= 2
    for path in paths:
        whole = load_clip(path, SMALL, FrameSampling("stride", 5000))
        count = len(whole.pixels)
        for frames in (16, 3):
            sampled = load_clip(path, SMALL, FrameSampling(frames=frames))
            expected = sorted({int((k + 0.5) * count / frames + 1e-9) for k in range(frames)})
            np.testing.assert_array_equal(sampled.pixels, whole.pixels[expected])
            np.testing.assert_array_equal(sampled.seconds, whole.seconds[expected])
