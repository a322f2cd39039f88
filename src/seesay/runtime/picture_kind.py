"""Whether a picture is a photo: charts, screenshots, scans, logos and blanks are flat where photos are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NO_PHOTO = 0.4
"""From this plainness on a picture is taken for no photo."""
_SHARP = 100
"""Neighboring pixels that differ by more, in some color, are a sharp edge."""
_ENOUGH = 0.012
"""Sharp edges that a drawing or text has, in shares of its pixels; a smooth sky has fewer."""


def plainness(pixels: NDArray[np.uint8]) -> float:
    """How much a picture is like a drawing, a text or a blank: near 0 for photos, up to 1.

    Photos have noise, shades and blur: few neighboring pixels are equal, and of the others few differ much. Charts,
    screenshots and logos are areas of one color with sharp edges between them; a blank is one such area.

    Args:
        pixels: (H, W, 3), or of a clip (F, H, W, 3), whose first frame counts.
    """
    picture = (pixels if pixels.ndim == 3 else pixels[0])[..., :3].astype(np.int16)
    down = np.abs(picture[1:, :-1] - picture[:-1, :-1]).max(-1)
    right = np.abs(picture[:-1, 1:] - picture[:-1, :-1]).max(-1)
    step = np.maximum(down, right)
    flat, sharp = float((step == 0).mean()), float((step > _SHARP).mean())
    blank = max(0.0, (flat - 0.97) / 0.03) if sharp == 0 else 0.0
    return max(flat * min(1.0, sharp / _ENOUGH), blank)
