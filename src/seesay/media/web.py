"""Pictures fetched from the web. Apart, since few need it and `urllib.request` is slow to import."""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, BinaryIO

from seesay.errors import MediaError
from seesay.media.source import is_url
from seesay.printable import printable

MAX_DOWNLOAD = 64 << 20
"""Most bytes fetched from the web for one picture."""
WEB_SECONDS = 20.0
"""Longest time for a picture, from the look-up of the name to the last byte."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered: its bytes, and their kind ("text/html"), in lower case."""

    kind: str
    data: bytes


class MovedError(MediaError):
    """A redirection that was not followed; `address` is where it leads."""

    def __init__(self, address: str) -> None:
        super().__init__(f"the server points to {printable(address)[:200]}")
        self.address = address


class _OnlyWeb(urllib.request.HTTPRedirectHandler):
    """Follows a redirection to http and https only, or none at all."""

    def __init__(self, follow: bool = True) -> None:
        self.follow = follow

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not is_url(newurl):
            raise MediaError("the server points to an address that is not http or https")
        if not self.follow:
            fp.close()
            raise MovedError(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Fetch(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Connects within the time that is left, to public addresses alone unless others are allowed.

    The address is checked that is connected to, at every redirection, so that no name that means another address the
    next time it is looked up gets by. What a proxy of the user's connects to is the proxy's business.
    """

    def __init__(self, end: float, allow_private: bool) -> None:
        urllib.request.HTTPSHandler.__init__(self)
        self.end, self.allow_private = end, allow_private
        self.connected: list[socket.socket] = []

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._made(http.client.HTTPConnection, req), req)

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._made(http.client.HTTPSConnection, req), req)

    def _made(self, kind: type[http.client.HTTPConnection], request: urllib.request.Request) -> Any:
        checked = not (self.allow_private or request.has_proxy())

        def make(host: str, **options: Any) -> http.client.HTTPConnection:
            connection = kind(host, **options)
            connection._create_connection = lambda address, *_: self._connect(address, checked)  # type: ignore[attr-defined]
            return connection

        return make

    def _connect(self, address: tuple[str, int], checked: bool) -> socket.socket:
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
            left = self.end - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            if checked and not is_public(str(place[0])):
                raise MediaError(f"{place[0]} is no public address; --allow-private fetches from it")
            made = socket.socket(family, kind, protocol)
            self.connected.append(made)
            made.settimeout(left)
            try:
                made.connect(place)
                return made
            except OSError as error:
                made.close()
                failure = error
        raise failure

    def cut(self) -> None:
        """End every connection, whatever its reader waits for."""
        for made in self.connected:
            with contextlib.suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)


def guarded(end: float, allow_private: bool) -> urllib.request.OpenerDirector:
    """What opens web addresses, public ones alone unless others are allowed.

    Args:
        end: by `time.monotonic`, until when connections must be made.
        allow_private: whether addresses of one's own machine and network may be fetched.
    """
    return urllib.request.build_opener(_OnlyWeb, _Fetch(end, allow_private))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, and not of this machine, its network or a tunnel into it."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if isinstance(found, ipaddress.IPv6Address) and found.teredo:
        inner = found.teredo[1]
    if isinstance(found, ipaddress.IPv6Address) and found in ipaddress.ip_network("64:ff9b::/96"):
        inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    found = inner or found
    return found.is_global and not found.is_multicast


def download(
    url: str,
    *,
    max_bytes: int = MAX_DOWNLOAD,
    seconds: float = WEB_SECONDS,
    accept: str = "image/*",
    allow_private: bool = False,
) -> BinaryIO:
    """A picture or clip from the web, in memory.

    Args:
        url: http or https.
        max_bytes: most that is fetched.
        seconds: longest time for the whole, from the name's look-up to the last byte.
        accept: kinds of content the server is asked for.
        allow_private: whether addresses of one's own machine and network may be fetched.

    Raises:
        MediaError: not reachable, refused, too large or too slow.
    """
    found = fetch(url, max_bytes=max_bytes, seconds=seconds, accept=accept, allow_private=allow_private)
    return io.BytesIO(found.data)


def fetch(
    url: str,
    *,
    max_bytes: int = MAX_DOWNLOAD,
    seconds: float = WEB_SECONDS,
    accept: str = "*/*",
    allow_private: bool = False,
    follow: bool = True,
    kinds: Sequence[str] = (),
) -> Fetched:
    """What a server answers, in memory; `download` says what the other arguments mean.

    Args:
        follow: whether redirections are followed.
        kinds: of another kind than these no bytes are read; all are where there are none.

    Raises:
        MovedError: the server points elsewhere, and redirections are not followed.
        MediaError: not reachable, refused, too large or too slow.
    """
    if not is_url(url):
        raise MediaError("only http and https addresses are fetched")
    end = time.monotonic() + seconds
    parts: list[bytes] = []
    size = 0
    handler = _Fetch(end, allow_private)
    # A server that sends a byte now and then, of a header or between two blocks, is never late by itself.
    watch = threading.Timer(seconds, handler.cut)
    watch.daemon = True
    watch.start()
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "seesay", "Accept": accept})
        with urllib.request.build_opener(_OnlyWeb(follow), handler).open(request, timeout=seconds) as answer:
            kind = answer.headers.get_content_type()
            while (not kinds or kind in kinds) and (part := answer.read1(1 << 16)):
                parts.append(part)
                size += len(part)
                if size > max_bytes:
                    raise MediaError(f"more than {max_bytes >> 20} MiB; download it and give the file")
                if time.monotonic() > end:
                    raise MediaError(f"not all here after {seconds:g} s; download it and give the file")
        if time.monotonic() > end:
            raise MediaError(f"not all here after {seconds:g} s; download it and give the file")
    except urllib.error.HTTPError as error:
        error.close()
        raise MediaError(f"the server answers {error.code} {printable(error.reason)}") from error
    except (OSError, HTTPException, ValueError) as error:
        if time.monotonic() > end:
            raise MediaError(f"not all here after {seconds:g} s; download it and give the file") from error
        raise MediaError(f"cannot be fetched ({printable(getattr(error, 'reason', None) or error)})") from error
    finally:
        watch.cancel()
    return Fetched(kind, b"".join(parts))
