"""From a clip to the pixels of a model that reads so many frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.errors import MediaError
from seesay.media.clip import Section, load_clip
from seesay.media.preprocessing import Preprocessing
from seesay.media.sampling import FrameSampling, spaced


@dataclass(frozen=True)
class ClipPreprocessing:
    """How a clip becomes a model's pixels: so many frames, sampled, each as `each` prepares it.

    Attributes:
        each: what is done to a frame.
        sampling: which frames; where a clip has fewer, some are repeated.
    """

    each: Preprocessing
    sampling: FrameSampling

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(F, H, W, 3) of what `load` gives."""
        return (self.sampling.frames, *self.each.shape)

    def load(self, source: Any) -> NDArray[np.uint8]:
        """Open a clip and give its uint8 (F, H, W, 3).

        Args:
            source: what `load_clip` takes, a `Section` of it, or uint8 frames (F, H, W, 3); a picture, also as a PIL
                image or an array (H, W, 3), is a clip of one frame.

        Raises:
            MediaError: the clip cannot be read.
        """
        if isinstance(source, np.ndarray) and source.ndim == 4:
            if len(source) == 0:
                raise MediaError("a clip given as an array needs one frame or more")
            chosen = source[centres(len(source), self.sampling.frames)]
            return np.stack([self.each.load(frame) for frame in chosen])
        if isinstance(source, (np.ndarray, Image.Image)):
            frames = self.each.load(source)[None]
        else:
            part = source if isinstance(source, Section) else Section(source)
            frames = load_clip(part.source, self.each, self.sampling, part.start, part.end, threads=1).pixels
        return frames[spaced(len(frames), self.sampling.frames)]


def centres(there: int, wanted: int) -> NDArray[np.int64]:
    """Indexes of the frames at the centres of `wanted` equal parts of `there` frames, as "uniform" takes them."""
    return ((np.arange(wanted) + 0.5) * (there / wanted)).astype(np.int64)
