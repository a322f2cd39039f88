"""How large the pictures may be that a loaded model opens, and how long the clips may take."""

from __future__ import annotations

import dataclasses
from typing import Any

from seesay.errors import UsageError
from seesay.media import ClipPreprocessing, Preprocessing
from seesay.media.frame_source import MAX_SECONDS, FrameSource


def set_max_pixels(model: Any, max_pixels: int) -> None:
    """Let a model open pictures of up to so many pixels, or of fewer than it does.

    Args:
        model: a `Captioner` or `Recognizer`, or several as one; models of texts and sounds stay as they are.
        max_pixels: width times height.

    Raises:
        UsageError: below 1.
    """
    members = getattr(model, "members", (model,))
    for member in members:
        member.preprocessing = _limited(member.preprocessing, max_pixels)
    if len(members) > 1:
        model.joint.different = [_limited(one, max_pixels) for one in model.joint.different]


def set_max_seconds(seconds: float | None) -> None:
    """Let decoding take up to so many seconds of each clip that this process opens from now on; None as usual.

    Raises:
        UsageError: not above 0.
    """
    if seconds is None:
        seconds = MAX_SECONDS
    if not seconds > 0:
        raise UsageError(f"max_seconds {seconds} must be above 0")
    FrameSource.max_seconds = seconds


def _limited(preprocessing: Any, max_pixels: int) -> Any:
    if isinstance(preprocessing, Preprocessing):
        return dataclasses.replace(preprocessing, max_pixels=max_pixels)
    if isinstance(preprocessing, ClipPreprocessing):
        return dataclasses.replace(preprocessing, each=_limited(preprocessing.each, max_pixels))
    return preprocessing
