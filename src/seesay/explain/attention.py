"""Where the model looked, by its attention or by Grad-CAM: a picture for each photo or clip, and a page of them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from seesay.errors import ArtifactError, UsageError
from seesay.explain.film_strip import film_strip
from seesay.media import open_picture, printable
from seesay.report.page import page

if TYPE_CHECKING:
    from seesay.runtime import Caption

PANEL, LABEL, COLUMNS, GAP = 200, 30, 6, 8


WordMaps = Callable[[Image.Image, Sequence[str]], NDArray[np.float32]]
"""A photo and the T words of its caption → (T, rows, columns), where the model looked for each."""


def attention_picture(photo: Image.Image, words: Sequence[str], maps: NDArray[np.float32]) -> Image.Image:
    """The photo, then one panel for each word: bright where the model looked when it said it.

    Args:
        photo: RGB, any size.
        words: T of them.
        maps: (T, rows, columns).
    """
    small = _fitted(photo)
    width, height = small.size
    count = len(words) + 1
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + LABEL + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(18)
    panels = [small, *(overlay(small, weights) for weights in maps)]
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
        grad_cam: for a model without attention, what gives Grad-CAM's maps in its place.

    Raises:
        UsageError: the folder cannot be made.
    """

    def __init__(self, folder: Path, model: str, grad_cam: WordMaps | None = None) -> None:
        self.folder, self.model, self.grad_cam = folder, model, grad_cam
        self.cards: list[str] = []
        self.failed: list[str] = []
        self.names: set[str] = set()
        self.clips = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder}: cannot be written ({error.strerror or error})") from error

    def add(self, source: Any, captions: Sequence[Caption], frames: NDArray[np.uint8] | None = None) -> None:
        """One photo or clip and its captions; where the model looked is shown for the first of them.

        Args:
            source: as it was captioned.
            captions: of it.
            frames: of a clip, as the model read them, (F, H, W, 3); None for a photo.
        """
        best = captions[0]
        words = [token for token, _ in best.tokens]
        if frames is not None:
            self.clips = True
            sheet = film_strip(frames, words, None if best.attention is None else best.attention[:, 0])
        else:
            photo = open_picture(source, target=(480, 640))
            maps = self.grad_cam(photo, words) if self.grad_cam and words else best.attention
            sheet = _fitted(photo, 480) if maps is None else attention_picture(photo, words, maps)
        name = self._name(source)
        try:
            sheet.save(self.folder / name)
        except OSError as error:
            raise ArtifactError(f"{self.folder / name}: cannot be written ({error.strerror or error})") from error
        others = "".join(f"<li>{_words(caption)}</li>" for caption in captions[1:])
        self.cards.append(
            f"<h2>{_words(best)}</h2>{f'<ul>{others}</ul>' if others else ''}"
            f'<p class=soft>{html.escape(printable(source))}</p><img class=wide alt="" src="{name}">'
        )

    def fail(self, error: str) -> None:
        """One photo that could not be captioned; the error names it."""
        self.failed.append(f"<li>{html.escape(printable(error))}</li>")

    def finish(self) -> Path:
        """Write `index.html`."""
        file = self.folder / "index.html"
        how = "each panel is bright where the model looked when it said the word below it (attention)"
        if self.grad_cam:
            how = (
                "each panel is bright where the picture made the word below it likelier (Grad-CAM, Selvaraju et al. "
                "2017: this model has no attention)"
            )
        if self.clips:
            how += "; of a clip, how much of its attention, in per cent, each frame had for the word on the left"
        body = f"<h1>What SeeSay sees</h1><p class=soft>model {html.escape(self.model)}; {how}</p>"
        body += "\n".join(self.cards)
        if self.failed:
            body += f"<h2>Not captioned</h2><ul>{''.join(self.failed)}</ul>"
        try:
            file.write_text(page("What SeeSay sees", body), "utf-8")
        except OSError as error:
            raise ArtifactError(f"{file}: cannot be written ({error.strerror or error})") from error
        return file

    def _name(self, source: Any) -> str:
        """A plain, unused file name that recalls the photo's."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(str(source)).stem)[:60] or "photo"
        name, number = f"{stem}.png", 2
        while name in self.names:
            name, number = f"{stem}-{number}.png", number + 1
        self.names.add(name)
        return name


def _words(caption: Caption) -> str:
    """A caption's words, each with its probability to be read by pointing at it."""
    return " ".join(
        f'<span title="probability {np.exp(p):.2f}">{html.escape(token)}</span>' for token, p in caption.tokens
    )


def _fitted(photo: Image.Image, side: int = PANEL) -> Image.Image:
    small = photo.copy()
    small.thumbnail((side, side))
    return small
