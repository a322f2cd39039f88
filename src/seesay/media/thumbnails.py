"""Small pictures of photos and clips, for pages."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from seesay.media import FrameSampling, Preprocessing, Section, load_clip, modality_of, open_picture

SHOWN = 3
"""Frames of a clip that are shown beside each other."""
_FRAME = Preprocessing(size=(180, 240))


def thumbnail(source: Any) -> Image.Image:
    """A photo as it is, or some frames of a clip beside each other.

    Args:
        source: a path, or a `Section` of a clip.

    Raises:
        MediaError: it cannot be read.
    """
    if not isinstance(source, Section) and modality_of(source) == "picture":
        return open_picture(source, target=(480, 640))
    part = source if isinstance(source, Section) else Section(source)
    clip = load_clip(part.source, _FRAME, FrameSampling(frames=SHOWN), part.start, part.end)
    return Image.fromarray(np.concatenate(list(clip.pixels), 1))
