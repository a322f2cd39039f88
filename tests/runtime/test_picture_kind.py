"""Charts, text and blanks are told from photos."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from seesay.media import Preprocessing
from seesay.runtime.picture_kind import NO_PHOTO, plainness

SEES = Preprocessing(size=(260, 260))


def drawn(kind: str) -> Image.Image:
    picture = Image.new("RGB", (800, 600), "white")
    draw = ImageDraw.Draw(picture)
    if kind == "chart":
        for i, height in enumerate((120, 300, 210, 420, 90)):
            draw.rectangle((100 + 120 * i, 520 - height, 180 + 120 * i, 520), fill=(31, 119, 180))
        draw.line((80, 40, 80, 520, 740, 520), fill="black", width=3)
    elif kind == "text":
        for line in range(14):
            draw.text(
                (60, 30 + 38 * line), "All that is written here is text, " * 2, "black", ImageFont.load_default(20)
            )
    elif kind == "logo":
        draw.ellipse((200, 100, 600, 500), fill=(200, 0, 40))
        draw.rectangle((340, 240, 460, 360), fill="white")
    return picture


@pytest.mark.parametrize("kind", ["chart", "text", "logo", "blank"])
def test_drawings_text_and_blanks_are_no_photos(kind):
    assert plainness(SEES.load(drawn(kind))) >= NO_PHOTO


def test_a_scanned_page_is_no_photo():
    page = np.asarray(drawn("text").filter(ImageFilter.GaussianBlur(0.8))).astype(float)
    noise = np.random.default_rng(0).normal(-6, 3, page.shape[:2])[..., None]
    file = io.BytesIO()
    Image.fromarray((page + noise).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    assert plainness(SEES.load(file.getvalue())) >= NO_PHOTO


def test_photos_are_photos(request):
    samples = request.config.rootpath / "samples"
    for photo in sorted(samples.glob("*.jpg")):
        assert plainness(SEES.load(photo)) < NO_PHOTO, photo.name


def test_a_smooth_sky_is_no_drawing():
    rows = np.linspace(90, 200, 260)[:, None, None] + np.zeros((260, 260, 3))
    noise = np.random.default_rng(0).normal(0, 1.5, (260, 260, 3))
    assert plainness((rows + noise).clip(0, 255).astype(np.uint8)) < NO_PHOTO
