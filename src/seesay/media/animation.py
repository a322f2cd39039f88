"""Clips that Pillow reads: animated pictures, and folders of numbered frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from seesay.errors import MediaError
from seesay.media.frame_source import MAX_CLIP_PIXELS, Frame, FrameSource, check_frame_size
from seesay.media.modality import SUFFIXES
from seesay.media.picture import ANIMATED, open_picture, recognize, upright

FOLDER_RATE = 25.0
"""Frames a second of a folder of numbered frames, which says nothing of it."""
MAX_ANIMATED_PIXELS, MAX_ANIMATED_FRAMES = 5_000_000_000, 50_000
"""Most pixels decoded of one animated picture, all its frames together, and most frames."""
_LEAST_DELAY, _USUAL_DELAY = 0.011, 0.1  # shorter delays mean "none was set", and browsers show such frames so long


class Animation(FrameSource):
    """An animated GIF, WebP, PNG or AVIF; any other picture is a clip of one frame, without duration.

    Args:
        handle: at its beginning.

    Raises:
        MediaError: no picture of a known format, or too large.
    """

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._open()

    def _open(self) -> Image.Image:
        self._handle.seek(0)
        image = recognize(self._handle)
        # The picture that programs show which know nothing of animation need not be a part of it.
        self._hidden = 1 if getattr(image, "default_image", False) else 0
        check_frame_size(*image.size)
        self.frame_pixels = image.width * image.height
        if image.format not in ANIMATED or not getattr(image, "is_animated", False):
            self.duration = 0.0
        return image

    def frames(self, start: float) -> Iterator[Frame]:
        """From the first frame on: each is a change of the one before."""
        image = self._open()
        seconds = 0.0
        pixels = 0
        number = self._hidden
        if self._hidden:  # Pillow would go on from it, where the animation begins on nothing
            image.load()
            image.paste((0,) * len(image.getbands()), (0, 0, *image.size))
        while True:
            try:
                image.seek(number)
                image.load()
            except Exception:  # the end (EOFError), or damage: Pillow's plugins raise whatever they meet
                if number == self._hidden:
                    raise
                break  # what comes before is given
            pixels += image.width * image.height
            if pixels > MAX_ANIMATED_PIXELS or number >= MAX_ANIMATED_FRAMES:
                raise MediaError("too many frames for an animated picture; make it a video, for example an MP4")
            yield Frame(seconds, partial(_same, upright(image.copy())))
            seconds += self._delay(image)
            number += 1
            if self.duration == 0.0:  # a still
                break
        self.ended_at = seconds

    def _delay(self, image: Image.Image) -> float:
        if self.duration == 0.0:
            return 0.0
        value: Any = image.info.get("duration", 0)
        delay = float(value) / 1000 if isinstance(value, (int, float)) else 0.0
        return delay if delay >= _LEAST_DELAY else _USUAL_DELAY

    def close(self) -> None:
        """Let the file go."""
        self._handle.close()


class Folder(FrameSource):
    """A folder of numbered frames (`frame_0001.jpg` …), shown at `FOLDER_RATE` frames a second.

    Raises:
        MediaError: there are none.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = numbered(folder)
        if not self._paths:
            raise MediaError("this is a folder without numbered frames (frame1.jpg, frame2.jpg …)")
        self.duration = self.ended_at = len(self._paths) / FOLDER_RATE

    def frames(self, start: float) -> Iterator[Frame]:
        """From the one before that shown at `start` on; a frame is opened when its picture is asked for."""
        first = max(0, min(int(start * FOLDER_RATE), len(self._paths) - 1) - 1)
        for number, path in enumerate(self._paths[first:], first):
            yield Frame(number / FOLDER_RATE, partial(_opened, path))

    def worth_jumping(self, now: float, target: float) -> bool:
        """Always: a frame stands by itself."""
        return True


def numbered(folder: Path) -> list[Path]:
    """The pictures of a folder that have a number in their name, in its order.

    Raises:
        MediaError: the folder cannot be read.
    """
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and _number(path) is not None]
    except OSError as error:
        raise MediaError(f"the folder cannot be read ({error.strerror})") from error
    return sorted(found, key=lambda path: (_number(path) or 0, path.name))


def _number(path: Path) -> int | None:
    digits = re.findall(r"[0-9]+", path.stem)
    return int(digits[-1][-18:]) if digits else None


def _same(picture: Image.Image, target: tuple[int, int] | None) -> Image.Image:
    return picture


def _opened(path: Path, target: tuple[int, int] | None) -> Image.Image:
    return open_picture(path, target=target, max_pixels=MAX_CLIP_PIXELS)
