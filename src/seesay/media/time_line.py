"""One time line from the stamps of packets, where a recording begins again, jumps or wraps in the middle of a file."""

from __future__ import annotations

from typing import Any

_FAR = 10.0  # seconds ahead of what is due: no pause, but another clock
_BACK = 0.1  # seconds before what came last: it has begun again
_UNSTEADY_BACK = 1.0  # the same in containers whose clock should not begin again and whose decoding times are guessed


class TimeLine:
    """Shifts the stamps of packets so that each part of a recording goes on where the one before ended.

    The rule is that of FFmpeg's own programs: a packet that comes before the last of its stream, or far after what is
    due, is stamped by another clock, which is then set to go on from there for all streams, so that sound and picture
    stay together. Unlike there, a pause that another stream has too is a pause.

    Args:
        discontinuous: whether the container's clock may change (MPEG streams, Ogg); else only what goes back does.

    Attributes:
        breaks: how many changes were met.
    """

    def __init__(self, discontinuous: bool) -> None:
        self._discontinuous = discontinuous
        self._shift = 0.0
        self._shifts: dict[int, float] = {}
        self._newest: dict[int, float] = {}
        self._due: dict[int, float] = {}
        self._end = 0.0
        self.breaks = 0

    def mend(self, packet: Any, step: float) -> None:
        """Shift a packet's stamps where its clock is not that of the packets before.

        Args:
            packet: of PyAV, from the file's beginning on in the file's order; changed.
            step: how long it lasts, in seconds, where it does not say so.
        """
        tick = packet.time_base
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None or not tick:
            return
        stream = packet.stream_index
        raw = float(stamp * tick)
        shift = self._shifts.get(stream, self._shift)
        if not self._goes_on(stream, raw + shift):
            if shift == self._shift or not self._goes_on(stream, raw + self._shift):
                if self._discontinuous or packet.pts is None:
                    self._shift = self._due.get(stream, max(self._due.values())) - raw
                else:  # decoding times are guessed there
                    self._shift = self._end - float(packet.pts * tick)
                self.breaks += 1
            shift = self._shift
        self._shifts[stream] = shift
        self._newest[stream] = raw + shift
        lasts = float(packet.duration * tick) if packet.duration else step
        self._due[stream] = raw + shift + lasts
        if packet.pts is not None:
            self._end = max(self._end, float(packet.pts * tick) + shift + lasts)
        if shift:
            ticks = round(shift / float(tick))
            packet.dts = None if packet.dts is None else packet.dts + ticks
            packet.pts = None if packet.pts is None else packet.pts + ticks

    def _goes_on(self, stream: int, seconds: float) -> bool:
        if stream not in self._newest:
            return not self._newest or not self._discontinuous or self._near(seconds)
        back = _BACK if self._discontinuous else _UNSTEADY_BACK
        if seconds < self._newest[stream] - back:
            return False
        return not self._discontinuous or seconds <= self._due[stream] + _FAR or self._near(seconds)

    def _near(self, seconds: float) -> bool:
        """Whether any stream is at about this time."""
        return any(abs(seconds - newest) <= _FAR for newest in self._newest.values())
