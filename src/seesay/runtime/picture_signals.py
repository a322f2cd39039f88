"""What a picture's pixels tell of its use: blank, line, smooth ground, text, drawing or photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.media import open_picture
from seesay.runtime.picture_kind import NO_PHOTO, plainness

SEEN = 480
"""Longest side, in pixels, at which a picture is looked at."""
_THIN = 6
"""Most pixels that a line is wide."""
_INK = 70
"""Pixels that differ by more from the ground, in some color, are ink."""


@dataclass(frozen=True)
class Signals:
    """What was measured of a picture.

    Attributes:
        width, height: in pixels.
        blank: one color, or nothing at all.
        smooth: shades without edges, as backgrounds have.
        drawn: a drawing, text or screenshot rather than a photo.
        text_lines: rows that look like lines of text.
        straight: whether long straight lines are drawn, as charts, diagrams and tables have.
        colors: strong hues that cover something.
    """

    width: int
    height: int
    blank: bool
    smooth: bool
    drawn: bool
    text_lines: int
    straight: bool
    colors: int

    @property
    def texty(self) -> bool:
        """Whether it looks like text and little else."""
        return self.drawn and self.text_lines > 0 and not self.straight and self.colors <= 1

    @property
    def charted(self) -> bool:
        """Whether it looks like a chart or a diagram."""
        return self.drawn and (self.straight or self.colors >= 3) and min(self.width, self.height) > 80


def signals_of(source: Any) -> Signals:
    """Measure a picture.

    Args:
        source: a path or the bytes of a file.

    Raises:
        MediaError: it cannot be opened.
    """
    picture = open_picture(source)
    width, height = picture.size
    longest = max(width, height)
    if longest > SEEN:
        picture = picture.reduce(max(1, round(longest / SEEN)))
    pixels = np.asarray(picture)
    spread = int(np.ptp(pixels.reshape(-1, 3), axis=0).max())
    gray = pixels.astype(np.int16)
    step = max(
        int(np.abs(np.diff(gray, axis=0)).max()) if gray.shape[0] > 1 else 0,
        int(np.abs(np.diff(gray, axis=1)).max()) if gray.shape[1] > 1 else 0,
    )
    drawn = min(pixels.shape[:2]) > 2 and plainness(pixels) >= NO_PHOTO
    ink = _ink(gray)
    return Signals(
        width,
        height,
        blank=spread <= 6,
        smooth=spread > 6 and step <= 24 and _calm(gray),
        drawn=drawn,
        text_lines=_text_lines(ink),
        straight=_straight(ink),
        colors=_colors(gray),
    )


def _calm(gray: NDArray[np.int16]) -> bool:
    """Whether neighboring pixels hardly differ anywhere: no noise and no things."""
    across = np.abs(np.diff(gray, axis=1)).mean() if gray.shape[1] > 1 else 0.0
    down = np.abs(np.diff(gray, axis=0)).mean() if gray.shape[0] > 1 else 0.0
    return bool(max(across, down) < 3.0)


def _ink(gray: NDArray[np.int16]) -> NDArray[np.bool_]:
    coarse = (gray >> 4) @ np.array([256, 16, 1])
    commonest = int(np.bincount(coarse.reshape(-1)).argmax())
    ground = np.array([commonest >> 8, commonest >> 4 & 15, commonest & 15]) * 16 + 8
    return np.asarray(np.abs(gray - ground).max(-1) > _INK)


def _text_lines(ink: NDArray[np.bool_]) -> int:
    """Bands of rows in which ink comes and goes as letters do."""
    height, width = ink.shape
    share = float(ink.mean())
    if width < 24 or height < 8 or not 0.01 < share < 0.5:
        return 0
    rows = ink.any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rows.astype(np.int8), [0]])))
    found = 0
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        band = ink[start:end]
        tall = end - start
        columns = np.flatnonzero(band.any(axis=0))
        if tall < 5 or not len(columns):
            continue
        wide = int(columns[-1] - columns[0]) + 1
        turns = np.abs(np.diff(band.astype(np.int8), axis=1)).sum(axis=1).max() / 2
        if wide >= 2 * tall and turns >= max(4, 0.8 * wide / tall) and float(band.mean()) < 0.7:
            found += 1
    return found


def _straight(ink: NDArray[np.bool_]) -> bool:
    """Whether a thin line runs along half of the picture or more."""
    for lines in (ink, ink.T):
        count, length = lines.shape
        if length < 40 or count < 40:
            continue
        runs = np.zeros(count, np.int32)
        longest = np.zeros(count, np.int32)
        for column in range(length):
            runs = np.where(lines[:, column], runs + 1, 0)
            np.maximum(longest, runs, out=longest)
        around = np.pad(longest, _THIN)
        beside = np.minimum(around[: -2 * _THIN], around[2 * _THIN :])  # of an area these are long, too
        if bool(((longest >= 0.45 * length) & (beside < 0.3 * length)).any()) and float(ink.mean()) < 0.6:
            return True
    return False


def _colors(gray: NDArray[np.int16]) -> int:
    """Hues, of eight, that cover a hundredth of the picture each."""
    most, least = gray.max(-1), gray.min(-1)
    strong = (most - least) > 80
    if not strong.any():
        return 0
    red, green, blue = (gray[..., i][strong].astype(np.float64) for i in range(3))
    hue = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)
    counts = np.bincount(((hue + np.pi) / (2 * np.pi) * 8).astype(int) % 8, minlength=8)
    return int((counts >= 0.01 * strong.size).sum())
