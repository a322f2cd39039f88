"""A decoded frame of a video as a picture."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from seesay.errors import MediaError
from seesay.media.color import to_rgb
from seesay.media.matrix_space import BT2020
from seesay.media.transfer import HLG, PQ
from seesay.media.video_color import is_special, to_bt709

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# swscale's own numbers for scaling and color: chroma is interpolated and rounded as exactly as JPEG decoders do.
_BILINEAR, _AREA = 2, 0x20
_EXACT = 0x40000 | 0x2000 | 0x4000  # accurate rounding, full chroma interpolation, full chroma input
_FULL = 2  # range
_BT709, _BT601, _BT2020 = 1, 5, 9
_MATRICES = {1: _BT709, 4: 4, 5: _BT601, 6: _BT601, 7: 7, 9: _BT2020}  # from what a file says to swscale's number
_UNREAD = {8: "YCgCo", 10: "BT.2020 with constant luminance", 11: "YDzDx", 13: "derived, with constant luminance"} | {
    14: "ICtCp",
    15: "IPT-PQ-C2 (Dolby Vision)",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
_DERIVED = 12  # from the primaries
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
_SIDEWAYS = (
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)


def to_picture(frame: VideoFrame, aspect: Fraction | None, target: tuple[int, int] | None) -> Image.Image:
    """A frame as an upright RGB picture with square pixels, over white where it is transparent.

    More than 8 bits become 8. Matrix, range, primaries and transfer function are the file's; a matrix that it does not
    tell is BT.709 from 577 lines or 1280 columns up and BT.601 below. HDR and wide gamuts are converted (`to_bt709`).
    Of an interlaced frame the upper field is taken.

    Args:
        frame: of any pixel format.
        aspect: width to height of one of its pixels; None for square ones.
        target: (height, width) that will do; a much larger frame is made smaller at once, to twice this or more.

    Raises:
        MediaError: its colors are of a kind that is not read.
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
    transfer, primaries = int(frame.color_trc), int(frame.color_primaries)
    matrix = _matrix(frame, transfer, primaries)
    clear = frame.format.has_palette or any(part.is_alpha for part in frame.format.components)
    special = is_special(transfer, primaries)
    # Of 16 bits only planes: FFmpeg 8.1's swscale garbles packed ones.
    wanted = ("gbrap16le" if clear else "gbrp16le") if special else ("rgba" if clear else "rgb24")
    if frame.interlaced_frame and frame.height > 1 and not frame.format.has_palette:
        frame = _upper_field(frame)
    small = frame.reformat(
        width, height, wanted, matrix, matrix, interpolation=way | _EXACT, dst_color_range=_FULL, threads=1
    )
    picture = (
        _special(small, transfer, primaries, _white(frame)) if special else _picture(small, "RGBA" if clear else "RGB")
    )
    picture = to_rgb(picture)
    return picture if turn is None else picture.transpose(turn)


def _picture(frame: VideoFrame, mode: str) -> Image.Image:
    plane = frame.planes[0]
    return Image.frombytes(mode, (frame.width, frame.height), bytes(plane), "raw", mode, plane.line_size, 1)


def _white(frame: VideoFrame) -> int:
    """The number that swscale makes of a frame's brightest where it makes 16 bits of fewer: it shifts, for video's
    range by 8 bits however many there are."""
    bits = frame.format.components[0].bits if frame.format.is_rgb or frame.color_range == _FULL else 8
    return ((1 << bits) - 1) << max(0, 16 - bits)


def _special(frame: VideoFrame, transfer: int, primaries: int, white: int) -> Image.Image:
    """A frame of 16 bits a channel, converted."""
    rows = [np.frombuffer(bytes(plane), "<u2").reshape(frame.height, -1)[:, : frame.width] for plane in frame.planes]
    made = to_bt709(np.stack([rows[2], rows[0], rows[1]]), transfer, primaries, white)
    if len(rows) == 4:
        made = np.dstack([made, (rows[3] >> 8).astype(np.uint8)])
    return Image.fromarray(made)


def _matrix(frame: VideoFrame, transfer: int, primaries: int) -> int:
    """swscale's number of the matrix from luma and chroma to RGB."""
    declared = int(frame.colorspace)
    if declared in _UNREAD and not frame.format.is_rgb:
        raise MediaError(f"its colors are {_UNREAD[declared]}, which is not read; convert the clip to BT.709")
    if declared in _MATRICES:
        return _MATRICES[declared]
    if transfer in (PQ, HLG) or primaries == BT2020:
        return _BT2020
    if declared == _DERIVED and primaries != _UNSAID:
        return _BT709 if primaries == 1 else _BT601
    return _BT709 if frame.height > 576 or frame.width >= 1280 else _BT601


def _upper_field(frame: VideoFrame) -> VideoFrame:
    """Every other line, from the first on: the two fields of an interlaced frame show different moments."""
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    graph.link_nodes(source, graph.add("field", "top"), graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()


def _turn(frame: VideoFrame) -> Image.Transpose | None:
    """What turns a frame upright, by the display matrix that phones write; None where it is upright."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return None
    a, b, _, c, d = (max(-1, min(1, round(v / 65536))) for v in struct.unpack("=5i16x", matrix))  # type: ignore[arg-type]
    return _TURNS.get((a, b, c, d))
