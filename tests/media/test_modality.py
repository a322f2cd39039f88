"""Clips told from pictures, and both found."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from clips import MODALITIES, encode, sound, write
from PIL import Image

from seesay.errors import UsageError
from seesay.media import (
    FrameSampling,
    Preprocessing,
    WebPicture,
    find_media,
    find_pictures,
    load_clip,
    modality_of,
)
from seesay.media.modality import is_frame_folder, looks_like_clip

JPEG = (Path(__file__).parents[2] / "samples" / "cat.jpg").read_bytes()


def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (6, 6, 3), np.uint8))


@pytest.mark.parametrize("name", sorted(set(MODALITIES) - {"h264"}))
def test_every_container_is_known_by_what_it_holds(name: str, tmp_path: Path) -> None:
    data = encode(40, **MODALITIES[name])
    assert looks_like_clip(data[:757])
    for called in ("a.jpg", "noname", "a.txt", "a.mp4"):
        (tmp_path / called).write_bytes(data)
        assert modality_of(tmp_path / called) == "clip"


def test_pictures_are_known_by_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "photo.mp4").write_bytes(JPEG)
    assert modality_of(tmp_path / "photo.mp4") == "picture"
    for name in ("one.gif", "one.webp", "one.png", "one.bmp"):
        picture().save(tmp_path / name)
        assert modality_of(tmp_path / name) == "picture"
    frames = [Image.new("RGB", (6, 6), color) for color in ("red", "green", "blue")]
    for name in ("many.gif", "many.webp", "many.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        assert modality_of(tmp_path / name) == "clip"
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    assert modality_of(tmp_path / "pages.tif") == "picture", "pages are not frames"


def test_where_nothing_tells_the_name_does(tmp_path: Path) -> None:
    for name, kind in {
        "no.mp4": "clip",
        "no.MOV": "clip",
        "no.jpg": "picture",
        "no": "picture",
        "a\0b": "picture",
    }.items():
        assert modality_of(tmp_path / name) == kind
    (tmp_path / "empty.avi").write_bytes(b"")
    assert modality_of(tmp_path / "empty.avi") == "clip"
    assert modality_of(WebPicture("https://example.org/a/b.mp4?x=1")) == "clip"
    assert modality_of("https://example.org/a.jpg") == "picture"


def test_a_folder_gives_both_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    write(tmp_path / "b.mp4", 2)
    write(tmp_path / "c" / "no suffix", 2)
    (tmp_path / "d.ts").write_text("export const x: number = 1;\n" * 100)  # TypeScript
    write(tmp_path / "e.ts", 30, **MODALITIES["ts"])
    (tmp_path / "f.m4a").write_bytes(sound("ipod"))
    (tmp_path / "g.txt").write_text("hello")
    (tmp_path / "h.mkv").symlink_to("missing")
    for i in range(3):
        (tmp_path / "i").mkdir(exist_ok=True)
        picture().save(tmp_path / "i" / f"frame{i:03}.png")
        (tmp_path / "j").mkdir(exist_ok=True)
        (tmp_path / "j" / f"IMG_000{i}.JPG").write_bytes(JPEG)
    found = [(Path(str(p)).relative_to(tmp_path).as_posix(), kind) for p, kind in find_media([tmp_path])]
    assert found == [
        ("a.jpg", "picture"),
        ("b.mp4", "clip"),
        ("c/no suffix", "clip"),
        ("e.ts", "clip"),
        ("h.mkv", "clip"),
        ("i", "clip"),
        *((f"j/IMG_000{i}.JPG", "picture") for i in range(3)),
    ]
    pictures = [p.relative_to(tmp_path).as_posix() for p in find_pictures([tmp_path])]  # type: ignore[union-attr]
    assert pictures == ["a.jpg", *(f"i/frame00{i}.png" for i in range(3)), *(f"j/IMG_000{i}.JPG" for i in range(3))]
    assert [kind for _, kind in find_media([tmp_path / "i"])] == ["clip"]
    assert list(find_media([tmp_path / "missing.mp4"])) == [(tmp_path / "missing.mp4", "clip")]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["frame1.jpg", "frame2.jpg"], True),
        ([f"Frame_{i:05}.png" for i in range(7, 12)], True),
        ([f"{i:05}.jpg" for i in range(8)], True),
        ([f"img_{i:05}.jpg" for i in range(1, 12)], True),
        ([f"{i:04}.jpg" for i in range(1, 9)], True),
        ([f"{i:05}.jpg" for i in range(7)], False),
        ([f"{i:03}.jpg" for i in range(1, 12)], False),
        ([f"IMG_{i:04}.JPG" for i in range(1, 30)], False),
        ([f"{i}.jpg" for i in range(1, 30)], False),
        (["frame1.jpg", "frame3.jpg"], False),
        (["frame1.jpg", "frame2.png"], False),
        (["frame1.jpg", "frame2.jpg", "notes.txt"], False),
        (["frame1.jpg", "other2.jpg"], False),
        ([], False),
    ],
)
def test_frames_of_a_clip_are_not_numbered_photos(tmp_path: Path, names: list[str], expected: bool) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    assert is_frame_folder(tmp_path) is expected


def test_a_clip_on_standard_input_is_refused() -> None:
    with pytest.raises(UsageError, match="standard input holds a clip"):
        list(find_media(["-"], stdin=io.BytesIO(encode(3))))


@pytest.mark.parametrize("name", ["a.mjpeg", "a.MJPG"])
def test_jpegs_one_after_the_other_are_a_clip_by_their_name(name: str, tmp_path: Path) -> None:
    made = []
    for color in ("red", "lime", "blue"):
        file = io.BytesIO()
        Image.new("RGB", (32, 24), color).save(file, "JPEG")
        made.append(file.getvalue())
    (tmp_path / name).write_bytes(b"".join(made))
    assert modality_of(tmp_path / name) == "clip"
    found = load_clip(tmp_path / name, Preprocessing((24, 32)), FrameSampling(frames=3)).pixels[:, 12, 16].argmax(1)
    assert found.tolist() == [0, 1, 2]
    (tmp_path / name).write_bytes(made[0])
    assert modality_of(tmp_path / name) == "picture"
    (tmp_path / "a.jpg").write_bytes(made[0] + made[1])
    assert modality_of(tmp_path / "a.jpg") == "picture", "as phones' pairs of pictures are"
