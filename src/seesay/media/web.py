"""Pictures fetched from the web. Apart, since few need it and `urllib.request` is slow to import."""

from __future__ import annotations

import io
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any, BinaryIO

from seesay.errors import MediaError
from seesay.media.source import is_url, printable

MAX_DOWNLOAD = 64 << 20
"""Most bytes fetched from the web for one picture."""
WEB_SECONDS = 20.0
"""Longest wait for a web server, to answer at all and to send all of a picture."""


class _OnlyWeb(urllib.request.HTTPRedirectHandler):
    """Follows a redirection to http and https only."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not is_url(newurl):
            raise MediaError("the server points to an address that is not http or https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(
    url: str, *, max_bytes: int = MAX_DOWNLOAD, seconds: float = WEB_SECONDS, accept: str = "image/*"
) -> BinaryIO:
    """A picture or clip from the web, in memory.

    Args:
        url: http or https.
        max_bytes: most that is fetched.
        seconds: longest wait for the server, and longest time for the whole.
        accept: kinds of content the server is asked for.

    Raises:
        MediaError: not reachable, refused, too large or too slow.
    """
    if not is_url(url):
        raise MediaError("only http and https addresses are fetched")
    end = time.monotonic() + seconds
    parts: list[bytes] = []
    size = 0
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "seesay", "Accept": accept})
        with urllib.request.build_opener(_OnlyWeb).open(request, timeout=seconds) as answer:
            while part := answer.read1(1 << 16):
                parts.append(part)
                size += len(part)
                if size > max_bytes:
                    raise MediaError(f"more than {max_bytes >> 20} MiB; download it and give the file")
                if time.monotonic() > end:
                    raise MediaError(f"not all here after {seconds:g} s; download it and give the file")
    except urllib.error.HTTPError as error:
        error.close()
        raise MediaError(f"the server answers {error.code} {printable(error.reason)}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise MediaError(f"cannot be fetched ({printable(getattr(error, 'reason', None) or error)})") from error
    return io.BytesIO(b"".join(parts))
