"""What is fetched from the web: from public addresses, within a time and a size."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from seesay.errors import MediaError
from seesay.media import open_picture, web
from seesay.media.find import find_media
from seesay.media.web import download, is_public


@contextmanager
def server(*sends: bytes, every: float = 0.0, host: str = "127.0.0.1") -> Iterator[str]:
    """One that sends its parts to each who connects, the last of them again and again, for ten seconds at most."""
    listener = socket.create_server((host, 0))
    listener.settimeout(10)
    end = time.monotonic() + 10

    def serve() -> None:
        try:
            while time.monotonic() < end:
                made, _ = listener.accept()
                with made:
                    made.recv(4096)
                    for part in sends:
                        made.sendall(part)
                    while every and time.monotonic() < end:
                        made.sendall(sends[-1])
                        time.sleep(every)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        listener.close()


ANSWER = b"HTTP/1.0 200 OK\r\n\r\npicture"


def test_addresses_of_ones_own_network_are_not_fetched_unless_allowed() -> None:
    with server(ANSWER) as address:
        with pytest.raises(MediaError, match=r"127\.0\.0\.1 is no public address; --allow-private"):
            download(f"{address}/x.jpg")
        assert download(f"{address}/x.jpg", allow_private=True).read() == b"picture"


def test_the_address_is_checked_at_every_redirection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "is_public", lambda address: address == "127.0.0.1")
    with server(ANSWER, host="127.0.0.2") as inner:
        away = f"HTTP/1.0 302 Found\r\nLocation: {inner}/secret.jpg\r\n\r\n".encode()
        with server(away) as outer:
            with pytest.raises(MediaError, match=r"127\.0\.0\.2 is no public address"):
                download(f"{outer}/x.jpg")
            assert download(f"{outer}/x.jpg", allow_private=True).read() == b"picture"


@pytest.mark.parametrize(
    "sends",
    [
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n", b"X: "],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", b";x"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", b"X: y\r\n"],
        [b"HTTP/1.1 200 OK\r\n\r\n", b"x"],
    ],
    ids=["continue", "headers", "chunk extensions", "trailers", "body"],
)
def test_one_deadline_holds_for_the_whole(sends: list[bytes]) -> None:
    begin = time.monotonic()
    with server(*sends, every=0.02) as address, pytest.raises(MediaError):
        download(address, seconds=0.5, allow_private=True)
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("address", ["http://[/", "http://[::1", "http://a:b/", "http://\x1b[2J/", "http://"])
def test_an_address_that_is_none_is_one_line(address: str) -> None:
    (found,) = find_media([address], allow_url=True)
    with pytest.raises(MediaError) as caught:
        open_picture(found[0])
    assert str(caught.value).isprintable()
