"""From a clip to the pixels of a model that reads so many frames."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.errors import MediaError
from seesay.media.clip import Section, load_clip
from seesay.media.flow import FramePixels
from seesay.media.frame_source import Frame, linked
from seesay.media.modality import is_photo
from seesay.media.picture import MAX_PIXELS, open_picture
from seesay.media.preprocessing import Preprocessing
from seesay.media.sampling import FrameSampling, spaced
from seesay.media.source import is_url


@dataclass(frozen=True)
class ClipPreprocessing:
    """How a clip becomes a model's pixels: so many frames, sampled, each as `each` prepares it.

    Attributes:
        each: what is done to a frame.
        sampling: which frames, and whether with flow; where a clip has fewer, some are repeated.
    """

    each: Preprocessing
    sampling: FrameSampling

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(F, H, W, 3) of what `load` gives; with flow (F, H, W, 6)."""
        return (self.sampling.frames, *self.each.size, 6 if self.sampling.flow else 3)

    def load(self, source: Any) -> NDArray[np.uint8]:
        """Open a clip and give its uint8 (F, H, W, 3); with flow (F, H, W, 6), see `FramePixels`.

        Args:
            source: what `load_clip` takes, a `Section` of it, or uint8 frames (F, H, W, 3); a picture, also as a PIL
                image or an array (H, W, 3), is a clip of one frame.

        Raises:
            MediaError: the clip cannot be read.
            MissingPartError: it is a video and PyAV is not installed, or flow is wanted and OpenCV is not.
        """
        prepare = FramePixels(self.each, self.sampling.flow)
        if isinstance(source, np.ndarray) and source.ndim == 4:
            if len(source) == 0:
                raise MediaError("a clip given as an array needs one frame or more")
            every = list(linked(_frame(frame) for frame in source))
            return np.stack([prepare(every[place]) for place in centers(len(every), self.sampling.frames)])
        if isinstance(source, (np.ndarray, Image.Image)) or _is_photo(source):
            frames = prepare(_frame(source, self.each.max_pixels))[None]
        else:
            part = source if isinstance(source, Section) else Section(source)
            frames = load_clip(part.source, self.each, self.sampling, part.start, part.end, threads=1).pixels
        return frames[spaced(len(frames), self.sampling.frames)]


def _frame(source: Any, max_pixels: int = MAX_PIXELS) -> Frame:
    return Frame(0.0, lambda target: open_picture(source, target=target, max_pixels=max_pixels))


def _is_photo(source: Any) -> bool:
    return isinstance(source, (str, os.PathLike)) and not is_url(str(source)) and is_photo(Path(source))


def centers(there: int, wanted: int) -> NDArray[np.int64]:
    """Indexes of the frames at the centers of `wanted` equal parts of `there` frames, as "uniform" takes them."""
    return ((np.arange(wanted) + 0.5) * (there / wanted)).astype(np.int64)
