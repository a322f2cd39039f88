"""Files and streams on the web read as they come, each connection to a public address."""

from __future__ import annotations

import io
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from seesay.media.source import is_url
from seesay.media.web import guarded


class WebStream:
    """An open address, read on from its beginning.

    Args:
        url: http or https.
        allow_private: whether addresses of one's own machine and network may be fetched, too.
        seconds: longest wait, for the server and for what comes next.

    Raises:
        MediaError: it points to what is no public address, or not to http and https.
        OSError: it cannot be reached.
    """

    def __init__(self, url: str, allow_private: bool, seconds: float) -> None:
        self.name = url
        self._allow_private, self._seconds = allow_private, seconds
        self._place = 0
        self._answer = self._open()
        ranges = self._answer.headers.get("Accept-Ranges", "").strip().lower() == "bytes"
        self._size = int(self._answer.headers.get("Content-Length") or -1) if ranges else -1

    def _open(self) -> Any:
        headers = {"User-Agent": "seesay", "Accept": "video/*, */*"}
        if self._place:
            headers["Range"] = f"bytes={self._place}-"
        request = urllib.request.Request(self.name, headers=headers)
        opener = guarded(time.monotonic() + self._seconds, self._allow_private)
        try:
            answer = opener.open(request, timeout=self._seconds)
        except urllib.error.HTTPError as error:
            error.close()
            raise OSError(f"the server answers {error.code}") from None
        if self._place and answer.status != 206:
            answer.close()
            raise OSError("the server gives no parts of a file")
        return answer

    def read(self, size: int = -1) -> bytes:
        """What has come, up to `size` bytes; nothing at the end.

        Raises:
            ValueError: it broke off.
        """
        try:
            part: bytes = self._answer.read1(size)
        except (OSError, HTTPException) as error:
            raise ValueError(str(error) or type(error).__name__) from error
        if not part and size and getattr(self._answer, "length", None):
            raise ValueError("the connection ended")
        self._place += len(part)
        return part

    @property
    def closed(self) -> bool:
        """Whether the connection was ended."""
        return bool(self._answer.closed)

    def close(self) -> None:
        """End the connection."""
        self._answer.close()


class WebFile(WebStream):
    """As `WebStream`, of a server that gives any part of a file."""

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Go on from another place; the connection is made anew where it is not that one already."""
        target = place + {io.SEEK_CUR: self._place, io.SEEK_END: self._size}.get(whence, 0)
        if target != self._place:
            self._answer.close()
            self._place = target
            self._answer = self._open() if target < self._size else io.BytesIO()
        return target

    def tell(self) -> int:
        """The place of what is read next."""
        return self._place


def open_web(url: str, allow_private: bool, seconds: float) -> WebStream:
    """What an address gives, in any order where the server allows that; see `WebStream`."""
    if not is_url(url):
        raise OSError("only http and https addresses are fetched")
    found = WebStream(url, allow_private, seconds)
    if found._size < 0:
        return found
    found.close()
    return WebFile(url, allow_private, seconds)
