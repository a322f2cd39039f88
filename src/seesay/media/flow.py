"""Optical flow as a picture, by OpenCV: what moves in a frame, and where to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.errors import MissingPartError
from seesay.media.frame_source import Frame
from seesay.media.preprocessing import Preprocessing

FLOW_SCALE = 16.0
"""Gray levels of a flow picture for a motion of one pixel a frame, in pixels of the encoder's input: x and y saturate
at 8 pixels a frame, the magnitude at 16."""
FLOW_CENTER = 128
"""The gray level of x and y where nothing moves."""
_FARNEBACK = {"pyr_scale": 0.5, "levels": 3, "winsize": 15, "iterations": 3, "poly_n": 5, "poly_sigma": 1.2, "flags": 0}
CODING: dict[str, Any] = {"scale": FLOW_SCALE, "farneback": _FARNEBACK}
"""What flow pictures depend on: part of the key of kept features."""
Pixels = NDArray[np.uint8]


def need_cv() -> Any:
    """OpenCV, imported when first needed.

    Raises:
        MissingPartError: it is not installed.
    """
    try:
        import cv2
    except ImportError:
        raise MissingPartError("optical flow needs OpenCV: pip install 'seesay[flow]'") from None
    return cv2


def flow_picture(before: Pixels, after: Pixels) -> Pixels:
    """How each place of a frame moves until the next, as a picture that a CNN of photos reads.

    Dense flow of the two in gray (Farnebäck 2003, "Two-frame motion estimation based on polynomial expansion"), coded
    as in LRCN (Donahue et al. 2015, arXiv:1411.4389, section 4): x (to the right) and y (down) centered and scaled,
    and their magnitude as the third channel, which is 0 where nothing moves.

    Args:
        before: uint8 (H, W, 3), RGB.
        after: the same shape.

    Returns:
        uint8 (H, W, 3): x · FLOW_SCALE + 128, y · FLOW_SCALE + 128 and magnitude · FLOW_SCALE, saturated, of the flow
        in pixels a frame.

    Raises:
        MissingPartError: OpenCV is not installed.
    """
    cv = need_cv()
    gray = [cv.cvtColor(pixels, cv.COLOR_RGB2GRAY) for pixels in (before, after)]
    flow = np.asarray(cv.calcOpticalFlowFarneback(*gray, None, **_FARNEBACK), np.float32)
    magnitude = np.hypot(flow[..., 0], flow[..., 1])
    coded = np.dstack([flow * FLOW_SCALE + FLOW_CENTER, magnitude * FLOW_SCALE])
    return np.asarray(coded.round().clip(0, 255), np.uint8)


def no_flow(height: int, width: int) -> Pixels:
    """The flow picture of what stands still, uint8 (H, W, 3)."""
    return np.full((height, width, 3), (FLOW_CENTER, FLOW_CENTER, 0), np.uint8)


@dataclass(frozen=True)
class FramePixels:
    """How a frame of a clip becomes pixels.

    Attributes:
        preprocessing: to the encoder's size.
        flow: whether the frame's flow picture comes after its colors; the frame must know its neighbors (`linked`).
        change: what is done to each picture first, at the encoder's size: the same to a frame as to its neighbors, so
            that the flow is that of the changed clip.
    """

    preprocessing: Preprocessing
    flow: bool = False
    change: Callable[[Image.Image], Image.Image] | None = None

    def __call__(self, frame: Frame) -> Pixels:
        """A frame as uint8 (H, W, 3), RGB; with flow (H, W, 6), RGB and then the flow picture.

        The flow leads to the next frame; that of a clip's last frame comes from the one before; a single one has none.

        Raises:
            MissingPartError: flow is wanted, and OpenCV is not installed.
        """
        own = self._seen(frame.picture)
        if not self.flow:
            return own
        if frame.following is not None:
            flow = flow_picture(own, self._seen(frame.following))
        elif frame.preceding is not None:
            flow = flow_picture(self._seen(frame.preceding), own)
        else:
            flow = no_flow(*own.shape[:2])
        return np.concatenate([own, flow], -1)

    def _seen(self, picture: Callable[[tuple[int, int] | None], Image.Image]) -> Pixels:
        pixels = self.preprocessing.pixels(picture(self.preprocessing.target))
        if self.change is None:
            return pixels
        return self.preprocessing.pixels(self.change(Image.fromarray(pixels)))
