"""A decoded frame of a video as a picture."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import Image

from seesay.media.color import to_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# swscale's own numbers for scaling and color: chroma is interpolated and rounded as exactly as JPEG decoders do.
_BILINEAR, _AREA = 2, 0x20
_EXACT = 0x40000 | 0x2000 | 0x4000  # accurate rounding, full chroma interpolation, full chroma input
_BT709, _BT601 = 1, 5
_MATRICES = {1: _BT709, 4: 4, 5: _BT601, 6: _BT601, 7: 7, 9: 9, 10: 9}  # from what a file says to swscale's number
_UNSAID = 2
# a, b, c, d of a display matrix (x' = ax + cy, y' = bx + dy, y downwards) and what turns a picture so
_TURNS = {
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}


def to_picture(frame: VideoFrame, aspect: Fraction | None, target: tuple[int, int] | None) -> Image.Image:
    """A frame as an upright RGB picture with square pixels, over white where it is transparent.

    More than 8 bits become 8; the color matrix is the file's, else BT.709 from 720 lines up and BT.601 below.

    Args:
        frame: of any pixel format; its marks of color may be changed.
        aspect: width to height of one of its pixels; None for square ones.
        target: (height, width) that will do; a much larger frame is made smaller at once, to twice this or more.
    """
    turn = _turn(frame)
    width, height = frame.width, frame.height
    if target is not None:
        high, wide = target if turn is None or turn not in _SIDEWAYS else target[::-1]
        less = max(1, min(height // (2 * high), width // (2 * wide)))
        width, height = -(-width // less), -(-height // less)
    way = _BILINEAR if width == frame.width else _AREA
    if aspect and 0.25 <= aspect <= 4 and not 0.98 < aspect < 1.02:
        width, height = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
    frame.color_trc = frame.color_primaries = _UNSAID  # no conversion is wanted, and odd values would be refused
    matrix = _MATRICES.get(frame.colorspace, _BT709 if frame.height >= 720 else _BT601)
    clear = frame.format.has_palette or any(part.is_alpha for part in frame.format.components)
    mode = "RGBA" if clear else "RGB"
    small = frame.reformat(
        width, height, mode.lower() if clear else "rgb24", matrix, matrix, interpolation=way | _EXACT, threads=1
    )
    plane = small.planes[0]
    picture = to_rgb(Image.frombytes(mode, (width, height), bytes(plane), "raw", mode, plane.line_size, 1))
    return picture if turn is None else picture.transpose(turn)


_SIDEWAYS = (
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)


def _turn(frame: VideoFrame) -> Image.Transpose | None:
    """What turns a frame upright, by the display matrix that phones write; None where it is upright."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return None
    a, b, _, c, d = (max(-1, min(1, round(v / 65536))) for v in struct.unpack("=5i16x", matrix))  # type: ignore[arg-type]
    return _TURNS.get((a, b, c, d))
