"""Every kind of picture gives the pixels it means, and what cannot be read gives one line."""

from __future__ import annotations

import concurrent.futures
import io
import os
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import bomb
from PIL import Image, ImageFile

from seesay.errors import MediaError
from seesay.media import open_picture, printable

SAMPLES = Path(__file__).parents[2] / "samples"
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def corners() -> Image.Image:
    """48 x 32 with a color in each quarter: red, green / blue, white."""
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, :24], pixels[:16, 24:], pixels[16:, :24], pixels[16:, 24:] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(pixels)


def quarters(image: Image.Image) -> list[tuple[int, ...]]:
    """The four colors, each channel rounded to 0 or 255."""
    w, h = image.size
    at = [(w // 4, h // 4), (3 * w // 4, h // 4), (w // 4, 3 * h // 4), (3 * w // 4, 3 * h // 4)]
    pixels = np.asarray(image)
    return [tuple(int(c > 127) * 255 for c in pixels[y, x]) for x, y in at]


def pixel(source: Any, x: int = 0, y: int = 0) -> tuple[int, ...]:
    picture = open_picture(source)
    assert picture.mode == "RGB"
    return tuple(int(c) for c in np.asarray(picture)[y, x])


UPRIGHT = [RED, GREEN, BLUE, WHITE]
# How a picture that is to be seen as `corners()` lies in the file, by EXIF orientation (TIFF 6.0, tag 274).
STORED = {
    1: lambda i: i,
    2: lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda i: i.transpose(Image.Transpose.ROTATE_180),
    4: lambda i: i.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda i: i.transpose(Image.Transpose.TRANSPOSE),
    6: lambda i: i.transpose(Image.Transpose.ROTATE_90),
    7: lambda i: i.transpose(Image.Transpose.TRANSVERSE),
    8: lambda i: i.transpose(Image.Transpose.ROTATE_270),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_orientation(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(STORED[orientation](corners()), format, exif=exif.tobytes() if format != "TIFF" else exif)
    for target in (None, (8, 12)):
        picture = open_picture(data, target=target)
        assert quarters(picture) == UPRIGHT
        assert quarters(open_picture(picture)) == UPRIGHT, "turned once, not twice"
        assert picture.width > picture.height
    with Image.open(io.BytesIO(data)) as image:
        assert quarters(open_picture(image)) == UPRIGHT


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"]
)
def test_exif_that_is_garbage_is_passed_over(exif: bytes) -> None:
    assert quarters(open_picture(encoded(corners(), "JPEG", exif=exif))) == UPRIGHT


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientation_out_of_range_is_passed_over(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert quarters(open_picture(encoded(corners(), "JPEG", exif=exif.tobytes()))) == UPRIGHT


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "ICO", "GIF", "JPEG2000"])
def test_lossless_formats_keep_every_pixel(format: str) -> None:
    options = {"sizes": [(48, 32)]} if format == "ICO" else {}
    np.testing.assert_array_equal(
        np.asarray(open_picture(encoded(corners(), format, **options))), np.asarray(corners())
    )


def test_alpha_lies_over_white() -> None:
    for mode, color, seen in [
        ("RGBA", (255, 0, 0, 0), WHITE),
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("LA", (0, 0), WHITE),
        ("LA", (100, 255), (100, 100, 100)),
    ]:
        image = Image.new(mode, (4, 4), color)
        assert pixel(image) == seen
        assert pixel(encoded(image, "PNG")) == seen


def test_palettes() -> None:
    image = corners().quantize(4)
    assert quarters(open_picture(encoded(image, "PNG"))) == UPRIGHT
    assert quarters(open_picture(encoded(image, "GIF"))) == UPRIGHT
    red = image.getpixel((0, 0))
    assert isinstance(red, int)
    for options in ({"transparency": red}, {"transparency": bytes(0 if i == red else 255 for i in range(4))}):
        assert quarters(open_picture(encoded(image, "PNG", **options))) == [WHITE, *UPRIGHT[1:]]
    assert quarters(open_picture(encoded(image, "GIF", transparency=red))) == [WHITE, *UPRIGHT[1:]]


def test_transparent_color_of_a_picture_without_alpha() -> None:
    assert quarters(open_picture(encoded(corners(), "PNG", transparency=RED))) == [WHITE, *UPRIGHT[1:]]
    gray = Image.fromarray(np.array([[10, 200]], np.uint8))
    assert [pixel(encoded(gray, "PNG", transparency=10), x) for x in (0, 1)] == [WHITE, (200,) * 3]


def test_gray_and_one_bit() -> None:
    assert pixel(encoded(Image.new("L", (3, 3), 77), "PNG")) == (77, 77, 77)
    assert pixel(encoded(Image.new("L", (16, 16), 77), "JPEG")) == (77, 77, 77)
    for format in ("PNG", "TIFF", "PPM", "BMP"):
        assert pixel(encoded(Image.new("1", (9, 3), 1), format)) == WHITE
        assert pixel(encoded(Image.new("1", (9, 3), 0), format)) == BLACK


def test_sixteen_bits_are_scaled() -> None:
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    for data in (encoded(Image.fromarray(values), "PNG"), encoded(Image.fromarray(values), "TIFF"), None):
        picture = open_picture(data if data else Image.fromarray(values))
        assert np.asarray(picture)[0].tolist() == [[v] * 3 for v in (0, 1, 128, 255)]


def test_a_dark_sixteen_bit_picture_stays_dark() -> None:
    assert pixel(encoded(Image.fromarray(np.full((2, 2), 200, np.uint16)), "PNG")) == (1, 1, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 128.0, 255.0], [0, 128, 255]),
        ([0.0, 32896.0, 65535.0], [0, 128, 255]),
        ([0.0, 1e6, 2.5e6], [0, 102, 255]),
        ([float("nan"), float("inf"), -3.0, 1.0], [0, 255, 0, 255]),
    ],
)
def test_floats_are_scaled(values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.float32))
    for source in (image, encoded(image, "TIFF")):
        assert np.asarray(open_picture(source))[0, :, 0].tolist() == expected


def test_integers_of_32_bits_are_scaled() -> None:
    for values, expected in [([0, 128, 255], [0, 128, 255]), ([-5, 0, 1 << 30], [0, 0, 255])]:
        image = Image.fromarray(np.array([values], np.int32))
        assert np.asarray(open_picture(encoded(image, "TIFF")))[0, :, 0].tolist() == expected


def test_cmyk() -> None:
    assert pixel(Image.new("CMYK", (8, 8), (0, 255, 255, 0))) == RED
    assert pixel(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF")) == RED
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
    assert b"Adobe" in data, "Pillow writes what Photoshop does: values upside down, and a marker that tells"
    assert all(abs(a - b) <= 3 for a, b in zip(pixel(data), RED, strict=True))


def test_other_color_spaces() -> None:
    ycc = corners().convert("YCbCr")
    assert quarters(open_picture(ycc)) == UPRIGHT
    assert quarters(open_picture(corners().convert("HSV"))) == UPRIGHT


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation(format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    frames = [Image.new("RGB", (20, 10), color) for color in (RED, GREEN, BLUE)]
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    assert pixel(data) == RED


def test_large_pictures_are_converted_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sources = [
        Image.fromarray(rng.integers(0, 256, (37, 20, 4), np.uint8)),
        Image.fromarray(rng.integers(0, 65536, (37, 20), np.uint16)),
        Image.fromarray(rng.random((37, 20), np.float32) * 300),
        corners().quantize(4),
    ]
    whole = [np.asarray(open_picture(source)) for source in sources]
    monkeypatch.setattr("seesay.media.color._STRIP", 100)
    for source, expected in zip(sources, whole, strict=True):
        np.testing.assert_array_equal(np.asarray(open_picture(source)), expected)
    transparent = encoded(corners(), "PNG", transparency=RED)
    assert quarters(open_picture(transparent)) == [WHITE, *UPRIGHT[1:]]


def test_every_kind_of_source(tmp_path: Path) -> None:
    file = tmp_path / "wrong extension.txt"
    data = encoded(corners(), "PNG")
    file.write_bytes(data)
    for source in (file, str(file), data, bytearray(data), io.BytesIO(data), corners(), np.asarray(corners())):
        assert quarters(open_picture(source)) == UPRIGHT
    with file.open("rb") as handle:
        assert quarters(open_picture(handle)) == UPRIGHT
        assert not handle.closed


def test_a_given_image_is_not_changed() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    open_picture(image)
    assert image.mode == "RGBA"
    plain = Image.new("RGB", (4, 4))
    open_picture(plain).paste(WHITE, (0, 0, 4, 4))
    assert plain.getpixel((0, 0)) == BLACK


def test_one_lazy_image_in_many_threads() -> None:
    with Image.open(SAMPLES / "cat.jpg") as image, concurrent.futures.ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(open_picture, [image] * 16))
    assert len({picture.tobytes() for picture in pictures}) == 1


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((3, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int64),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    shape = re.escape(", ".join(map(str, array.shape)))
    with pytest.raises(MediaError, match=rf"must be uint8 \(H, W, 3\).*this is {array.dtype} \({shape}\)"):
        open_picture(array)


def test_arrays_in_any_memory_layout() -> None:
    pixels = np.asarray(corners())
    assert quarters(open_picture(np.asfortranarray(pixels))) == UPRIGHT
    assert quarters(open_picture(pixels[:, ::-1])) == [GREEN, RED, WHITE, BLUE]


@pytest.mark.parametrize("source", [None, 3, 2.5, [1, 2], object()])
def test_what_is_no_source_is_refused(source: object) -> None:
    with pytest.raises(MediaError, match="give a path, bytes, an open binary file, a PIL image or a uint8 array"):
        open_picture(source)


def test_a_file_opened_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with (tmp_path / "a.txt").open() as handle, pytest.raises(MediaError, match="must be opened as binary"):
        open_picture(handle)


def test_bomb_is_refused_before_it_is_decoded() -> None:
    data = bomb()
    with pytest.raises(MediaError, match="30000 x 30000 is 900 megapixels and the limit is 200; make it smaller"):
        open_picture(data)
    with pytest.raises(MediaError, match=r"48 x 32 is 0\.001536 megapixels and the limit is 0\.001; "):
        open_picture(encoded(corners(), "PNG"), max_pixels=1000)


@pytest.mark.timeout(120)
def test_two_hundred_megapixels_by_default() -> None:
    """Pillow alone warns at 89 and refuses at 179; up to 200 we go, without a warning."""
    image = Image.new("1", (20_000, 10_000))
    assert open_picture(encoded(image, "PNG"), max_pixels=200_000_000).size == (20_000, 10_000)
    del image
    with pytest.raises(MediaError, match="the limit is 200"):
        open_picture(encoded(Image.new("1", (20_000, 10_001)), "PNG"))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM"])
def test_truncated_files_are_refused(format: str) -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    rng = np.random.default_rng(1)
    data = encoded(Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)), format)
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(MediaError, match=r"^picture of \d+ bytes: (truncated or damaged|not a picture)[^\n]*$"):
            open_picture(data[: int(share * len(data))])


def test_messages_name_the_file_on_one_line(tmp_path: Path) -> None:
    names = ["plain.jpg", "new\nline.jpg", os.fsdecode(b"\xff\xfe.jpg"), "\x1b[31m.jpg"]
    shown = ["plain.jpg", r"new\nline.jpg", r"\xff\xfe.jpg", r"\x1b[31m.jpg"]
    for name, expected in zip(names, shown, strict=True):
        path = tmp_path / name
        with pytest.raises(MediaError) as missing:
            open_picture(path)
        assert str(missing.value) == f"{tmp_path}/{expected}: there is no such file"
        path.write_text("no picture")
        with pytest.raises(MediaError) as unknown:
            open_picture(str(path))
        assert str(unknown.value).startswith(f"{tmp_path}/{expected}: not a picture of a known format (JPEG, ")
        assert printable(path) == f"{tmp_path}/{expected}"


def test_names_that_cannot_be_paths() -> None:
    for name in ("a\0b.jpg", "x" * 5000):
        with pytest.raises(MediaError, match=r"^[^\n]+: [^\n]+$"):
            open_picture(name)


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(encoded(corners(), "JPEG"))
    path.chmod(0)
    with pytest.raises(MediaError, match="may not be read"):
        open_picture(path)


def test_no_permission_as_any_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("seesay.media.source.os.open", refuse)
    with pytest.raises(MediaError, match="may not be read"):
        open_picture(SAMPLES / "cat.jpg")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
def test_devices_are_not_opened() -> None:
    with pytest.raises(MediaError, match="this is a device, not a picture file"):
        open_picture("/dev/zero")


@pytest.mark.parametrize(
    "error", [SyntaxError, ValueError, OverflowError, MemoryError, RecursionError, KeyError, OSError]
)
def test_whatever_the_decoder_raises(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def load(self: object) -> None:
        raise error("two\nlines")

    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load", load)
    with pytest.raises(MediaError, match=r"cat\.jpg: [^\n]+$"):
        open_picture(SAMPLES / "cat.jpg")


@pytest.mark.parametrize("name", ["cat.jpg", "camera.jpg"])
def test_draft_is_near_the_whole_picture(name: str) -> None:
    with Image.open(SAMPLES / name) as image:
        large = encoded(image.resize((image.width * 4, image.height * 4), Image.Resampling.BICUBIC), "JPEG", quality=92)
    whole, draft = open_picture(large), open_picture(large, target=(200, 200))
    assert draft.width <= whole.width / 2
    assert min(draft.size) >= 400
    small = [np.asarray(p.resize((200, 200), Image.Resampling.BICUBIC)).astype(float) for p in (whole, draft)]
    difference = np.abs(small[0] - small[1])
    assert difference.mean() < 0.7
    assert np.percentile(difference, 99) < 4


def test_draft_never_goes_below_the_target_whichever_way_up() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGB", (1600, 400)), "JPEG", exif=exif.tobytes())
    for target in [(800, 200), (100, 25), (799, 10), (10, 199)]:
        picture = open_picture(data, target=target)
        assert picture.height >= target[0]
        assert picture.width >= target[1]


def test_warnings_stay_as_they_were() -> None:
    before = list(warnings.filters)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(open_picture, sorted(SAMPLES.glob("*.jpg")) * 8))
    assert list(warnings.filters) == before
