"""Uploads opened: from the bytes of a photo or clip to the pixels of the model that answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from seesay.errors import MediaError
from seesay.media import FrameSampling, Preprocessing, Section, WebPicture, load_clip, open_picture, printable, scenes
from seesay.media.modality import CLIP_SUFFIXES, looks_like_clip, looks_like_picture, modality_of
from seesay.media.picture import is_animated

if TYPE_CHECKING:
    from seesay.runtime import Captioner

_START = 1024  # bytes that tell a clip
Box = tuple[float, float, float, float]


class Upload:
    """The bytes of a photo or clip under its own name, read from the start as often as anyone asks.

    Attributes:
        name: for messages.
        data: what was sent.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data = name, data

    def read(self, size: int = -1) -> bytes:
        """All of it, or the first `size` bytes."""
        return self.data if size < 0 else self.data[:size]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Opened:
    """What a photo, clip or scene became.

    Attributes:
        pixels: as the model's preprocessing gives them, or why there are none.
        times: start and end of a scene, in seconds.
        box: left, top, width and height of what the model saw, as shares of the photo.
    """

    pixels: NDArray[Any] | MediaError
    times: tuple[float, float] | None = None
    box: Box = (0.0, 0.0, 1.0, 1.0)


def upload_modality(source: Upload | WebPicture) -> Literal["photo", "clip"]:
    """Whether to open this as a photo or as a clip: by what it holds, and by its name where that says nothing."""
    if isinstance(source, WebPicture):
        return "clip" if modality_of(source) == "clip" else "photo"
    start = source.data[:_START]
    if looks_like_clip(start):
        return "clip"
    if looks_like_picture(start):
        return "clip" if not start.startswith(b"\xff\xd8") and is_animated(source) else "photo"
    return "clip" if Path(source.name).suffix.lower() in CLIP_SUFFIXES else "photo"


def open_for(captioner: Captioner, source: Upload | WebPicture, *, clip: bool, per_scene: bool) -> list[Opened]:
    """The pixels of a photo or a clip, or of each scene of a clip, as `seesay caption` prepares them.

    Args:
        captioner: the model that will caption them; of each scene a model of photos sees the middle frame.
        source: where the bytes are.
        clip: what `upload_modality` says.
        per_scene: cut a clip into scenes.
    """
    try:
        if clip and per_scene:
            return _scene_by_scene(captioner, source)
        if captioner.clip is None and isinstance(captioner.preprocessing, Preprocessing):
            return [_photo(captioner.preprocessing, source)]
        return [Opened(captioner.preprocessing.load(source))]
    except MediaError as error:
        if not clip or per_scene or captioner.clip is not None:
            return [Opened(error)]
        why = f"{printable(source)}: is a clip, and {captioner.name} describes photos; load a model of clips"
        return [Opened(MediaError(why))]


def _photo(preprocessing: Preprocessing, source: Upload | WebPicture) -> Opened:
    """As `Preprocessing.load`, with what part of the photo the model sees."""
    picture = open_picture(source, target=preprocessing.target)
    if preprocessing.fit == "squash":
        return Opened(preprocessing.pixels(picture))
    height, width = preprocessing.size
    scale = preprocessing.crop_ratio * min(picture.width / width, picture.height / height)
    w, h = min(1.0, scale * width / picture.width), min(1.0, scale * height / picture.height)
    return Opened(preprocessing.pixels(picture), box=((1 - w) / 2, (1 - h) / 2, w, h))


def _scene_by_scene(captioner: Captioner, source: Upload | WebPicture) -> list[Opened]:
    cuts = scenes(source)
    opened = []
    for start, end in cuts:
        # The last scene goes on to the end, wherever that is.
        part = Section(source, start, None if (start, end) == cuts[-1] else end)
        try:
            pixels = captioner.preprocessing.load(part) if captioner.clip else _middle(captioner, part)
            opened.append(Opened(pixels, (start, end)))
        except MediaError as error:
            opened.append(Opened(error, (start, end)))
    return opened


def _middle(captioner: Captioner, part: Section) -> NDArray[np.uint8]:
    each = captioner.preprocessing
    if not isinstance(each, Preprocessing):
        raise MediaError(f"{printable(part.source)}: scenes take one model of photos, not several")
    clip = load_clip(part.source, each, FrameSampling(frames=1), part.start, part.end, threads=1)
    middle: NDArray[np.uint8] = clip.pixels[0]
    return middle
