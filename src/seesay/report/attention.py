"""Where the model looked: a picture for each photo, one panel for each word, and a page of them all."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from seesay.errors import ArtefactError, UsageError
from seesay.media import open_picture, printable
from seesay.report.page import page

if TYPE_CHECKING:
    from seesay.runtime import Caption

PANEL, LABEL, COLUMNS, GAP = 200, 30, 6, 8


def attention_picture(photo: Image.Image, caption: Caption) -> Image.Image:
    """The photo, then one panel for each word: bright where the model looked when it said it.

    Args:
        photo: RGB, any size.
        caption: with its attention, (T, rows, columns).
    """
    assert caption.attention is not None
    small = _fitted(photo)
    width, height = small.size
    words = [token for token, _ in caption.tokens]
    count = len(words) + 1
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + LABEL + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(18)
    panels = [small, *(overlay(small, weights) for weights in caption.attention)]
    for index, (panel, word) in enumerate(zip(panels, ["", *words], strict=True)):
        left = GAP + (index % columns) * (width + GAP)
        top = GAP + (index // columns) * (height + LABEL + GAP)
        sheet.paste(panel, (left, top))
        draw.text((left + 2, top + height + 4), word, "black", font)
    return sheet


def overlay(photo: Image.Image, weights: NDArray[np.float32]) -> Image.Image:
    """A photo darkened where the weights (rows, columns) are small and warmed where they are large."""
    scaled = weights / max(float(weights.max()), 1e-9)
    heat = Image.fromarray((255 * scaled).astype(np.uint8)).resize(photo.size, Image.Resampling.BICUBIC)
    strength = np.asarray(heat, np.float32)[..., None] / 255
    pixels = np.asarray(photo, np.float32)
    warm = np.array([255, 150, 30], np.float32)
    seen = pixels * (0.35 + 0.65 * strength) + warm * 0.35 * strength**2
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8))


class AttentionPages:
    """Collects photos and their captions in a folder; `finish` writes the page.

    Args:
        folder: made if need be.
        model: the model's name, for the page.

    Raises:
        UsageError: the folder cannot be made.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self.folder, self.model = folder, model
        self.cards: list[str] = []
        self.names: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder}: cannot be written ({error.strerror or error})") from error

    def add(self, source: Any, caption: Caption) -> None:
        """One photo; a model without attention gets the photo alone."""
        photo = open_picture(source, target=(480, 640))
        sheet = _fitted(photo, 480) if caption.attention is None else attention_picture(photo, caption)
        name = self._name(source)
        try:
            sheet.save(self.folder / name)
        except OSError as error:
            raise ArtefactError(f"{self.folder / name}: cannot be written ({error.strerror or error})") from error
        words = " ".join(
            f'<span title="probability {np.exp(p):.2f}">{html.escape(token)}</span>' for token, p in caption.tokens
        )
        self.cards.append(
            f'<h2>{words}</h2><p class=soft>{html.escape(printable(source))}</p><img class=wide alt="" src="{name}">'
        )

    def finish(self) -> Path:
        """Write `index.html`."""
        file = self.folder / "index.html"
        intro = (
            f"<h1>What SeeSay sees</h1><p class=soft>model {html.escape(self.model)}; each panel is bright where the "
        )
        intro += "model looked when it said the word below it</p>"
        try:
            file.write_text(page("What SeeSay sees", intro + "\n".join(self.cards)), "utf-8")
        except OSError as error:
            raise ArtefactError(f"{file}: cannot be written ({error.strerror or error})") from error
        return file

    def _name(self, source: Any) -> str:
        """A plain, unused file name that recalls the photo's."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(str(source)).stem)[:60] or "photo"
        name, number = f"{stem}.png", 2
        while name in self.names:
            name, number = f"{stem}-{number}.png", number + 1
        self.names.add(name)
        return name


def _fitted(photo: Image.Image, side: int = PANEL) -> Image.Image:
    small = photo.copy()
    small.thumbnail((side, side))
    return small
