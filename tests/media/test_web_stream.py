"""Streams on the web come from public addresses alone, whatever leads elsewhere; servers of 127.0.0.1."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from clip_corpus import Picture, make

from seesay.errors import MediaError
from seesay.media import Preprocessing, WebPicture, frames_of
from seesay.media.web_stream import WebFile, open_web

SMALL = Preprocessing((12, 16))


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list[str], dict[str, bytes]]]:
    """Its address, what was asked of it, and what it gives by path; `/parts/…` in parts, too."""
    asked: list[str] = []
    files = {"/a.ts": make(Picture(), format="mpegts"), "/parts/a.mp4": make(Picture())}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "file:///etc/hostname")
                self.end_headers()
                return
            data = files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            begin = int(self.headers.get("Range", "bytes=0-")[6:-1]) if self.path.startswith("/parts") else 0
            self.send_response(206 if begin else 200)
            if self.path.startswith("/parts"):
                self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            self.wfile.write(data[begin:])

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked, files
        running.shutdown()
        thread.join()


def seen(address: str, allow_private: bool = True) -> int:
    return sum(1 for _ in frames_of(WebPicture(address, allow_private), SMALL, 0.5))


def test_files_and_playlists_of_ones_own_network_where_allowed(server) -> None:
    root, _, files = server
    files["/list.m3u8"] = b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2.4,\na.ts\n#EXT-X-ENDLIST\n"
    for name in ("a.ts", "parts/a.mp4", "list.m3u8"):
        assert seen(f"{root}/{name}") == 5, name


def test_they_are_not_even_asked_otherwise(server) -> None:
    root, asked, _ = server
    del asked[:]
    for name in ("a.ts", "list.m3u8"):
        with pytest.raises(MediaError, match=r"127\.0\.0\.1 is no public address; --allow-private fetches from it"):
            seen(f"{root}/{name}", allow_private=False)
    assert asked == []


def test_what_a_playlist_leads_to_is_checked_too(server, monkeypatch) -> None:
    root, asked, files = server
    files["/inner.m3u8"] = f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2.4,\n{root}/a.ts\n#EXT-X-ENDLIST\n".encode()
    checked = []

    def first_alone(_address: str) -> bool:
        checked.append(_address)
        return len(checked) == 1

    monkeypatch.setattr("seesay.media.web.is_public", first_alone)
    del asked[:]
    with pytest.raises(MediaError, match=r"inner\.m3u8: .*(no public address|cannot be fetched)"):
        seen(f"{root}/inner.m3u8", allow_private=False)
    assert set(asked) == {"/inner.m3u8"}


def test_nothing_but_the_web(server) -> None:
    root, _, _ = server
    with pytest.raises(MediaError, match=r"not http or https|cannot be fetched"):
        seen(f"{root}/away")
    with pytest.raises(MediaError, match=r"gone\.ts: cannot be fetched"):
        seen(f"{root}/gone.ts")


def test_a_file_in_parts(server) -> None:
    root, _, files = server
    data = files["/parts/a.mp4"]
    found = open_web(f"{root}/parts/a.mp4", True, 5.0)
    assert isinstance(found, WebFile)
    assert found.seek(100) == found.tell() == 100
    assert data[100:].startswith(found.read(50))
    assert found.seek(-3, 2) == len(data) - 3
    assert (found.read(10), found.read(10)) == (data[-3:], b"")
    assert found.seek(0) == 0
    assert data.startswith(found.read(64))
    found.close()
