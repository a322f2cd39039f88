"""Clips as arrays: frames sampled, scaled to an encoder's size, several clips at once."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.errors import MediaError, SeeSayError, UsageError
from seesay.media.animation import Animation, Folder
from seesay.media.flow import FramePixels
from seesay.media.frame_source import ROUNDING, Frame, FrameSource, linked, shown_at
from seesay.media.live import open_camera, open_stream
from seesay.media.modality import is_folder, is_jpeg_stream, looks_like_picture
from seesay.media.picture import quiet
from seesay.media.preprocessing import Preprocessing
from seesay.media.sampling import FrameSampling
from seesay.media.source import WebPicture, name_of, open_bytes
from seesay.media.stream import default_workers, in_order
from seesay.media.video import Video
from seesay.printable import printable

_LARGE = 9_000_000  # pixels in a frame; more than 4K
_one_large = threading.Lock()  # a decoder keeps up to 17 frames: at most one such clip at a time


@dataclass(frozen=True, eq=False)
class ClipFrames:
    """Frames of a clip.

    Attributes:
        pixels: uint8 (F, H, W, 3), RGB; with flow (F, H, W, 6), see `FramePixels`.
        seconds: float64 (F,), when each is first shown, on the clip's time line (see `load_clip`); ascending.
        duration: when the clip's last picture ends, in seconds; 0 for a still picture.
    """

    pixels: NDArray[np.uint8]
    seconds: NDArray[np.float64]
    duration: float


@dataclass(frozen=True)
class Section:
    """A part of a clip.

    Attributes:
        source: the clip, as `load_clip` takes it.
        start: in seconds; None is its beginning.
        end: in seconds; None is its end.
    """

    source: Any
    start: float | None = None
    end: float | None = None


def load_clip(
    source: Any,
    preprocessing: Preprocessing,
    sampling: FrameSampling,
    start: float | None = None,
    end: float | None = None,
    rng: np.random.Generator | None = None,
    *,
    threads: int = 0,
    change: Callable[[Image.Image], Image.Image] | None = None,
) -> ClipFrames:
    """Sample frames of a clip, each at the encoder's size and by the same route as photos.

    Seconds are those that players show: they count from the file's start, which is that of its earliest stream, so that
    the picture may begin later; where a recording's clock begins again, jumps or wraps, the parts follow one another.

    A frame stands for the time from its own stamp to the next frame's, so that a variable frame rate is honored; a
    clip with fewer frames than asked for gives each once. Of a file that is damaged, or ends before its header says,
    what can be decoded is given. Rotation, pixel shape, colors (HDR is tone-mapped) and transparency are honored as
    with photos. Of interlaced frames one field is taken; of several streams that flagged as default, else the largest.
    Decoding jumps to key frames where that is sooner than going on; memory holds a few frames of full size, however
    long the clip.

    Args:
        source: a path, the bytes of a file, an open binary file or a `WebPicture`: a video, an animated GIF, WebP or
            PNG, or the path of a folder of numbered frames (25 a second). A still picture is a clip of one frame.
        preprocessing: to the encoder's size.
        sampling: which frames, and whether with flow.
        start: on the clip's time line, in seconds; None is its beginning.
        end: the same, after `start`; None is its end.
        rng: draws, for random sampling.
        threads: of the video decoder; 0 leaves it to the decoder.
        change: see `FramePixels`.

    Raises:
        MediaError: one line that names the clip and says what is wrong: missing, of no known format, without pictures,
            without one frame that can be decoded, shorter than `start`, without pictures before `end`, too large,
            encrypted, of colors that are not read.
        MissingPartError: it is a video and PyAV is not installed, or flow is wanted and OpenCV is not.
        UsageError: `end` is not after `start`, either is below 0; or random sampling without `rng`.
    """
    begin = 0.0 if start is None else start
    if not 0 <= begin < float("inf") or (end is not None and not begin < end):
        raise UsageError(
            f"{name_of(source, 'clip')}: start ({start}) and end ({end}) must be seconds, 0 <= start < end"
        )
    if sampling.how == "random" and rng is None:
        sampling.times(0.0, 1.0)  # raises, whatever the clip is
    with (
        named(source),
        quiet(),
        open_frame_source(source, threads) as frame_source,
        _one_large if frame_source.frame_pixels > _LARGE else contextlib.nullcontext(),
    ):
        return _sampled(frame_source, FramePixels(preprocessing, sampling.flow, change), sampling, begin, end, rng)


def _sampled(
    frame_source: FrameSource,
    prepare: FramePixels,
    sampling: FrameSampling,
    start: float,
    end: float | None,
    rng: np.random.Generator | None,
) -> ClipFrames:
    if frame_source.duration is None and sampling.how in ("uniform", "random"):
        frame_source.duration = frame_source.measure()
    segmented = sampling.how in ("uniform", "random")
    if end is not None and end <= frame_source.first - ROUNDING:
        raise MediaError(f"ends at {end:g} s, but the clip's pictures begin at {frame_source.first:g} s")
    while True:
        stop = min(end or float("inf"), float("inf") if frame_source.duration is None else frame_source.duration)
        if start > 0 and start >= stop:
            raise MediaError(f"starts at {start:g} s, but the clip has {frame_source.duration:g} s")
        chosen: Iterator[Frame]
        if sampling.how == "stride":
            chosen = itertools.islice(_between(frame_source, start, end, sampling.flow), 0, None, sampling.stride)
        else:
            times = sampling.times(_begin(frame_source, sampling, start), stop, rng)
            chosen = shown_at(frame_source, times, link=sampling.flow)
        pixels, seconds = [], []
        for frame in itertools.islice(chosen, sampling.frames):
            pixels.append(prepare(frame))
            seconds.append(frame.seconds)
        known = frame_source.ended_at
        if not segmented or known is None or not start < known <= times[-1] or known == frame_source.duration:
            break
        frame_source.duration = known  # it ended before its header says: its segments are others
    if not pixels or (known is not None and start >= known and start > 0):
        raise MediaError(f"starts at {start:g} s, but the clip has {known or 0:g} s")
    if known is None:
        known = frame_source.duration
    return ClipFrames(np.stack(pixels), np.array(seconds, np.float64), known if known is not None else seconds[-1])


def _begin(frame_source: FrameSource, sampling: FrameSampling, start: float) -> float:
    """Where sampling begins: at `start`, or where there are pictures, if those come later."""
    if frame_source.first <= start:
        return start
    if sampling.how == "seconds":  # the last of its instants before the first picture
        return start + sampling.every * floor((frame_source.first - start + ROUNDING) / sampling.every)
    return frame_source.first


def _between(frame_source: FrameSource, start: float, end: float | None, link: bool) -> Iterator[Frame]:
    for frame in linked(frame_source.decoded(start)) if link else frame_source.decoded(start):
        if end is not None and frame.seconds >= end - ROUNDING:
            return
        if frame.seconds >= start - ROUNDING:
            yield frame


def clips_ahead(
    sources: Iterable[Any],
    preprocessing: Preprocessing,
    sampling: FrameSampling,
    *,
    rng: np.random.Generator | None = None,
    workers: int | None = None,
    on_error: Literal["raise", "yield"] = "raise",
) -> Iterator[tuple[int, ClipFrames | MediaError]]:
    """Clips sampled in threads while the network works on those before, in the order of the sources.

    As many clips as there are threads are decoded or wait, each at the encoder's size. The threads end when the last
    clip is taken, or when the iterator is closed or thrown away.

    Args:
        sources: what `load_clip` takes, or a `Section` of it; read as they are needed, in the caller's thread.
        preprocessing: to the encoder's size.
        sampling: which frames of each, and whether with flow.
        rng: for random sampling; each clip draws by itself, so that the number of threads changes nothing.
        workers: threads; None for one a core, from 2 to 8.
        on_error: "raise" stops at the first clip that cannot be read; "yield" gives its error and goes on.

    Yields:
        Index of the source, and its frames or its error.

    Raises:
        UsageError: at the call, for a number out of range.
        MediaError: with on_error="raise".
        MissingPartError: a clip is a video and PyAV is not installed, or flow is wanted and OpenCV is not.
    """
    if on_error not in ("raise", "yield"):
        raise UsageError(f"on_error is {on_error!r}; it must be 'raise' or 'yield'")
    threads = default_workers() if workers is None else workers
    if threads < 1:
        raise UsageError(f"workers ({threads}) must be 1 or more")

    def drawn() -> Iterator[tuple[Section, np.random.Generator | None]]:
        for source in sources:
            section = source if isinstance(source, Section) else Section(source)
            yield section, rng.spawn(1)[0] if rng is not None else None

    def load(job: tuple[Section, np.random.Generator | None]) -> ClipFrames:
        section, own = job
        return load_clip(section.source, preprocessing, sampling, section.start, section.end, own, threads=1)

    def results() -> Iterator[tuple[int, ClipFrames | MediaError]]:
        with contextlib.closing(in_order(load, drawn(), threads, 2 * threads)) as loaded:
            for index, result in enumerate(loaded):
                if isinstance(result, MediaError) and on_error == "raise":
                    raise result
                yield index, result

    return results()


def frames_of(
    source: Any,
    preprocessing: Preprocessing,
    every: float = 0.0,
    *,
    start: float = 0.0,
    flow: bool = False,
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Frames one by one, for as long as the clip, camera or stream lasts; memory does not grow with its length.

    Args:
        source: what `load_clip` takes; the number of a camera (0 is the first); or a `WebPicture` of a video, which is
            then read as it comes rather than fetched whole, and so may have no end.
        preprocessing: to the encoder's size.
        every: seconds from one frame to the next; 0 gives every frame.
        start: seconds to pass over at first; not for cameras and streams.
        flow: whether each comes with its optical flow to the source's next frame, which is waited for.

    Yields:
        Seconds on the clip's time line, and pixels: uint8 (H, W, 3); with flow (H, W, 6), see `FramePixels`.

    Raises:
        MediaError: it cannot be opened, or nothing of it can be decoded; or a stream breaks off.
        MissingPartError: PyAV is not installed; or flow is wanted, and OpenCV is not.
        UsageError: at the call, for a number out of range.
    """
    if not 0 <= every < float("inf") or not 0 <= start < float("inf"):
        raise UsageError(f"every ({every}) and start ({start}) must be seconds, 0 or more")
    return _frames(source, FramePixels(preprocessing, flow), every, start)


def _frames(source: Any, prepare: FramePixels, every: float, start: float) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    with named(source), quiet(), _open_any(source) as frame_source:
        found = (
            shown_at(frame_source, (start + every * step for step in itertools.count()), link=prepare.flow)
            if every
            else _between(frame_source, start, None, prepare.flow)
        )
        for frame in found:
            yield frame.seconds, prepare(frame)


def _open_any(source: Any) -> FrameSource:
    if isinstance(source, int):
        return open_camera(source)
    if isinstance(source, WebPicture):
        return open_stream(source.url, source.allow_private)
    return open_frame_source(source)


def open_frame_source(source: Any, threads: int = 0) -> FrameSource:
    """A clip, opened; close it after use.

    Args:
        source: what `load_clip` takes.
        threads: of the video decoder; 0 leaves it to the decoder.

    Raises:
        MediaError: it cannot be opened.
        MissingPartError: it is a video, and PyAV is not installed.
    """
    if isinstance(source, (str, os.PathLike)) and is_folder(Path(source)):
        return Folder(Path(source))
    handle = open_bytes(source, "clip")
    try:
        still = looks_like_picture(handle.read(16))
        handle.seek(0)
        return Animation(handle) if still and not is_jpeg_stream(source, handle) else Video(handle, threads)
    except BaseException:
        handle.close()
        raise


@contextlib.contextmanager
def named(source: Any) -> Iterator[None]:
    """Have every error of this clip name it, on one line.

    Raises:
        MediaError: for whatever goes wrong in decoding.
    """
    name = f"camera {source}" if isinstance(source, int) else name_of(source, "clip")
    try:
        yield
    except MediaError as error:
        raise MediaError(f"{name}: {error}") from error.__cause__
    except SeeSayError:
        raise
    except MemoryError as error:
        raise MediaError(f"{name}: not enough memory for this clip; make it smaller") from error
    except Exception as error:  # damaged files make decoders raise nearly anything
        raise MediaError(f"{name}: truncated or damaged clip ({printable(error) or type(error).__name__})") from error
