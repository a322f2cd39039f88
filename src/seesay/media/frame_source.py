"""What every kind of clip has in common: frames in order, and the one shown at an instant."""

from __future__ import annotations

import time as clock
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from seesay.errors import MediaError

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_CLIP_PIXELS = 40_000_000
"""Clips with more pixels in a frame are refused: 8K has 33 million, and a decoder keeps many frames at a time."""

MAX_SECONDS = 600.0
"""Most seconds that are spent on decoding one clip."""

ROUNDING = 0.001
"""Instants closer than this, in seconds, are one: Matroska and others round their stamps to milliseconds."""


def check_frame_size(width: int, height: int) -> None:
    """Refuse frames that are too large, or have no pixels.

    Raises:
        MediaError: they are.
    """
    if width < 1 or height < 1:
        raise MediaError("its frames have no pixels; the clip is damaged, or of a kind that this PyAV cannot decode")
    if width * height > MAX_CLIP_PIXELS:
        raise MediaError(
            f"{width} x {height} is {width * height / 1e6:g} megapixels and the limit of a clip is "
            f"{MAX_CLIP_PIXELS / 1e6:g}; make it smaller"
        )


Picture = Callable[[tuple[int, int] | None], Image.Image]


class Frame(NamedTuple):
    """One frame of a clip.

    Attributes:
        seconds: when it is first shown, on the clip's time line.
        picture: gives it as an upright RGB picture; its argument is a (height, width) that will do.
        following: the same of the next frame, if `linked`; None of the last.
        preceding: the same of the frame before, for the last frame alone; None of a single one.
    """

    seconds: float
    picture: Picture
    following: Picture | None = None
    preceding: Picture | None = None


class FrameSource(ABC):
    """An open clip; its time line begins where players begin to count, which may be before its first picture.

    Attributes:
        first: when its first picture is shown, in seconds; 0 where nothing tells.
        duration: when its last picture ends, in seconds, as the file says it; None where it says nothing.
        frame_pixels: pixels in a frame, as the file says it.
        ended_at: where its last frame ends, in seconds; None before it was reached.
        wanted: frames shown before this, in seconds, need not be decoded where that can be avoided.
        max_seconds: most seconds spent on decoding it; set on the class, of all clips that this process opens.
    """

    first: float = 0.0
    duration: float | None = None
    frame_pixels: int = 0
    ended_at: float | None = None
    wanted: float = float("-inf")
    max_seconds: float = MAX_SECONDS
    _spent: float = 0.0

    @abstractmethod
    def frames(self, start: float) -> Iterator[Frame]:
        """Frames in order, from the one shown at `start` (in seconds) or an earlier one; ends what was begun before."""

    def worth_jumping(self, now: float, target: float) -> bool:
        """Whether `frames(target)` is sooner at `target` than going on from `now` is (both in seconds)."""
        return False

    def decoded(self, start: float) -> Iterator[Frame]:
        """`frames`, as long as decoding them takes no longer than it may.

        Raises:
            MediaError: it does.
        """
        frames = self.frames(start)
        while True:
            begun = clock.perf_counter()
            frame = next(frames, None)
            self._spent += clock.perf_counter() - begun
            if frame is None:
                return
            if self._spent > self.max_seconds:
                raise MediaError(
                    f"decoding takes longer than {self.max_seconds:g} s; make it shorter or smaller, or raise the "
                    "limit: --max-seconds"
                )
            yield frame

    def measure(self) -> float:
        """When the last picture ends, in seconds, found out by reading through."""
        for _ in self.decoded(0.0):
            pass
        return self.ended_at or 0.0

    def close(self) -> None:  # noqa: B027 - not every kind holds a file
        """Let the file go."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def linked(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Frames in order, one held back, so that each knows the next, and the last one the one before."""
    before: Frame | None = None
    current: Frame | None = None
    for following in frames:
        if current is not None:
            yield current._replace(following=following.picture)
        before, current = current, following
    if current is not None:
        yield current._replace(preceding=None if before is None else before.picture)


def shown_at(frame_source: FrameSource, times: Iterable[float], *, link: bool = False) -> Iterator[Frame]:
    """The frame shown at each of these instants, the same one never twice; at most two are held, `linked` four.

    Before the first frame, that one is taken; after the end none is, save for the last frame if no other was.

    Args:
        frame_source: read on from frame to frame, or in jumps where that is less work.
        times: ascending, in seconds; without end for as long as the clip lasts.
        link: whether the frames are `linked`.
    """
    frames: Iterator[Frame] | None = None
    current: Frame | None = None
    following: Frame | None = None
    given: Frame | None = None
    for time in times:
        frame_source.wanted = time
        if frames is None or (following is not None and frame_source.worth_jumping(following.seconds, time)):
            frames, current = linked(frame_source.decoded(time)) if link else frame_source.decoded(time), None
            following = next(frames, None)
        while following is not None and following.seconds <= time + ROUNDING:
            current, following = following, next(frames, None)
        chosen = current or following
        if chosen is None:
            return
        end = float("inf") if frame_source.ended_at is None else frame_source.ended_at - ROUNDING
        if following is None and given is not None and time >= max(end, chosen.seconds + ROUNDING):
            return
        if given is None or chosen.seconds > given.seconds:
            given = chosen
            yield chosen
        if following is None:
            return  # nothing new can come
