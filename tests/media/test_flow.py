"""Optical flow of clips: which way, how fast, and to which frame."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("cv2", reason="optical flow needs OpenCV: pip install 'seesay[flow]'")
from clips import MODALITIES, encode

from seesay.errors import ArtifactError, MissingPartError, UsageError
from seesay.media import (
    ClipPreprocessing,
    FrameSampling,
    Preprocessing,
    clips_ahead,
    frames_of,
    load_clip,
)
from seesay.media.flow import FLOW_CENTER, FLOW_SCALE, flow_picture, no_flow
from seesay.media.frame_source import Frame, linked

SIZE = Preprocessing((48, 80))
EVERY = FrameSampling("stride", 1000)


def square(x: int, y: int, side: int = 40) -> np.ndarray:
    """A frame (96, 128, 3) with a patterned square whose upper left corner is there."""
    pattern = np.random.default_rng(0).integers(60, 255, (side // 4, side // 4), np.uint8)
    frame = np.zeros((96, 128, 3), np.uint8)
    frame[y : y + side, x : x + side] = np.asarray(Image.fromarray(pattern).resize((side, side)))[..., None]
    return frame


def walk(count: int = 40) -> list[np.ndarray]:
    """Frames (96, 128, 3) of a square that wanders: no frame is like the one before."""
    places = np.random.default_rng(1).integers(1, 4, (count, 2)).cumsum(0)
    return [square(int(40 + 30 * np.sin(x / 9)), int(25 + 20 * np.sin(y / 7))) for x, y in places]


def expected(frames: np.ndarray) -> np.ndarray:
    """Frames (F, H, W, 3) with the flow of each to the next, and of the last from the one before: (F, H, W, 6)."""
    last = len(frames) - 1
    pairs = [(min(i, last - 1), min(i + 1, last)) for i in range(len(frames))]
    return np.concatenate([frames, np.stack([flow_picture(frames[a], frames[b]) for a, b in pairs])], -1)


@pytest.mark.parametrize(("right", "down"), [(3, 0), (-3, 0), (0, 2), (2, -4)])
def test_a_moving_square_flows_the_way_it_moves_and_as_fast(right: int, down: int) -> None:
    coded = flow_picture(square(40, 30), square(40 + right, 30 + down))
    middle = coded[40:60, 50:70].astype(float).mean((0, 1))
    speed = np.hypot(right, down)
    wanted = (FLOW_CENTER + FLOW_SCALE * right, FLOW_CENTER + FLOW_SCALE * down, FLOW_SCALE * speed)
    assert middle == pytest.approx(wanted, abs=0.25 * FLOW_SCALE)  # a quarter of a pixel
    assert (coded[:15] == no_flow(15, 128)).all(), "nothing moves up there"


def test_fast_motion_saturates() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    frame = np.asarray(Image.fromarray(noise).resize((128, 96), Image.Resampling.BICUBIC))
    coded = flow_picture(frame, np.roll(frame, -10, 1))[30:60, 40:80]
    assert coded[..., 0].max() < 8
    assert coded[..., 2].mean() == pytest.approx(10 * FLOW_SCALE, abs=FLOW_SCALE)


def test_what_stands_still_does_not_flow() -> None:
    np.testing.assert_array_equal(flow_picture(square(9, 9), square(9, 9)), no_flow(96, 128))
    still = ClipPreprocessing(SIZE, FrameSampling(frames=3, flow=True))
    for source in (square(9, 9), Image.fromarray(square(9, 9)), square(9, 9)[None], encode([square(9, 9)])):
        pixels = still.load(source)
        assert pixels.shape == still.shape == (3, 48, 80, 6)
        assert (pixels[..., 3:] == no_flow(48, 80)).all()
        assert pixels[..., :3].any()


@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm", "avi", "mjpeg.avi", "mpg"])
def test_each_frame_flows_to_the_next_of_the_file(kind: str) -> None:
    data = encode(walk(), **MODALITIES[kind])
    every = load_clip(data, SIZE, EVERY)
    wanted = dict(zip(every.seconds, expected(every.pixels), strict=True))
    samplings: list[tuple[FrameSampling, dict[str, Any]]] = [
        (FrameSampling(frames=5), {}),
        (FrameSampling(frames=1000), {}),
        (FrameSampling("stride", 6, stride=7), {}),
        (FrameSampling("seconds", 50, every=0.35), {"start": 0.5}),
        (FrameSampling("random", 6), {"rng": np.random.default_rng(3)}),
    ]
    if kind != "mpg":  # which knows its length but roughly
        samplings.append((FrameSampling(frames=1), {"start": every.seconds[-1]}))
    for sampling, options in samplings:
        plain = load_clip(data, SIZE, sampling, **options)
        if "rng" in options:
            options["rng"] = np.random.default_rng(3)
        found = load_clip(data, SIZE, FrameSampling(**{**sampling.to_json(), "flow": True}), **options)
        assert found.seconds.tolist() == plain.seconds.tolist()
        assert found.duration == pytest.approx(plain.duration, abs=0.1)
        np.testing.assert_array_equal(found.pixels, np.stack([wanted[second] for second in plain.seconds]))


def test_frames_one_by_one_flow_alike() -> None:
    data = encode(walk(20), **MODALITIES["mp4"])
    every = load_clip(data, SIZE, EVERY)
    wanted = dict(zip(every.seconds, expected(every.pixels), strict=True))
    for apart in (0.0, 0.3):
        found = list(frames_of(data, SIZE, apart, flow=True))
        assert len(found) == (20 if apart == 0 else 7)
        for second, pixels in found:
            np.testing.assert_array_equal(pixels, wanted[second])


def test_folders_pictures_and_arrays_flow_alike(tmp_path: Path) -> None:
    frames = walk(9)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / f"{number:03}.png")
    pictures = [Image.fromarray(frame) for frame in frames]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=40, lossless=True)
    wanted = expected(np.stack([SIZE.pixels(picture) for picture in pictures]))
    for count, chosen in ((3, [1, 4, 7]), (9, list(range(9)))):
        preparing = ClipPreprocessing(SIZE, FrameSampling(frames=count, flow=True))
        folder = tmp_path / "folder"
        folder.mkdir(exist_ok=True)
        for file in tmp_path.glob("*.png"):
            file.rename(folder / file.name)
        for source in (np.stack(frames), folder, tmp_path / "a.webp"):
            np.testing.assert_array_equal(preparing.load(source), wanted[chosen])
    last = load_clip(folder, SIZE, FrameSampling(frames=1, flow=True), start=8 / 25)
    np.testing.assert_array_equal(last.pixels[0], wanted[8])


def test_a_changed_clip_has_its_own_flow() -> None:
    data = encode([square(20 + 3 * i, 30) for i in range(6)])
    turn = Image.Transpose.FLIP_LEFT_RIGHT
    sampling = FrameSampling(frames=6, flow=True)
    plain = load_clip(data, SIZE, sampling)
    found = load_clip(data, SIZE, sampling, change=lambda picture: picture.transpose(turn))
    np.testing.assert_array_equal(found.pixels, expected(plain.pixels[:, :, ::-1, :3]))
    assert plain.pixels[..., 3].mean() > FLOW_CENTER > found.pixels[..., 3].mean()


def test_linked_frames_know_the_next_and_the_last_the_one_before() -> None:
    pictures = [lambda target, i=i: Image.new("L", (1, 1), i) for i in range(3)]
    found = list(linked(Frame(float(i), picture) for i, picture in enumerate(pictures)))
    assert [frame.picture for frame in found] == pictures
    assert [frame.following for frame in found] == [pictures[1], pictures[2], None]
    assert [frame.preceding for frame in found] == [None, None, pictures[1]]
    assert list(linked([Frame(0.0, pictures[0])])) == [Frame(0.0, pictures[0])]
    assert list(linked([])) == []


def test_without_opencv_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(4)
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingPartError, match=r"optical flow needs OpenCV: pip install 'seesay\[flow\]'"):
        list(clips_ahead([data], SIZE, FrameSampling(flow=True), on_error="yield"))
    assert load_clip(data, SIZE, FrameSampling(frames=2)).pixels.shape == (2, 48, 80, 3)


def test_sampling_keeps_flow_and_says_nothing_of_it_where_there_is_none() -> None:
    assert "flow" not in FrameSampling().to_json(), "older versions read it"
    assert FrameSampling.from_json(FrameSampling(flow=True).to_json()).flow
    with pytest.raises(UsageError, match="flow 1 must be true or false"):
        FrameSampling(flow=1)  # type: ignore[arg-type]
    with pytest.raises(ArtifactError, match="flow"):
        FrameSampling.from_json({"flow": "yes"})
