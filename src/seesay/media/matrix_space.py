"""Color spaces of a curve and a matrix, converted to sRGB in up to 16 bits a channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.media.transfer import linear_to_srgb

D65 = (0.3127, 0.3290)
SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_D65_CORNERS = (*SRGB_PRIMARIES, D65)
_C, _E, _DCI = (0.310, 0.316), (1 / 3, 1 / 3), (0.314, 0.351)
BT2020 = 9
PRIMARIES: dict[int, tuple[tuple[float, float], ...]] = {
    1: _D65_CORNERS,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    10: ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), _E),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
"""By their number in ITU-T H.273, table 2: x, y of red, green, blue and white."""
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_ROWS = 1 << 20  # pixels converted at a time
_ENCODE = np.rint(255 * linear_to_srgb(np.linspace(0, 1, 65536))).astype(np.uint8)


def to_xyz(corners: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Linear RGB → XYZ, from x, y of red, green, blue and white, as a matrix (3, 3).

    Raises:
        LinAlgError: these are no colors.
    """
    if corners[3][1] <= 0:
        raise np.linalg.LinAlgError("a white of no luminance")
    red, green, blue, white = (np.array([x, y, 1 - x - y]) for x, y in corners)
    columns = np.stack([red, green, blue], axis=1)
    matrix: NDArray[np.float64] = np.asarray(columns * np.linalg.solve(columns, white / white[1]), np.float64)
    if not np.isfinite(matrix).all():
        raise np.linalg.LinAlgError("colors on one line")
    return matrix


def to_linear_srgb(corners: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Linear RGB of these primaries and white → linear sRGB; another white is adapted (Bradford)."""
    matrix = to_xyz(corners)
    x, y = corners[3]
    source, target = (_BRADFORD @ [a / b, 1.0, (1 - a - b) / b] for a, b in ((x, y), D65))
    adapt = np.linalg.solve(_BRADFORD, np.diag(target / source) @ _BRADFORD)
    return np.asarray(np.linalg.solve(to_xyz(_D65_CORNERS), adapt @ matrix), np.float64)


class MatrixSpace:
    """A space of curves and a matrix.

    Args:
        name: for messages.
        curves: linear light of 0 … 1 for each sample value in even steps, (N,) or one column a channel (N, 3).
        matrix: linear light → linear sRGB, (3, 3).
        tone: of light brighter than sRGB's white: the brightest channel of each pixel, in linear sRGB, → what the
            pixel is scaled by.
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
            if part.shape[1] == 3:  # grays stay gray
                linear = linear @ self._matrix
            if self._tone is not None:
                linear *= self._tone(linear.max(axis=1))[:, None]
            index = np.clip(linear, 0, 1) * np.float32(65535) + np.float32(0.5)
            result[first : first + _ROWS] = _ENCODE[index.astype(np.uint16)]
        return result.reshape(*samples.shape[:-1], 3)
