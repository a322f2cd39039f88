"""Whether a picture is a photo: charts, screenshots, scans, logos and blanks are flat where photos are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NO_PHOTO = 0.4
"""From this plainness on a picture is taken for no photo."""
_SHARP, _EDGE = 100, 60
"""Neighboring pixels that differ by more, in some color, are a sharp edge, and an edge."""
_ENOUGH, _MANY = 0.012, 0.04
"""Shares of sharp edges, and of edges, that a drawing or text has; a smooth sky has fewer."""
_PAPER = 20
"""Pixels that differ by no more from the commonest color, in each color, are the paper that is drawn on."""


def plainness(pixels: NDArray[np.uint8]) -> float:
    """How much a picture is like a drawing, a text or a blank: near 0 for photos, up to 1.

    Photos have noise, shades and blur: few neighboring pixels are equal, and of the others few differ much. Charts,
    screenshots and logos are areas of one color with sharp edges between them; a scanned page is paper of nearly one
    color with many edges; a blank is one such area.

    Args:
        pixels: (H, W, 3), or of a clip (F, H, W, 3), whose first frame counts.
    """
    picture = (pixels if pixels.ndim == 3 else pixels[0])[..., :3].astype(np.int16)
    down = np.abs(picture[1:, :-1] - picture[:-1, :-1]).max(-1)
    right = np.abs(picture[:-1, 1:] - picture[:-1, :-1]).max(-1)
    step = np.maximum(down, right)
    flat, sharp = float((step == 0).mean()), float((step > _SHARP).mean())
    coarse = (picture >> 4) @ np.array([256, 16, 1])
    commonest = int(np.bincount(coarse.reshape(-1)).argmax())
    color = np.array([commonest >> 8, commonest >> 4 & 15, commonest & 15]) * 16 + 8
    paper = float((np.abs(picture - color).max(-1) <= _PAPER).mean())
    drawn = flat * min(1.0, sharp / _ENOUGH)
    written = 0.6 * paper * min(1.0, float((step > _EDGE).mean()) / _MANY)
    blank = max(0.0, (flat - 0.97) / 0.03) if sharp == 0 else 0.0
    return max(drawn, written, blank)
