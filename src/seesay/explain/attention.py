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
from seesay.files import write_whole
from seesay.media import open_picture, printable
from seesay.report.page import image, page, scrolled, verdict

if TYPE_CHECKING:
    from seesay.runtime import Caption

PANEL, LABEL, COLUMNS, GAP = 200, 30, 6, 8
PANELS = "panels"
"""The folder of the page's pictures, one for each word."""


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
    """Collects photos and their captions in a folder; `finish` writes the page, which needs the folder beside it.

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
        self.unsure = self.rated = 0
        try:
            (folder / PANELS).mkdir(parents=True, exist_ok=True)
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
        chances = [float(np.exp(p)) for _, p in best.tokens]
        name = self._name(source)
        try:
            if frames is not None:
                self.clips = True
                weights = None if best.attention is None else best.attention[:, 0]
                sheet, shown = film_strip(frames, words, weights), self._strip(name, best, frames, chances)
            else:
                photo = open_picture(source, target=(480, 640))
                maps = self.grad_cam(photo, words) if self.grad_cam and words else best.attention
                sheet = _fitted(photo, 480) if maps is None else attention_picture(photo, words, maps)
                shown = self._panels(name, best, photo, maps, chances)
            sheet.save(self.folder / f"{name}.png")
        except OSError as error:
            raise ArtifactError(f"{self.folder / name}.png: cannot be written ({error.strerror or error})") from error
        others = "".join(f"<li>{_words(caption)}</li>" for caption in captions[1:])
        whole = f'<a href="{name}.png">all in one picture</a>'
        self.cards.append(
            f"<section><h2>{_words(best)}</h2>{self._certainty(best)}{f'<ul>{others}</ul>' if others else ''}"
            f'<p class="soft">{html.escape(printable(source))} · {whole}</p>{shown}</section>'
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
        how += "; the number beside a word is its probability; this page needs the folder that it lies in"
        body = f"<h1>What SeeSay sees</h1>{verdict(self._verdict())}"
        body += f'<p class="soft">model {html.escape(self.model)}; {how}</p>' + "\n".join(self.cards)
        if self.failed:
            body += f"<h2>Not captioned</h2><ul>{''.join(self.failed)}</ul>"
        try:
            write_whole(file, page("What SeeSay sees", body))
        except OSError as error:
            raise ArtifactError(f"{file}: cannot be written ({error.strerror or error})") from error
        return file

    def _verdict(self) -> str:
        count, kind = len(self.cards), "photos and clips" if self.clips else "photos"
        text = f"{self.model} describes {count:,} {kind if count != 1 else 'clip' if self.clips else 'photo'}"
        if self.rated:
            text += f"; of {self.unsure:,} it is not sure" if self.unsure else "; it is sure of all"
        return text + (f"; {len(self.failed):,} could not be captioned." if self.failed else ".")

    def _certainty(self, best: Caption) -> str:
        """How sure the model is, where it says."""
        if best.sure is None or best.confidence is None:
            return ""
        self.rated += 1
        self.unsure += not best.sure
        chance = f"{best.confidence:.0%} likely to be accepted by a person"
        if best.sure:
            return f'<p class="soft">sure: {chance}</p>'
        return f'<p><span class="doubt">not sure</span> ({chance}); perhaps: {html.escape(best.perhaps)}</p>'

    def _panels(
        self,
        name: str,
        best: Caption,
        photo: Image.Image,
        maps: NDArray[np.float32] | None,
        chances: Sequence[float],
    ) -> str:
        """The photo, then a panel for each word, the word below it."""
        small = _fitted(photo, PANEL)
        shown = [self._figure(f"{name}-0", small, best.text, "the photo")]
        for number, (weights, chance) in enumerate(zip(() if maps is None else maps, chances, strict=False)):
            word = best.tokens[number][0]
            alt = f"{best.text}: where the model looked for “{word}”"
            shown.append(self._figure(f"{name}-{number + 1}", overlay(small, weights), alt, f"{word} {chance:.2f}"))
        return f'<div class="panels">{"".join(shown)}</div>'

    def _strip(self, name: str, best: Caption, frames: NDArray[np.uint8], chances: Sequence[float]) -> str:
        """The frames as the heads of columns, a row for each word, each cell's number its share of the attention."""
        small = [_fitted(Image.fromarray(frame), 96) for frame in frames]
        pictures = [self._saved(f"{name}-{i}", one, f"{best.text}: frame {i + 1}") for i, one in enumerate(small)]
        heads = "".join(f'<th scope="col">{picture}</th>' for picture in pictures)
        rows = ""
        for place, chance in enumerate(chances if best.attention is not None else ()):
            assert best.attention is not None
            cells = "".join(f"<td>{100 * share:.0f}</td>" for share in best.attention[place, 0])
            rows += f'<tr><th scope="row">{html.escape(best.tokens[place][0])} {chance:.2f}</th>{cells}</tr>'
        table = f'<table class="strip figures"><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        return scrolled(table, f"frames of {name} and the attention on them")

    def _figure(self, name: str, picture: Image.Image, alt: str, below: str) -> str:
        return f"<figure>{self._saved(name, picture, alt)}<figcaption>{html.escape(below)}</figcaption></figure>"

    def _saved(self, name: str, picture: Image.Image, alt: str) -> str:
        picture.save(self.folder / PANELS / f"{name}.jpg", quality=85)
        return image(f"{PANELS}/{name}.jpg", alt, picture.size)

    def _name(self, source: Any) -> str:
        """A plain, unused file name that recalls the photo's."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(str(source)).stem)[:60] or "photo"
        name, number = stem, 2
        while name in self.names:
            name, number = f"{stem}-{number}", number + 1
        self.names.add(name)
        return name


def _words(caption: Caption) -> str:
    """A caption's words."""
    return " ".join(f"<span>{html.escape(token)}</span>" for token, _ in caption.tokens)


def _fitted(photo: Image.Image, side: int = PANEL) -> Image.Image:
    small = photo.copy()
    small.thumbnail((side, side))
    return small
