"""Clips of every container and shape as arrays: the right frames, upright, in bounded memory."""

from __future__ import annotations

import functools
import io
import os
import subprocess
import sys
import threading
from fractions import Fraction
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import MODALITIES, av, encode, numbered, numbers, sound, write
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from seesay.errors import MediaError, UsageError
from seesay.media import FrameSampling, Preprocessing, WebPicture, frames_of, load_clip, scenes
from seesay.media.clip import open_frame_source
from seesay.media.frame_source import MAX_CLIP_PIXELS, Frame, FrameSource, shown_at
from seesay.media.video import Video

SMALL = Preprocessing((48, 80))
ONE = FrameSampling(frames=1)
SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.jpg"))


@pytest.fixture(scope="module", params=MODALITIES)
def clip(request: pytest.FixtureRequest) -> tuple[bytes, int]:
    """100 frames in every container, and how many of them a second has."""
    kind = MODALITIES[request.param]
    return encode(100, **kind), kind.get("rate", 10)


@pytest.mark.parametrize("count", [1, 3, 16, 60, 100, 130])
def test_uniform_takes_the_centers_of_equal_segments(clip: tuple[bytes, int], count: int) -> None:
    data, rate = clip
    found = load_clip(data, SMALL, FrameSampling(frames=count))
    expected = sorted({int((k + 0.5) * 100 / count + 1e-9) for k in range(count)})
    assert numbers(found.pixels) == expected
    assert found.pixels.shape == (min(count, 100), 48, 80, 3)
    np.testing.assert_allclose(found.seconds, np.array(expected) / rate, atol=2e-3)
    assert found.duration == pytest.approx(100 / rate, abs=2e-3)


def test_a_part_of_a_clip(clip: tuple[bytes, int]) -> None:
    data, rate = clip
    found = load_clip(data, SMALL, FrameSampling(frames=5), start=41 / rate, end=51 / rate)
    assert numbers(found.pixels) == [42, 44, 46, 48, 50]
    assert found.duration == pytest.approx(100 / rate, abs=2e-3), "of the whole"
    found = load_clip(data, SMALL, FrameSampling(frames=200), start=95 / rate)
    assert numbers(found.pixels) == [95, 96, 97, 98, 99]
    with pytest.raises(MediaError, match=r"starts at 30 s, but the clip has \d"):
        load_clip(data, SMALL, ONE, start=30)


def test_stride_and_seconds(clip: tuple[bytes, int]) -> None:
    data, rate = clip
    assert numbers(load_clip(data, SMALL, FrameSampling("stride", 9, stride=7)).pixels) == list(range(0, 63, 7))
    assert numbers(load_clip(data, SMALL, FrameSampling("stride", 9, stride=30)).pixels) == [0, 30, 60, 90]
    found = load_clip(data, SMALL, FrameSampling("stride", 3, stride=2), start=10 / rate, end=13 / rate)
    assert numbers(found.pixels) == [10, 12]
    found = load_clip(data, SMALL, FrameSampling("seconds", 50, every=15.5 / rate), start=4 / rate)
    assert numbers(found.pixels) == [4, 19, 35, 50, 66, 81, 97]


def test_frames_one_by_one(clip: tuple[bytes, int]) -> None:
    data, rate = clip
    assert numbers(np.stack([pixels for _, pixels in frames_of(data, SMALL)])) == list(range(100))
    found = list(frames_of(data, SMALL, 8 / rate, start=3 / rate))
    assert numbers(np.stack([pixels for _, pixels in found])) == list(range(3, 100, 8))
    np.testing.assert_allclose([seconds for seconds, _ in found], np.arange(3, 100, 8) / rate, atol=2e-3)


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_no_more_is_decoded_than_is_needed(container: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the key frame before what is wanted; and on the way frames that no other needs are passed over."""
    options = {"g": "50", "keyint_min": "50", "sc_threshold": "0", "bf": "2"}
    data = encode(400, format=container, options=options)
    decoded = []
    seconds = Video._seconds

    def count(self: Video, frame: Any) -> float:
        decoded.append(frame)
        return seconds(self, frame)

    monkeypatch.setattr(Video, "_seconds", count)
    assert numbers(load_clip(data, SMALL, ONE, start=36.0, end=36.1).pixels) == [360]
    assert len(decoded) < 20, "the clip is read from its beginning"
    decoded.clear()
    assert numbers(load_clip(data, SMALL, FrameSampling("seconds", 3, every=15.6)).pixels) == [0, 156, 312]
    assert len(decoded) < 40
    decoded.clear()
    assert numbers(load_clip(data, SMALL, FrameSampling("seconds", 2, every=4.8)).pixels) == [0, 48]
    assert len(decoded) < 40, "every frame on the way is decoded"


def test_random_draws_one_frame_in_each_segment() -> None:
    data = encode(60, **MODALITIES["mp4"])

    def draw(seed: int) -> list[int]:
        return numbers(load_clip(data, SMALL, FrameSampling("random", 6), rng=np.random.default_rng(seed)).pixels)

    drawn = [draw(seed) for seed in range(8)]
    assert len({tuple(d) for d in drawn}) == 8
    for found in drawn:
        assert [number // 10 for number in found] == list(range(6))
    assert draw(3) == drawn[3]
    with pytest.raises(UsageError, match="give rng"):
        load_clip(data, SMALL, FrameSampling("random", 6))


class Numbers(FrameSource):
    """Frames at given instants, without pictures; jumps wherever it likes, and counts what is read."""

    def __init__(self, times: list[float], jumps: bool) -> None:
        self.times, self.jumps, self.read = times, jumps, 0

    def frames(self, start: float):  # type: ignore[no-untyped-def]
        first = max([0, *(i for i, t in enumerate(self.times) if t <= start)]) if self.jumps else 0
        for time in self.times[first:]:
            self.read += 1
            yield Frame(time, lambda target: Image.new("RGB", (1, 1)))
        self.ended_at = self.times[-1] + 0.5

    def worth_jumping(self, now: float, target: float) -> bool:
        return self.jumps


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=30, unique=True).map(sorted),
    st.lists(st.integers(0, 500), max_size=20).map(sorted),
    st.booleans(),
)
def test_the_frame_shown_is_the_last_that_began(times: list[int], asked: list[int], jumps: bool) -> None:
    found = [frame.seconds for frame in shown_at(Numbers([t / 10 for t in times], jumps), [a / 10 for a in asked])]
    shown = [max([t for t in times if t <= a], default=times[0]) / 10 for a in asked if a < times[-1] + 5]
    assert found == (sorted(set(shown)) or [times[-1] / 10] * bool(asked))


def test_a_variable_frame_rate_goes_by_the_stamps() -> None:
    times = [0.0, 0.1, 0.2, 0.3, 4.0, 4.1, 4.2, 9.0]
    for kind, between in (("mp4", "0"), ("mkv", "2")):  # an MP4 made here with B-frames states a wrong length
        data = encode(8, **{**MODALITIES[kind], "rate": 1000, "options": {"bf": between}}, times=times)
        found = load_clip(data, SMALL, FrameSampling("seconds", 20, every=1.0))
        assert numbers(found.pixels) == [0, 3, 4, 6, 7], "what is shown at 0, 1, … 9 s, each frame once"
        np.testing.assert_allclose(found.seconds, [times[i] for i in (0, 3, 4, 6, 7)], atol=2e-3)


UPRIGHT = np.zeros((48, 80, 3), np.uint8)
UPRIGHT[:24, :40], UPRIGHT[:24, 40:], UPRIGHT[24:, :40], UPRIGHT[24:, 40:] = (
    (220, 30, 30),
    (30, 200, 40),
    (40, 60, 230),
    250,
)


@pytest.mark.parametrize(
    ("turned", "how"),
    [
        ((90, False, False), Image.Transpose.ROTATE_90),
        ((180, False, False), Image.Transpose.ROTATE_180),
        ((-90, False, False), Image.Transpose.ROTATE_270),
        ((0, True, False), Image.Transpose.FLIP_LEFT_RIGHT),
        ((0, False, True), Image.Transpose.FLIP_TOP_BOTTOM),
    ],
)
def test_rotation_is_honored(turned: tuple[float, bool, bool], how: Image.Transpose) -> None:
    preprocessing = Preprocessing((64, 64))
    found = load_clip(encode([UPRIGHT] * 2, turned=turned), preprocessing, ONE).pixels[0]
    expected = preprocessing.pixels(Image.fromarray(UPRIGHT).transpose(how))
    assert np.abs(found.astype(int) - expected).mean() < 8


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "tolerance"),
    [
        ("libx264", "yuv444p", 2),
        ("libx264", "yuv420p10le", 2),
        ("prores_ks", "yuv422p10le", 2),
        ("ffv1", "bgr0", 0),
        ("ffv1", "yuva420p", 2),
        ("ffv1", "gray16le", 1),
    ],
)
def test_ten_bits_gray_and_others(codec: str, pix_fmt: str, tolerance: int) -> None:
    options = {"qp": "1"} if codec == "libx264" else {}
    data = encode([UPRIGHT] * 2, format="matroska", codec=codec, pix_fmt=pix_fmt, options=options)
    found = load_clip(data, SMALL, ONE).pixels[0]
    expected = SMALL.pixels(Image.fromarray(UPRIGHT))
    if pix_fmt.startswith("gray"):
        expected = np.asarray(Image.fromarray(expected).convert("L").convert("RGB"))
    inside = np.s_[4:20, 4:36], np.s_[28:44, 44:76]
    for part in inside:
        assert np.abs(found[part].astype(int) - expected[part]).max() <= tolerance


def test_transparent_frames_lie_over_white() -> None:
    clear = np.dstack([UPRIGHT, np.full(UPRIGHT.shape[:2], 255, np.uint8)])
    clear[24:, :40, 3] = 0
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mov") as container:
        stream = container.add_stream("qtrle", rate=10)
        stream.height, stream.width, stream.pix_fmt = 48, 80, "argb"
        frame = av.VideoFrame.from_ndarray(clear, format="rgba").reformat(format="argb")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    pixels = load_clip(buffer.getvalue(), SMALL, ONE).pixels[0]
    assert (pixels[28:44, 4:36] == 255).all()
    assert (pixels[4:20, 4:36] == (220, 30, 30)).all()


@pytest.mark.parametrize("size", [(49, 81), (1, 1), (2, 300), (33, 17)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    data = encode([np.full((*size, 3), 90, np.uint8)] * 2, codec="ffv1", format="matroska")
    assert load_clip(data, SMALL, ONE).pixels.mean() == pytest.approx(90, abs=1)


def test_pixels_that_are_not_square() -> None:
    with open_frame_source(encode([UPRIGHT] * 2, aspect=Fraction(2, 1))) as frame_source:
        assert next(frame_source.frames(0)).picture(None).size == (160, 48)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_photo_shown_as_a_clip_has_the_photos_pixels(path: Path) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:  # the JPEG itself, as a frame of Motion JPEG
        stream = container.add_stream("mjpeg", rate=1)
        with Image.open(path) as image:
            stream.width, stream.height = image.size
        stream.pix_fmt = "yuvj420p"
        packet = av.Packet(path.read_bytes())
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1)
        packet.is_keyframe = True
        container.mux(packet)
    preprocessing = Preprocessing((260, 260))
    pixels = load_clip(buffer.getvalue(), preprocessing, ONE).pixels[0].astype(int)
    with Image.open(path) as image:  # its own numbers: a frame of Motion JPEG carries no profile
        difference = np.abs(pixels - preprocessing.pixels(image.convert("RGB")))
    assert difference.mean() < 0.5
    assert difference.max() <= 12
    np.testing.assert_array_equal(load_clip(path, preprocessing, ONE).pixels[0], preprocessing.load(path))


def test_animated_pictures_are_clips(tmp_path: Path) -> None:
    frames = [Image.fromarray(numbered(i)) for i in range(12)]
    for name, options in {
        "a.gif": {"duration": 200},
        "a.webp": {"duration": 200, "lossless": True},
        "a.png": {"duration": 200},
    }.items():
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], loop=0, **options)
        found = load_clip(tmp_path / name, SMALL, FrameSampling(frames=6))
        assert numbers(found.pixels) == [1, 3, 5, 7, 9, 11], name
        np.testing.assert_allclose(found.seconds, np.arange(1, 12, 2) * 0.2)
        assert found.duration == pytest.approx(2.4)
        assert [s for s, _ in frames_of(tmp_path / name, SMALL, 1.0)] == pytest.approx([0.0, 1.0, 2.0])
    frames[0].save(tmp_path / "none.gif", save_all=True, append_images=frames[1:3], duration=0)
    assert load_clip(tmp_path / "none.gif", SMALL, ONE).duration == pytest.approx(0.3), "as browsers show it"
    data = (tmp_path / "a.gif").read_bytes()
    assert numbers(load_clip(data[: len(data) // 2], SMALL, FrameSampling(frames=50)).pixels)[:3] == [0, 1, 2]


def test_a_folder_of_numbered_frames_is_a_clip(tmp_path: Path) -> None:
    for i in range(1, 31):
        Image.fromarray(numbered(i)).save(tmp_path / f"frame_{i}.png")
    (tmp_path / "notes.txt").write_text("x")
    found = load_clip(tmp_path, SMALL, FrameSampling(frames=3))
    assert numbers(found.pixels) == [6, 16, 26], "by number, not by name"
    assert found.duration == pytest.approx(30 / 25)
    assert numbers(load_clip(tmp_path, SMALL, FrameSampling("stride", 4, stride=10)).pixels) == [1, 11, 21]
    (tmp_path / "frame_6.png").write_bytes(b"no")
    with pytest.raises(MediaError, match=r"frame_6\.png"):
        load_clip(tmp_path, SMALL, FrameSampling(frames=3))


def test_every_kind_of_source(tmp_path: Path) -> None:
    data = encode(4)
    path = tmp_path / "x.mp4"
    path.write_bytes(data)
    expected = load_clip(data, SMALL, FrameSampling()).pixels
    for source in (path, str(path), io.BytesIO(data), bytearray(data)):
        np.testing.assert_array_equal(load_clip(source, SMALL, FrameSampling()).pixels, expected)
    with path.open("rb") as handle:
        np.testing.assert_array_equal(load_clip(handle, SMALL, FrameSampling()).pixels, expected)
    odd = tmp_path / "http:x.gif"  # neither an address nor a GIF
    odd.write_bytes(data)
    assert numbers(load_clip(odd, SMALL, FrameSampling()).pixels) == [0, 1, 2, 3]


def refused(source: object, **options: object) -> str:
    with pytest.raises(MediaError) as raised:
        load_clip(source, SMALL, ONE, **options)  # type: ignore[arg-type]
    message = str(raised.value)
    assert message.isprintable()
    return message


def test_what_cannot_be_a_clip_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("hello\n" * 1000)
    (tmp_path / "playlist.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n")
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile {write(tmp_path / 'good.mp4', 3)}\n")
    (tmp_path / "sound.mp4").write_bytes(sound())
    (tmp_path / "nowhere.mp4").symlink_to("missing")
    for name, expected in {
        "folder.mp4": "this is a folder without numbered frames",
        "empty.mp4": "the file is empty",
        "text.mp4": "not a clip of a known format",
        "playlist.mp4": "not a clip of a known format",
        "list.mp4": "not a clip of a known format",
        "sound.mp4": "there are no pictures in this file, only sound",
        "nowhere.mp4": "the link points to a file that is not there",
        "missing.mp4": "there is no such file",
    }.items():
        assert refused(tmp_path / name).startswith(f"{tmp_path}/{name}: {expected}")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mp4")
        assert "this is a pipe, not a clip file" in refused(tmp_path / "pipe.mp4")
        assert "this is a device, not a clip file" in refused("/dev/zero")
    assert refused(b"").endswith("there are no bytes")
    assert "give a path, bytes, an open binary file" in refused(7)
    assert "--allow-url" in refused("http://127.0.0.1:9/x.mp4")


def test_one_frame_and_none() -> None:
    for kind in ("mp4", "mkv", "avi", "ts"):
        found = load_clip(encode(1, **MODALITIES[kind]), SMALL, FrameSampling())
        assert numbers(found.pixels) == [0]
        assert found.seconds.tolist() == [0.0]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 80, 48, "yuv420p"
        container.start_encoding()
    assert "not one frame can be decoded; the clip is empty or damaged" in refused(buffer.getvalue())


def test_of_a_truncated_clip_what_is_there_is_given() -> None:
    data = encode(100, **MODALITIES["mkv"])
    found = load_clip(data[: len(data) // 2], SMALL, FrameSampling(frames=8))
    shown = numbers(found.pixels)
    assert len(shown) == 8, "its segments are those of what is there"
    assert 30 < shown[-1] < 70
    assert found.duration < 7.5
    moov_at_the_end = encode(100, **MODALITIES["mp4"])
    assert "its beginning is damaged" in refused(moov_at_the_end[: len(moov_at_the_end) // 2])


def test_a_clip_that_ends_before_its_header_says() -> None:
    data = encode(30, **MODALITIES["avi"])
    rate = data.index(b"strh") + 28  # scale and rate stay, the length becomes ten hours
    lied = data[: rate + 12] + (360_000).to_bytes(4, "little") + data[rate + 16 :]
    assert numbers(load_clip(lied, SMALL, FrameSampling(frames=6)).pixels) == [2, 7, 12, 17, 22, 27]


def test_huge_frames_are_refused_before_they_are_decoded() -> None:
    data = bytearray(encode(2, codec="ffv1", format="avi"))
    for box in (b"avih", b"strf"):
        place = data.index(box) + 8 + (32 if box == b"avih" else 4)
        data[place : place + 8] = (10_000).to_bytes(4, "little") * 2
    assert "10000 x 10000 is 100 megapixels and the limit of a clip is 40" in refused(bytes(data))
    wide = encode([np.zeros((16, 8192, 3), np.uint8)] * 2, codec="ffv1", format="matroska")
    assert load_clip(wide, SMALL, ONE).pixels.shape == (1, 48, 80, 3)
    assert MAX_CLIP_PIXELS > 7680 * 4320


def test_wrong_numbers_are_refused() -> None:
    data = encode(2)
    for options in ({"start": -1.0}, {"start": 2.0, "end": 2.0}, {"start": float("nan")}):
        with pytest.raises(UsageError, match="must be seconds"):
            load_clip(data, SMALL, ONE, **options)
    with pytest.raises(UsageError, match="0 or more"):
        frames_of(data, SMALL, -1.0)


def test_cameras_and_streams_that_are_not_there() -> None:
    with pytest.raises(MediaError, match=r"^camera 97: there is no such camera"):
        next(frames_of(97, SMALL, 1.0))
    with pytest.raises(MediaError, match=r"^http://127\.0\.0\.1:9/x\.mp4: cannot be fetched"):
        next(frames_of(WebPicture("http://127.0.0.1:9/x.mp4", True), SMALL, 1.0))
    with pytest.raises(MediaError, match="--allow-url"):
        next(frames_of("http://127.0.0.1:9/x.mp4", SMALL, 1.0))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


class BreaksOff(Quiet):
    """Promises a whole stream, and sends a part of it."""

    def do_GET(self) -> None:
        data = encode(60, **MODALITIES["ts"])
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: 2 * len(data) // 3 // 188 * 188])


def test_a_stream_that_breaks_off_says_so_after_its_last_frame() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BreaksOff) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        seen = []
        try:
            with pytest.raises(MediaError, match=r"^http://127\.0\.0\.1.*/x\.ts: broke off \(.+\)$"):  # noqa: PT012
                for _, pixels in frames_of(WebPicture(f"http://127.0.0.1:{server.server_port}/x.ts", True), SMALL, 0.5):
                    seen.append(pixels)
        finally:
            server.shutdown()
    assert numbers(np.stack(seen))[:4] == [0, 5, 10, 15]


def test_clips_from_the_web(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", 20)
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n")
    (tmp_path / "a.ts").write_bytes(encode(20, **MODALITIES["ts"]))
    (tmp_path / "stray.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{tmp_path}/a.ts\n#EXT-X-ENDLIST\n"
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        root = f"http://127.0.0.1:{server.server_address[1]}"
        found = load_clip(WebPicture(f"{root}/a.mp4", allow_private=True), SMALL, FrameSampling(frames=4))
        assert numbers(found.pixels) == [2, 7, 12, 17]
        for name in ("a.mp4", "list.m3u8"):
            stream = frames_of(WebPicture(f"{root}/{name}", True), SMALL, 0.5)
            assert numbers(np.stack([pixels for _, pixels in stream])) == [0, 5, 10, 15], name
        with pytest.raises(MediaError, match=r"stray\.m3u8: "):
            list(frames_of(WebPicture(f"{root}/stray.m3u8", True), SMALL, 0.5))
        with pytest.raises(MediaError, match=r"gone\.mp4: cannot be fetched"):
            next(frames_of(WebPicture(f"{root}/gone.mp4", True), SMALL))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


FLAT = """
import sys
from seesay.media import Preprocessing, frames_of
def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
for number, _ in enumerate(frames_of(sys.argv[1], Preprocessing((64, 64)))):
    if number == 200:
        early = memory()
print(number + 1, memory() - early)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux tells it")
def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    path = write(tmp_path / "long.mp4", (numbered(i % 1000, 180, 320) for i in range(600)), **MODALITIES["mp4"])
    count, growth = subprocess.run(
        [sys.executable, "-c", FLAT, str(path)], check=True, capture_output=True, text=True
    ).stdout.split()
    assert int(count) == 600
    assert float(growth) < 20, "400 frames of full size would be 69 MB"


def test_scenes() -> None:
    def shot(color: tuple[int, int, int], count: int) -> list[np.ndarray]:
        rng = np.random.default_rng(count)
        ground = np.full((48, 80, 3), color, np.uint8)
        return [ground + rng.integers(0, 12, ground.shape, np.uint8) for _ in range(count)]

    parts = shot((200, 30, 30), 30) + shot((30, 30, 200), 24) + shot((30, 200, 30), 46)
    data = encode(parts)
    found = scenes(data)
    assert [round(start, 2) for start, _ in found] == pytest.approx([0.0, 3.0, 5.4], abs=0.26)
    assert [a for _, a in found[:-1]] == [b for b, _ in found[1:]]
    assert found[-1][1] == pytest.approx(10.0, abs=0.01)
    assert scenes(encode(shot((90, 90, 90), 30))) == [(0.0, pytest.approx(3.0))]
    assert len(scenes(data, least=4.0)) == 2
    with pytest.raises(UsageError):
        scenes(data, every=0)


BLOCKED = """
import sys
sys.modules["av"] = None
from pathlib import Path
from seesay.errors import MissingPartError
from seesay.media import FrameSampling, Preprocessing, load_clip
try:
    load_clip(sys.argv[1], Preprocessing((8, 8)), FrameSampling())
except MissingPartError as error:
    print(error)
print(load_clip(sys.argv[2], Preprocessing((8, 8)), FrameSampling()).pixels.shape)
"""


def test_without_pyav_one_line_says_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BLOCKED, str(write(tmp_path / "a.mp4", 2)), str(SAMPLES[0])]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines == ["video clips need PyAV: pip install 'seesay[video]'", "(1, 8, 8, 3)"]


def test_photos_do_not_need_pyav() -> None:
    call = f"from seesay.media import *; import sys; open_picture({str(SAMPLES[0])!r}); print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
