"""Video files, cameras and streams, by PyAV (FFmpeg's libraries)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import floor
from typing import TYPE_CHECKING, Any, BinaryIO

from seesay.errors import MediaError, MissingPartError
from seesay.media.frame import to_picture
from seesay.media.frame_source import MAX_CLIP_PIXELS, ROUNDING, Frame, FrameSource, check_frame_size
from seesay.media.time_line import TimeLine
from seesay.media.video_stream import best_stream, companions, decoder_of, is_joined
from seesay.printable import printable

if TYPE_CHECKING:
    import av
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# What people keep clips in. Left out is what opens other files or addresses by itself (playlists, concatenations,
# SDP) and what takes any text for a picture (tty).
DEMUXERS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,h263,av1,obu,ivf,flv,live_flv,asf,ogg,rm,dv,mxf,gxf,"
    "nut,wtv,yuv4mpegpipe,mjpeg,mjpeg_2000,vc1,nsv,nuv,roq,smk,bink,swf,dirac,amv,pva,film_cpk,vvc,mpjpeg"
)
_BUFFER = 1 << 18  # bytes read at a time
EMPTY = "not one frame can be decoded; the clip is empty or damaged"
_GAP = 10.0  # a target so many seconds away is worth trying to jump to where the index says nothing
_NEAR = 8  # frames that are decoded in the time that a jump takes
# May be recordings set end to end, and state the length of one (NUT: without its last frame).
_SCANNED = ("mpegts", "ogg", "flv", "live_flv", "nut")
_PRIMING = 0.1  # seconds of sound before 0 that only set its decoder going, and are not heard


def need_av() -> Any:
    """PyAV, imported when first needed.

    Raises:
        MissingPartError: it is not installed.
    """
    try:
        import av
    except ImportError:
        raise MissingPartError("video clips need PyAV: pip install 'seesay[video]'") from None
    return av


class Video(FrameSource):
    """A video file.

    Args:
        handle: at its beginning; closed with this.
        threads: of the decoder; 0 leaves it to the decoder.

    Attributes:
        broken: why reading stopped before the end; None while it has not.

    Raises:
        MediaError: of no known format, without pictures, or too large.
        MissingPartError: PyAV is not installed.
    """

    broken: Exception | None = None
    _jumps: bool

    def __init__(self, handle: BinaryIO, threads: int = 1) -> None:
        self._av = need_av()
        self._handle = handle
        self._threads = threads
        self._container: av.container.InputContainer | None = None
        joined = is_joined(handle)
        self._open()
        self.duration = self.measure() if joined else self._stated()
        self._jumps = self._jumps and not joined

    def _open(self) -> None:
        if self._container is not None:
            self._container.close()
        self._handle.seek(0)
        only = {"format_whitelist": DEMUXERS, "protocol_whitelist": "none"}
        try:
            # Nameless: what the file holds decides what it is.
            self._use(self._av.open(_Nameless(self._handle), "r", container_options=only, buffer_size=_BUFFER))
        except EOFError as error:
            raise MediaError(EMPTY) from error
        except self._av.error.FFmpegError as error:
            raise MediaError(
                "not a clip of a known format (MP4, MOV, MKV, WebM, AVI, MPEG …), or its beginning is damaged"
            ) from error

    def _use(self, container: av.container.InputContainer) -> None:
        self._container = container
        self._stream: VideoStream = best_stream(container)
        codec = self._stream.codec_context
        check_frame_size(codec.width, codec.height)
        self.frame_pixels = codec.width * codec.height
        self._decoder = decoder_of(self._stream)
        self._decoder.options = {"max_pixels": str(MAX_CLIP_PIXELS)}
        self._decoder.thread_count = self._threads
        self._decoder.thread_type = "AUTO" if self._threads != 1 else "SLICE"
        self._tick = float(self._stream.time_base or 1e-6)
        rate = self._stream.average_rate or self._stream.guessed_rate
        self._step = 1 / float(rate) if rate else 0.04
        base = self._stream.base_rate
        constant = rate is not None and base is not None and abs(rate - base) < base / 100
        flags = container.format.flags
        # Without stamps a frame's number tells its time, and jumps lead nowhere.
        self._counted = bool(flags & self._av.format.Flags.no_timestamps.value)
        self._untimed = self._counted or container.format.name == "mpeg"  # whose stamps are few, and some of them wrong
        # AVI stamps the order in which frames are decoded; libav's guess at when they are shown is wrong for H.264.
        self._by_order = container.format.name == "avi"
        self._discontinuous = bool(flags & self._av.format.Flags.ts_discont.value) and not self._counted
        self._depth = codec.reorder_depth
        self._steady = constant and not self._untimed
        # A key frame is shown later than it is stamped in the order of decoding, by no more than this.
        self._margin = (self._depth + 1) * self._step
        first = self._stream.start_time
        self._origin = self._beginning()  # of the file's time line, by its stamps
        if first is not None and self._origin is not None:
            self.first = max(0.0, first * self._tick - self._origin)
        self._jumps = not self._untimed and first is not None
        self._begun = False
        self._last = float("-inf")  # when the newest frame is shown

    def _beginning(self) -> float | None:
        """The stamp in seconds from which players count; None where nothing tells."""
        assert self._container is not None
        if self._counted or self._container.start_time is None:
            return 0.0 if self._counted else None
        start, first = self._container.start_time / 1e6, self._stream.start_time
        return 0.0 if -_PRIMING < start < 0 and first is not None and first >= 0 else start

    def _stated(self) -> float | None:
        """When the last picture ends, in seconds, as the file states it, or as its packets' stamps do."""
        assert self._container is not None
        if self._untimed:  # a guess from the bit rate
            return None
        if self._container.format.name in _SCANNED:
            return self.measure()
        length = self._stream.duration
        if length is not None and length > 0:
            return self.first + length * self._tick
        length = self._container.duration
        if length is None or length <= 0:
            return None
        if self._origin:  # some programs count a Matroska file's length from its beginning, some from 0
            return self.measure()
        return min(length / 1e6, _clock(self._stream.metadata.get("DURATION", "")) or float("inf"))

    def frames(self, start: float) -> Iterator[Frame]:
        """See `FrameSource.frames`; packets that cannot be decoded are passed over."""
        now = max(0.0, self._last) if self._last <= start else 0.0
        if self.worth_jumping(now, start):
            for earlier in (self._margin, _GAP, 3 * _GAP):
                if not self._jump(start - earlier):
                    break
                frames = self._read_on()
                first = next(frames, None)
                if first is not None and first.seconds <= start + ROUNDING:
                    self._jumps = first.seconds > now  # else it led back: there is nothing to jump to
                    yield first
                    yield from frames
                    return
            self._jumps = False
        if self._begun:
            self._open_again()
        damage: list[Exception] = []
        first = None
        for first in self._read_on(damage):
            yield first
        if first is None:
            reason = f" ({printable(getattr(damage[0], 'strerror', None) or damage[0])})" if damage else ""
            raise MediaError(f"{EMPTY}{reason}")

    def _open_again(self) -> None:
        jumps = self._jumps
        self._open()
        self._jumps = jumps

    def _read_on(self, damage: list[Exception] | None = None) -> Iterator[Frame]:
        """Frames from where the file is read."""
        self._begun = True
        self._last = float("-inf")
        self._length = self._step  # of the newest frame, in seconds
        self._spared = 0.0  # when the last frame ends that was not decoded
        self._lag: int | None = None
        for frame in self._decoded():
            if isinstance(frame, Exception):
                if damage is not None:
                    damage.append(frame)
                continue
            check_frame_size(frame.width, frame.height)
            yield Frame(self._seconds(frame), partial(to_picture, frame, self._stream.sample_aspect_ratio))
        if self._last >= 0:
            self.ended_at = max(self._last + self._length, self._spared)

    def _packets(self) -> Iterator[Any]:
        """The picture's packets from where the file is read, their stamps on one time line; at the end an empty one.

        Raises:
            FFmpegError: the file breaks off.
            MediaError: they are encrypted.
        """
        assert self._container is not None
        streams = companions(self._container, self._stream) if self._discontinuous else [self._stream.index]
        self.time_line = TimeLine(self._discontinuous)
        for packet in self._container.demux([self._container.streams[index] for index in streams]):
            if packet.size and not self._counted and not self._by_order:
                self.time_line.mend(packet, self._step)
            if packet.stream is self._stream or packet.stream_index == self._stream.index:
                if packet.size and packet.has_sidedata("encryption_info"):
                    raise MediaError("its pictures are encrypted (DRM): only a player with the key can show them")
                yield packet

    def _decoded(self) -> Iterator[VideoFrame | Exception]:
        packets = self._packets()
        self._earliest: int | None = None
        while True:
            try:
                packet = next(packets, None)
            except (self._av.error.FFmpegError, ValueError) as error:  # the file breaks off
                self.broken = error
                yield error
                packet = self._av.Packet()  # empties the decoder
            if packet is None:
                return
            if self._earliest is None:
                self._earliest = packet.dts
            try:
                self._skip(packet)
                yield from self._decoder.decode(packet if packet.size else None)
            except (self._av.error.FFmpegError, ValueError) as error:
                yield error
            if not packet.size:
                return

    def _skip(self, packet: Any) -> None:
        """Spare the decoder frames that are shown before the one wanted and that no other frame needs."""
        stamp = packet.dts if self._by_order else packet.pts
        spare = False
        if stamp is not None and self._steady:
            end = stamp * self._tick + self._step - (self._origin or 0.0)
            spare = end + self._margin < self.wanted
            if spare:
                self._spared = max(self._spared, end)
        self._decoder.skip_frame = "NONREF" if spare else "DEFAULT"

    def _seconds(self, frame: VideoFrame) -> float:
        """When a frame is shown; always after the frame before, whatever its stamp says."""
        stamp = frame.dts if self._by_order else frame.pts
        if self._by_order and stamp is not None:
            if self._lag is None:  # how many frames the decoder holds back
                self._lag = min(stamp - (self._earliest if self._earliest is not None else stamp), self._depth)
            stamp -= self._lag
        seconds = None if stamp is None or self._counted else stamp * self._tick
        if seconds is not None:
            if self._origin is None:
                self._origin = seconds
            seconds -= self._origin
        if seconds is None or seconds <= self._last:
            seconds = self._last + self._step if self._last >= 0 else 0.0
        self._last = seconds
        self._length = frame.duration * self._tick if frame.duration and not self._untimed else self._step
        return seconds

    def worth_jumping(self, now: float, target: float) -> bool:
        """By the file's index; where that says nothing, if the target is far."""
        if not self._jumps:
            return False
        index = self._stream.index_entries
        origin = self._origin or 0.0
        place = index.search_timestamp(floor((target - self._margin + origin) / self._tick))
        if place >= 0 and index[place].timestamp * self._tick - origin > now + _NEAR * self._step:
            return True
        known = index.search_timestamp(floor((target + origin) / self._tick), backward=False, any_frame=True) >= 0
        return not known and target - now > _GAP

    def _jump(self, seconds: float) -> bool:
        assert self._container is not None
        try:
            stamp = floor((max(0.0, seconds) + (self._origin or 0.0)) / self._tick)
            self._container.seek(stamp, stream=self._stream)
            self._decoder.flush_buffers()
        except (self._av.error.FFmpegError, ValueError, OverflowError):
            self._jumps = False
            return False
        return True

    def measure(self) -> float:
        """When the last picture ends, by the packets' stamps without decoding; by their number where they have none."""
        if self._begun:
            self._open_again()
        end, count = float("-inf"), 0
        try:
            for packet in self._packets():
                count += packet.size > 0
                stamp = packet.dts if packet.pts is None or self._by_order else packet.pts
                if stamp is not None and not self._counted and packet.size:
                    lasts = packet.duration * self._tick if packet.duration else self._step
                    end = max(end, stamp * self._tick + lasts)
        except (self._av.error.FFmpegError, ValueError):
            pass  # what was read of a damaged file
        self._begun = True
        self._jumps = self._jumps and not self.time_line.breaks
        return count * self._step if self._counted else max(end - (self._origin or 0.0), 0.0)

    def close(self) -> None:
        """Let the file go."""
        if self._container is not None:
            self._container.close()
            self._container = None
        self._handle.close()


def _clock(text: str) -> float | None:
    """Seconds of `00:01:02.500`, as Matroska's tags have them; None for anything else."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds) or None
    except ValueError:
        return None


class _Nameless:
    """A file without its name, from which libav would guess."""

    def __init__(self, handle: BinaryIO) -> None:
        self.read, self.seek, self.tell = handle.read, handle.seek, handle.tell
