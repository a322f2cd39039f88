"""Color spaces of a curve and a matrix, converted to sRGB in up to 16 bits a channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.media.transfer import linear_to_srgb

D65 = (0.3127, 0.3290)
SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_ROWS = 1 << 20  # pixels converted at a time
_ENCODE = np.rint(255 * linear_to_srgb(np.linspace(0, 1, 65536))).astype(np.uint8)


def to_xyz(corners: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Linear RGB → XYZ, from x, y of red, green, blue and white, as a matrix (3, 3).

    Raises:
        LinAlgError: these are no colors.
    """
    if any(y <= 0 for _, y in corners):
        raise np.linalg.LinAlgError("a color of no luminance")
    red, green, blue, white = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in corners)
    columns = np.stack([red, green, blue], axis=1)
    matrix: NDArray[np.float64] = np.asarray(columns * np.linalg.solve(columns, white), np.float64)
    if not np.isfinite(matrix).all():
        raise np.linalg.LinAlgError("colors on one line")
    return matrix


def to_linear_srgb(corners: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Linear RGB of these primaries and white → linear sRGB; another white is adapted (Bradford)."""
    matrix = to_xyz(corners)
    x, y = corners[3]
    source, target = (_BRADFORD @ [a / b, 1.0, (1 - a - b) / b] for a, b in ((x, y), D65))
    adapt = np.linalg.solve(_BRADFORD, np.diag(target / source) @ _BRADFORD)
    return np.asarray(np.linalg.solve(to_xyz((*SRGB_PRIMARIES, D65)), adapt @ matrix), np.float64)


class MatrixSpace:
    """A space of curves and a matrix.

    Args:
        name: for messages.
        curves: linear light of 0 … 1 for each sample value in even steps, (N,) or one column a channel (N, 3).
        matrix: linear light → linear sRGB, (3, 3).
        tone: of light brighter than sRGB's white: linear (N, 3) in the space's own primaries → the same, from 0 to 1.
    """

    def __init__(
        self,
        name: str,
        curves: NDArray[np.float64],
        matrix: NDArray[np.float64],
        tone: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
    ) -> None:
        self.name = name
        every = np.linspace(0, 1, 65536)
        columns = curves.reshape(len(curves), -1)
        steps = np.linspace(0, 1, len(curves))
        self._curves = np.stack([np.interp(every, steps, one) for one in columns.T], axis=1).astype(np.float32)
        self._matrix = matrix.T.astype(np.float32)
        self._tone = tone

    def takes(self, mode: str) -> bool:
        """Whether it is of pictures in this mode of Pillow."""
        return mode in ("L", "RGB")

    def convert(self, image: Image.Image) -> Image.Image:
        """A picture in mode L or RGB as sRGB."""
        pixels = np.asarray(image)
        if image.mode == "L":
            table = self.convert_deep(np.arange(256, dtype=np.uint16)[:, None] * np.uint16(257))
            return Image.fromarray(table[pixels])
        return Image.fromarray(self.convert_deep(pixels.astype(np.uint16) * np.uint16(257)))

    def convert_deep(self, samples: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """uint16 (..., 1 or 3) → sRGB uint8 (..., 3)."""
        flat = samples.reshape(-1, samples.shape[-1])
        result = np.empty((len(flat), 3), np.uint8)
        for first in range(0, len(flat), _ROWS):
            part = flat[first : first + _ROWS]
            channels = [self._curves[part[:, i % part.shape[1]], i % self._curves.shape[1]] for i in range(3)]
            linear = np.stack(channels, axis=1)
            if self._tone is not None:
                linear = self._tone(linear)
            if part.shape[1] == 3:  # grays stay gray
                linear = linear @ self._matrix
            index = np.clip(linear, 0, 1) * np.float32(65535) + np.float32(0.5)
            result[first : first + _ROWS] = _ENCODE[index.astype(np.uint16)]
        return result.reshape(*samples.shape[:-1], 3)
