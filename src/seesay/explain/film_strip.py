"""Where a model of clips looked: its frames as a film strip, and below it how much each weighed for each word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CELL, ROW, LABEL, GAP, HOLE = 72, 26, 110, 2, 8
_WARM = np.array([255, 150, 30], np.float32)


def film_strip(frames: NDArray[np.uint8], words: Sequence[str], weights: NDArray[np.float32] | None) -> Image.Image:
    """The frames side by side; below them a row for each word, a cell a frame, the warmer the more it weighed.

    Args:
        frames: (F, H, W, 3), as the model read them.
        words: T of them.
        weights: (T, F), each row summing to 1, shown in per cent; None for a model that does not attend.
    """
    height = max(1, round(CELL * frames.shape[1] / frames.shape[2]))
    strip = height + 2 * HOLE
    rows = len(words) if weights is not None else 0
    sheet = Image.new("RGB", (LABEL + len(frames) * CELL, strip + GAP + rows * ROW), "white")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((LABEL, 0, sheet.width, strip - 1), "black")
    for place, frame in enumerate(frames):
        left = LABEL + place * CELL
        sheet.paste(Image.fromarray(frame).resize((CELL - GAP, height)), (left + GAP // 2, HOLE))
        for top in (2, strip - HOLE + 2):
            for hole in range(left + 4, left + CELL - 4, 12):
                draw.rectangle((hole, top, hole + 5, top + 3), "white")
    if weights is not None:
        font, small = ImageFont.load_default(16), ImageFont.load_default(11)
        for row, (word, shares) in enumerate(zip(words, weights, strict=True)):
            top = strip + GAP + row * ROW
            draw.text((4, top + 3), word, "black", font)
            for place, share in enumerate(shares):
                left, strength = LABEL + place * CELL, float(share) / max(float(shares.max()), 1e-9)
                color = tuple(int(v) for v in 255 + strength * (_WARM - 255))
                draw.rectangle((left + 1, top + 1, left + CELL - 2, top + ROW - 2), color)
                draw.text((left + CELL // 2, top + ROW // 2), f"{100 * share:.0f}", "black", small, anchor="mm")
    return sheet
