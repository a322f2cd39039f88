"""Photos of every format by what they hold; what is not read is named; what systems leave behind is no photo."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from profiles import P3, chunk, cicp, expected, iccp, png, rgb_profile
from tiffs import tiff

from seesay.errors import MediaError
from seesay.media import find_media, find_pictures, modality_of, open_picture
from seesay.media.leftovers import is_leftover

SAMPLES = Path(__file__).parents[2] / "samples"
JPEG = (SAMPLES / "cat.jpg").read_bytes()


def picture() -> Image.Image:
    y, x = np.mgrid[0:48, 0:64]
    return Image.fromarray(np.stack([4 * x, 5 * y, 128 + 0 * x], axis=-1).astype(np.uint8))


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def heic(image: Image.Image, **options: Any) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=95, chroma=444, **options)
    return buffer.getvalue()


def jxl(image: Image.Image, **options: Any) -> bytes:
    pytest.importorskip("pillow_jxl")
    return saved(image, "JXL", **options)


def off(data: bytes, right: Any) -> float:
    return float(np.abs(np.asarray(open_picture(data)).astype(float) - np.asarray(right).astype(float)).max())


def test_heic_and_jpeg_xl(tmp_path: Path) -> None:
    for name, data in (("a.HEIC", heic(picture())), ("b.jxl", jxl(picture(), lossless=True))):
        assert off(data, picture()) <= 8
        for called in (name, name + ".jpg", "no suffix " + name[0]):
            (tmp_path / called).write_bytes(data)
            assert open_picture(tmp_path / called).size == (64, 48)
            assert modality_of(tmp_path / called) == "picture"
    found = [path.name for path in find_pictures([tmp_path])]  # type: ignore[union-attr]
    assert found == ["a.HEIC", "a.HEIC.jpg", "b.jxl", "b.jxl.jpg", "no suffix a", *found[5:]]


def test_heic_of_another_color_space() -> None:
    values = np.asarray(picture()).astype(float) / 255
    right = expected(values, P3, (0.3127, 0.3290), None)
    with_profile = picture()
    with_profile.info["icc_profile"] = rgb_profile(P3, (0.3127, 0.3290), None)
    assert off(heic(with_profile), right) <= 10
    assert off(heic(picture(), color_primaries=12, transfer_characteristics=13), right) <= 10


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once(orientation: int) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    seen = np.kron(np.arange(6).reshape(2, 3, 1) * 45 + [0, 10, 20], np.ones((16, 16, 1))).astype(np.uint8)
    across = seen.swapaxes(0, 1)
    stored = [
        seen,
        seen[:, ::-1],
        seen[::-1, ::-1],
        seen[::-1],
        across,
        across[::-1],
        across[::-1, ::-1],
        across[:, ::-1],
    ]
    pixels = np.ascontiguousarray(stored[orientation - 1])
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = pillow_heif.from_bytes("RGB", (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    file.info["exif"] = exif.tobytes()
    buffer = io.BytesIO()
    file.save(buffer, quality=95, chroma=444)
    assert off(buffer.getvalue(), seen) <= 10


@pytest.mark.parametrize(("module", "format"), [("pillow_heif", "HEIC"), ("pillow_jxl", "JPEG XL")])
def test_without_the_part_it_is_named(
    module: str, format: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = heic(picture()) if format == "HEIC" else jxl(picture())
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "x.jpg").write_bytes(data)
    with pytest.raises(
        MediaError, match=rf'x\.jpg: this is a {format} photo; to read it: pip install "seesay\[photos\]"$'
    ):
        open_picture(tmp_path / "x.jpg")
    (tmp_path / "y.heic").write_bytes(data)
    assert tmp_path / "y.heic" in list(find_pictures([tmp_path])), "not left out: its error is told"


def test_avif_by_its_numbers() -> None:
    pale = Image.fromarray((80 + np.asarray(picture()) // 4).astype(np.uint8))
    data = bytearray(saved(pale, "AVIF", quality=100, subsampling="4:4:4"))
    place = data.index(b"nclx")
    data[place + 4 : place + 8] = struct.pack(">HH", 12, 13)
    assert off(bytes(data), expected(np.asarray(pale) / 255, P3, (0.3127, 0.3290), None)) <= 5


NAMED = {
    b"8BPS\0\1": "Photoshop",
    b"%PDF-1.7\n": "PDF",
    b'<?xml version="1.0"?>\n<svg xmlns="x">': "SVG",
    b"<svg>": "SVG",
    b"FUJIFILMCCD-RAW 0201": "camera raw",
    b"IIRO\x08\0\0\0": "camera raw",
    b"II*\0\x10\0\0\0CR\2\0": "camera raw",
    b"\0\0\0\x18ftypcrx \0\0\0\1crx isom": "camera raw",
    b"\0\x05\x16\x07\0\2\0\0Mac OS X": "AppleDouble",
}


@pytest.mark.parametrize("start", NAMED)
def test_what_is_not_read_is_named(start: bytes) -> None:
    with pytest.raises(MediaError, match=f"this is {NAMED[start]}, which SeeSay does not read; "):
        open_picture(start + bytes(200))


def test_photos_in_folders_that_are_not_read_are_told(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.NEF", "c.svg", "d.psd", "e.pdf", "f.txt", "sub/g.dng", "sub/h.cr3", "i.html", "j.nef"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(JPEG if name in ("a.jpg", "j.nef") else b"x")
    for find in (find_pictures, find_media):
        told: list[tuple[str, str]] = []

        def tell(path: Path, kind: str, told: list[tuple[str, str]] = told) -> None:
            told.append((path.name, kind))

        found = [*find([tmp_path], left_out=tell)]  # type: ignore[operator]
        assert len(found) == 2, "a JPEG is one whatever its name"
        assert told == [
            ("b.NEF", "camera raw"),
            ("c.svg", "SVG"),
            ("d.psd", "Photoshop"),
            ("e.pdf", "PDF"),
            ("g.dng", "camera raw"),
            ("h.cr3", "camera raw"),
        ]


def test_what_systems_leave_behind(tmp_path: Path) -> None:
    left = ["._a.jpg", "__MACOSX/._a.jpg", "__MACOSX/b.jpg", "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", ".thumbnails/1.jpg"]
    left += ["Thumbs.db", ".DS_Store", ".trashed-1700000000-a.jpg", "$RECYCLE.BIN/S-1/x.jpg", ".Trash-1000/files/x.jpg"]
    left += [".AppleDouble/a.jpg", ".Trashes/501/a.jpg", ".@__thumb/s800a.jpg", "#recycle/a.jpg", ".pending-17-b.jpg"]
    left += [".git/objects/a.jpg", ".picasaoriginals/a.jpg", "a.jpg.part", "a.jpg.crdownload", "~$a.jpg", ".a.jpg.swp"]
    kept = ["a.jpg", ".hidden.jpg", "trash.jpg", "thumbs/a.jpg", "_underscore.jpg"]
    for name in left + kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(JPEG)
    for arguments in ([tmp_path], [f"{tmp_path}/**/*.jpg", tmp_path / ".hidden.jpg"]):
        found = {path.relative_to(tmp_path).as_posix() for path in find_pictures(arguments)}  # type: ignore[union-attr]
        assert found == set(kept)
    named = tmp_path / "@eaDir"
    assert list(find_pictures([named])) == [named / "a.jpg" / "SYNOPHOTO_THUMB_M.jpg"], "asked for by name"
    assert is_leftover(".TRASH-0")
    assert not is_leftover("trash")


def test_a_damaged_text_chunk_is_passed_over() -> None:
    values = np.asarray(picture()).astype(np.uint32)
    for kind in (b"tEXt", b"iTXt", b"zTXt", b"pHYs", b"eXIf", b"tIME", b"iCCP", b"gAMA", b"prVt"):
        assert off(png(values, 8, chunk(kind, b"key\0value", damage=True)), picture()) == 0, kind
    sound = png(values, 8)
    end = sound.index(b"IEND") - 4
    assert off(sound[:end] + chunk(b"tEXt", b"key\0value", damage=True) + sound[end:], picture()) == 0, (
        "after the pixels"
    )
    assert off(png(values, 8, chunk(b"zTXt", b"key\0\0" + b"rubbish"), chunk(b"iCCP", b"p\0\7x")), picture()) == 0


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"PLTE"])
def test_a_damaged_chunk_of_pixels_is_refused(kind: bytes) -> None:
    data = bytearray(png(np.zeros((4, 4, 1), np.uint32), 8, palette=b"\1\2\3" * 256))
    data[data.index(kind) + 4 + int.from_bytes(data[data.index(kind) - 4 : data.index(kind)], "big")] ^= 1
    with pytest.raises(MediaError, match=rf"damaged PNG \(the checksum of its {kind.decode()} chunk is wrong\)"):
        open_picture(bytes(data))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("target", [None, (32, 32)])
def test_a_jpeg_without_its_end_marker(options: dict[str, Any], target: tuple[int, int] | None) -> None:
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 256, (90, 130, 3), np.uint8))
    data = saved(noise, "JPEG", quality=90, **options)
    right = np.asarray(open_picture(data, target=target))
    for end in (data[:-1], data[:-2], data[:-2] + bytes(50), data[:-2] + b"\xff"):
        np.testing.assert_array_equal(np.asarray(open_picture(end, target=target)), right)
    for cut in (3, 6, 12, 40, 500):
        with pytest.raises(MediaError, match="truncated"):
            open_picture(data[:-cut], target=target)


def test_a_picture_before_the_animation_is_not_shown() -> None:
    frames = [Image.new("RGB", (16, 8), color) for color in ("white", "blue", "lime")]
    data = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True, duration=500)
    assert open_picture(data).getpixel((3, 3)) == (0, 0, 255)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (tiff(np.zeros((3, 4, 3), np.float32), 32, 2), "a 3 × 32-bit float TIFF (RGB, uncompressed)"),
        (
            tiff(np.zeros((3, 4, 3), np.float16), 16, 2, planar=True),
            "a 3 × 16-bit float TIFF (RGB, planar, uncompressed)",
        ),
        (tiff(np.zeros((3, 4, 3), np.int16), 16, 2), "a 3 × 16-bit signed integer TIFF (RGB, uncompressed)"),
        (tiff(np.zeros((3, 4, 1), np.uint32), 16, 32803), "a 1 × 16-bit integer TIFF (raw sensor, uncompressed)"),
        (
            tiff(np.zeros((3, 4, 4), np.uint32), 8, 5, tags={332: (3, [2])}),
            "a 4 × 8-bit integer TIFF (CMYK, uncompressed)",
        ),
        (tiff(np.zeros((3, 4, 1), np.uint32), 8, 1, tags={259: (3, [34887])}), "a 1 × 8-bit integer TIFF (gray, LERC)"),
        (tiff(np.zeros((3, 4, 3), np.uint32), 12, 2, tags={259: (3, [7])}), "a 3 × 12-bit integer TIFF (RGB, JPEG)"),
    ],
)
def test_kinds_of_tiff_that_cannot_be_read_are_named(data: bytes, name: str) -> None:
    with pytest.raises(MediaError) as refused:
        open_picture(data)
    assert f": {name}, which SeeSay cannot read: " in str(refused.value)
    assert "damaged" not in str(refused.value)


def test_truncated_tiffs_are_refused() -> None:
    values = np.random.default_rng(0).integers(0, 4096, (30, 40, 3)).astype(np.uint32)
    for packing in (1, 5, 8, 32773):
        data = tiff(values, 12, 2, planar=True, compression=packing, rows=4)
        for share in (0.05, 0.3, 0.95):
            with pytest.raises(MediaError, match=r"^picture of \d+ bytes: truncated or damaged"):
                open_picture(data[: int(share * len(data))])


def test_ycbcr_tiffs() -> None:
    y, x = np.mgrid[0:32, 0:48]
    smooth = Image.fromarray(np.stack([5 * x, 7 * y, 100 + x], axis=-1).astype(np.uint8))
    planes = np.asarray(smooth.convert("YCbCr")).astype(np.uint32)
    full = tiff(planes, 8, 6, tags={530: (3, [1, 1])})
    assert off(full, Image.fromarray(planes.astype(np.uint8), "YCbCr").convert("RGB")) <= 2
    means = planes.reshape(16, 2, 24, 2, 3).mean(axis=(1, 3)).round().astype(np.uint32)
    units = [*(planes[i::2, j::2, 0] for i in (0, 1) for j in (0, 1)), means[..., 1], means[..., 2]]
    packed = np.stack(units, axis=-1).astype(np.uint8).tobytes()
    tags = {256: (4, [48]), 277: (3, [3]), 258: (3, [8, 8, 8]), 530: (3, [2, 2])}
    head = tiff(np.zeros((32, 72, 1), np.uint32), 8, 6, tags=tags)
    assert off(head[: -32 * 72] + packed, smooth) <= 12, "colors are those of two by two pixels"


def test_hdr_stills_are_tone_mapped() -> None:
    """White of 203 cd/m² is light, gray stays in order, and 1,000 cd/m² is white."""
    for transfer, codes in ((16, [0.0, 0.30, 0.44, 0.5807, 0.7518]), (18, [0.0, 0.3, 0.5, 0.75, 1.0])):
        values = np.rint(65535 * np.array([codes])[..., None] * np.ones(3)).astype(np.uint32)
        row = np.asarray(open_picture(png(values, 16, cicp(9, transfer))))[0, :, 0].tolist()
        assert row == sorted(row)
        assert row[0] == 0
        assert 247 <= row[3] <= 251, "as clips: nine tenths of white light stay, the rest is for highlights"
        assert row[-1] == 255


def test_adobe_rgb_by_its_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0xA005] = {1: "R03"}
    exif.get_ifd(0xA005)[1] = "R03"
    red = Image.new("RGB", (16, 16), (200, 30, 30))
    data = saved(red, "JPEG", quality=100, exif=exif.tobytes())
    assert b"R03\0" in data
    assert open_picture(data).getpixel((8, 8))[0] > 215  # type: ignore[index]


def test_images_of_pillow_and_animations_are_converted_too() -> None:
    values = np.asarray(picture())
    image = Image.fromarray(values)
    image.info["icc_profile"] = rgb_profile(P3, (0.3127, 0.3290), None)
    right = expected(values / 255, P3, (0.3127, 0.3290), None)
    assert np.abs(np.asarray(open_picture(image)) - right).max() <= 2
    assert np.array_equal(np.asarray(image), values), "what is given is not changed"
    assert "icc_profile" not in open_picture(image).info


def test_a_broken_profile_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="seesay.media")
    assert off(png(np.asarray(picture()).astype(np.uint32), 8, iccp(b"nonsense" * 30)), picture()) == 0
    assert "the color profile is ignored: it is broken" in caplog.text
