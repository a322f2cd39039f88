"""Which stream of a video file is shown, what decodes it, and whether another file follows in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from seesay.errors import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # FFmpeg's own decoders of these leave transparency out
_EBML = b"\x1aE\xdf\xa3"
_NEAR = 10  # seconds; sounds that begin further from the picture are of another program


def best_stream(container: InputContainer) -> VideoStream:
    """The stream that players show: one flagged as default, else the largest; never a cover picture.

    Raises:
        MediaError: there is none that can be decoded.
    """
    from av.stream import Disposition

    pictures = container.streams.video
    moving = [s for s in pictures if not s.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)]
    if not moving:
        others = ["sound"] * bool(container.streams.audio) + ["a cover picture"] * bool(pictures)
        raise MediaError("there are no pictures in this file" + (f", only {' and '.join(others)}" if others else ""))
    known = [stream for stream in moving if stream.codec_context is not None]
    if not known:
        raise MediaError("its pictures are in a form that this PyAV cannot decode")

    def rank(stream: VideoStream) -> tuple[bool, bool, int]:
        size = stream.codec_context.width * stream.codec_context.height
        return size > 0, bool(stream.disposition & Disposition.default), size

    return max(known, key=rank)


def companions(container: InputContainer, stream: VideoStream) -> list[int]:
    """Indexes of a picture's stream and of the sounds by the same clock."""
    found = [stream.index]
    if stream.start_time is None or not stream.time_base:
        return found
    begin = stream.start_time * stream.time_base
    for sound in container.streams.audio:
        if (
            sound.start_time is not None
            and sound.time_base
            and abs(sound.start_time * sound.time_base - begin) <= _NEAR
        ):
            found.append(sound.index)
    return found


def decoder_of(stream: VideoStream) -> VideoCodecContext:
    """What decodes a stream: its own decoder, or one that keeps the transparency that it is said to have."""
    import av

    own = stream.codec_context
    says = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode")
    name = _WITH_ALPHA.get(own.name) if says not in (None, "0") else None
    if name is None or name not in av.codecs_available:
        return own
    decoder = av.CodecContext.create(name, "r")
    if own.extradata:
        decoder.extradata = own.extradata
    return decoder  # type: ignore[return-value]


def is_joined(file: BinaryIO) -> bool:
    """Whether a Matroska, WebM or AVI file is several set end to end: its header tells the length of the first alone.

    Args:
        file: is left at its beginning.
    """
    try:
        file.seek(0)
        start = file.read(64)
        mark, end = start[:4], None
        if mark == b"RIFF" and start[8:12] == b"AVI ":
            end = 8 + int.from_bytes(start[4:8], "little")
            end += end % 2
        elif mark == _EBML:
            end = _element_end(start, 4)
            file.seek(end)
            segment = file.read(12)
            end = end + _element_end(segment, 4) if segment[:4] == b"\x18\x53\x80\x67" else None
        if end is None:
            return False
        file.seek(end)
        following = file.read(12)
        return following[:4] == mark and (mark == _EBML or following[8:12] == b"AVI ")
    except (OSError, ValueError, OverflowError):
        return False
    finally:
        file.seek(0)


def _element_end(data: bytes, place: int) -> int:
    """Where an EBML element ends whose length is written at `place`.

    Raises:
        ValueError: it does not say.
    """
    length = 9 - data[place].bit_length() if place < len(data) and data[place] else 0
    value = int.from_bytes(data[place : place + length], "big") - (1 << 7 * length)
    if not length or len(data) < place + length or value == (1 << 7 * length) - 1:  # all ones: unknown
        raise ValueError
    return place + length + value
