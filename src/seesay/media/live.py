"""Cameras and streams: footage that comes as it happens."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from seesay.errors import MediaError
from seesay.media.frame_source import Frame
from seesay.media.source import is_url
from seesay.media.video import DEMUXERS, Video, need_av
from seesay.printable import printable

if TYPE_CHECKING:
    import av

SECONDS = 20.0
"""Longest wait for a camera or a server: to open, and for what comes next."""
_PROTOCOLS = "http,https,httpproxy,tcp,tls,crypto,data"  # how a stream may come; never from files of this machine


class Live(Video):
    """A camera or a stream, opened already; it is read once, from where it is.

    Raises:
        MediaError: it holds no pictures, or they are too large.
    """

    max_seconds = float("inf")  # most of which is waiting
    connections: _Connections | None = None

    def __init__(self, container: av.container.InputContainer) -> None:
        self._av = need_av()
        self._threads = 0
        self._use(container)
        self._jumps = False

    def _open(self) -> None:
        raise MediaError("a camera or a stream can be read only once")

    def frames(self, start: float) -> Iterator[Frame]:
        """See `FrameSource.frames`.

        Raises:
            MediaError: after the last frame, if the camera or the stream broke off.
        """
        yield from super().frames(start)
        if self.broken is not None:
            raise MediaError(f"broke off ({printable(getattr(self.broken, 'strerror', None) or self.broken)})")

    def close(self) -> None:
        """Let it go."""
        if self._container is not None:
            self._container.close()
            self._container = None
        if self.connections is not None:
            self.connections.close()


def open_camera(number: int) -> Live:
    """A camera of this machine.

    Args:
        number: 0 is the first.

    Raises:
        MediaError: there is none, or it may not be used.
        MissingPartError: PyAV is not installed.
    """
    av = need_av()
    options: dict[str, str] = {}
    if sys.platform == "darwin":
        form, name = "avfoundation", f"{number}:none"
        options = {"framerate": "30"}  # its own default is a rate that many cameras refuse
    elif sys.platform == "win32":
        form, name = "dshow", f"video={_windows_camera(av, number)}"
    else:
        form, name = "v4l2", f"/dev/video{number}"
    return _opened(av, name, form, options, f"there is no such camera, or it may not be used ({name})")


def _windows_camera(av: Any, number: int) -> str:
    try:
        found = [one.name for one in av.device.enumerate_input_devices("dshow") if "video" in one.media_types]
    except (AttributeError, av.error.FFmpegError, ValueError):
        found = []
    if not 0 <= number < len(found):
        raise MediaError(f"there is no such camera; there are {len(found)}")
    return str(found[number])


def open_stream(url: str, allow_private: bool = False) -> Live:
    """A video on the web, read as it comes.

    Args:
        url: http or https, of a file or of an HLS or DASH playlist.
        allow_private: whether addresses of one's own machine and network may be fetched, too; what a playlist and
            redirections lead to is checked as well.

    Raises:
        MediaError: it cannot be reached, or is no video.
        MissingPartError: PyAV is not installed.
    """
    if not is_url(url):
        raise MediaError("only http and https addresses are fetched")

    av = need_av()
    options = {"protocol_whitelist": _PROTOCOLS, "format_whitelist": f"{DEMUXERS},hls,dash", "http_persistent": "0"}
    connections = _Connections(allow_private)
    try:
        live = _opened(av, url, None, options, "cannot be fetched, or is no video", connections.open)
    except BaseException as error:
        connections.close()
        if not isinstance(error, Exception) or connections.failure is None:
            raise
        why = connections.failure
        if isinstance(why, MediaError):
            raise why from error
        raise MediaError(f"cannot be fetched ({printable(getattr(why, 'reason', None) or why)})") from error
    live.connections = connections
    return live


class _Connections:
    """What FFmpeg reads from the web, opened for it.

    Attributes:
        failure: why the first one could not be opened that could not; None where all could.
    """

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._opened: list[Any] = []
        self.failure: Exception | None = None

    def open(self, address: str, _flags: int, _options: dict[str, str]) -> Any:
        """An address, as `av.open` asks for it."""
        from seesay.media.web_stream import open_web

        self._opened = [one for one in self._opened if not one.closed]
        try:
            self._opened.append(open_web(address, self._allow_private, SECONDS))
        except Exception as error:
            self.failure = self.failure or error
            raise
        return self._opened[-1]

    def close(self) -> None:
        """End all that are open."""
        for one in self._opened:
            one.close()


def _opened(
    av: Any, name: str, form: str | None, options: dict[str, str], problem: str, open_address: Any = None
) -> Live:
    try:
        opened = av.open(name, "r", form, container_options=options, timeout=(SECONDS, SECONDS), io_open=open_address)
        return Live(opened)
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(f"{problem}: {printable(getattr(error, 'strerror', None) or error)}") from error
