"""What the arguments of a command mean."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seesay.errors import MediaError, UsageError
from seesay.media import WebPicture, find_pictures, open_picture
from seesay.media.web import download

JPEG = (Path(__file__).parents[2] / "samples" / "cat.jpg").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ["b.jpg", "a.PNG", "sub/deep/c.webp", "sub/d.gif", "notes.txt", "e.jpg.part", "x.jpg/inside.jpeg"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "no suffix").write_bytes(JPEG)
    return tmp_path


def names(root: Path, *arguments: str | Path, **options: object) -> list[str]:
    found = find_pictures(arguments, **options)  # type: ignore[arg-type]
    return [Path(str(p)).relative_to(root).as_posix() for p in found]


ALL = ["a.PNG", "b.jpg", "no suffix", "sub/d.gif", "sub/deep/c.webp", "x.jpg/inside.jpeg"]


def test_folder(folder: Path) -> None:
    assert names(folder, folder) == ALL
    assert names(folder, str(folder) + "/") == ALL


def test_arguments_keep_their_order_and_files_need_no_suffix(folder: Path) -> None:
    given = [folder / "notes.txt", folder / "b.jpg", folder / "sub", folder / "missing.jpg", folder / "b.jpg"]
    assert names(folder, *given) == [
        "notes.txt",
        "b.jpg",
        "sub/d.gif",
        "sub/deep/c.webp",
        "missing.jpg",
        "b.jpg",
    ]


def test_globs(folder: Path) -> None:
    assert names(folder, f"{folder}/*.jpg") == ["b.jpg", "x.jpg/inside.jpeg"]
    assert names(folder, f"{folder}/[ab].*") == ["a.PNG", "b.jpg"]
    assert names(folder, f"{folder}/nothing*") == ["nothing*"]
    (folder / "odd [1]*.jpg").write_bytes(b"x")
    assert names(folder, f"{folder}/odd [1]*.jpg") == ["odd [1]*.jpg"]


def test_recursive_globs(folder: Path) -> None:
    assert names(folder, f"{folder}/**/*.jp*g") == ["b.jpg", "x.jpg/inside.jpeg"]


def test_list_on_standard_input(folder: Path) -> None:
    lines = f"{folder}/b.jpg\r\n\n{folder}/sub\n{folder}/*.jpg\n{folder}/last.jpg".encode()
    expected = ["b.jpg", "sub/d.gif", "sub/deep/c.webp", "*.jpg", "last.jpg"]
    assert names(folder, "-", stdin=io.BytesIO(lines)) == expected
    assert names(folder, folder / "a.PNG", "-", stdin=io.BytesIO(b"")) == ["a.PNG"]


def test_list_with_zero_bytes_and_odd_names(folder: Path) -> None:
    odd = [b"new\nline.jpg", b"\xff.jpg"]
    data = b"".join(os.fsencode(folder) + b"/" + name + b"\0" for name in odd)
    assert names(folder, "-", stdin=io.BytesIO(data)) == ["new\nline.jpg", os.fsdecode(b"\xff.jpg")]


def test_list_longer_than_one_read() -> None:
    lines = b"".join(b"folder/%05d.jpg\n" % i for i in range(20_000))
    found = find_pictures(["-"], stdin=io.BufferedReader(io.BytesIO(lines)))  # type: ignore[arg-type]
    assert [str(path) for path in found] == [f"folder/{i:05d}.jpg" for i in range(20_000)]


def test_a_list_is_read_as_it_comes() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as pipe:
        pipe.write(b"first.jpg\n")
        found = find_pictures(["-"], stdin=stdin)
        assert str(next(found)) == "first.jpg"
        pipe.write(b"second.jpg\n")
        pipe.close()
        assert [str(path) for path in found] == ["second.jpg"]


def test_a_picture_on_standard_input() -> None:
    with pytest.raises(UsageError, match="standard input holds a picture, but '-' reads a list of names"):
        list(find_pictures(["-"], stdin=io.BytesIO(JPEG)))


def test_links(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "far.jpg").write_bytes(b"x")
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "sub" / "far").symlink_to(elsewhere)
    (folder / "broken.jpg").symlink_to("nowhere")
    (folder / "broken.txt").symlink_to("nowhere")
    assert names(folder, folder) == [
        "a.PNG",
        "b.jpg",
        "broken.jpg",
        "no suffix",
        "sub/d.gif",
        "sub/deep/c.webp",
        "sub/far/far.jpg",
        "x.jpg/inside.jpeg",
    ]


def test_a_folder_without_pictures_gets_its_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert list(find_pictures([tmp_path])) == [tmp_path]
    with pytest.raises(MediaError, match="this is a folder"):
        open_picture(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.timeout(20)
def test_a_fifo_is_passed_over_in_a_folder_and_refused_by_name(folder: Path) -> None:
    os.mkfifo(folder / "aa.jpg")
    os.mkfifo(folder / "aa")
    assert names(folder, folder) == ALL
    (named,) = find_pictures([folder / "aa.jpg"])
    with pytest.raises(MediaError, match="this is a pipe"):
        open_picture(named)


def test_very_deep_folders(tmp_path: Path) -> None:
    path = tmp_path
    for _ in range(300):
        path = path / "d"
    path.mkdir(parents=True)
    (path / "deep.jpg").write_bytes(b"x")
    assert list(find_pictures([tmp_path])) == [path / "deep.jpg"]


def test_a_name_that_cannot_be() -> None:
    for name in ("x" * 5000, "a\0b"):
        (found,) = find_pictures([name])
        with pytest.raises(MediaError):
            open_picture(found)


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing.jpg":
            self.send_error(404)
            return
        if self.path in ("/away", "/file"):
            self.send_response(302)
            self.send_header("Location", "/cat.jpg" if self.path == "/away" else "file:///etc/hostname")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(JPEG if self.path == "/cat.jpg" else b"no picture")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def test_web_addresses_only_when_allowed(server: str) -> None:
    address = f"{server}/cat.jpg"
    assert list(find_pictures([address], allow_url=True)) == [WebPicture(address)]
    assert list(find_pictures([address], allow_url=True, allow_private=True)) == [WebPicture(address, True)]
    assert open_picture(WebPicture(address, allow_private=True)).size == (451, 300)
    (refused,) = find_pictures([address])
    with pytest.raises(MediaError, match="--allow-url"):
        open_picture(refused)
    assert list(find_pictures(["-"], stdin=io.BytesIO(address.encode()), allow_url=True)) == [WebPicture(address)]


def test_web_pictures_that_do_not_come(server: str) -> None:
    for path, reason in {
        "missing.jpg": "the server answers 404",
        "text": "not a picture of a known format",
        "file": "302|not http or https",
    }.items():
        with pytest.raises(MediaError, match=rf"^{server}/{path}: [^\n]*({reason})"):
            open_picture(WebPicture(f"{server}/{path}", allow_private=True))
    assert open_picture(WebPicture(f"{server}/away", allow_private=True)).size == (451, 300)
    with pytest.raises(MediaError, match="cannot be fetched"):
        open_picture(WebPicture("http://127.0.0.1:1/x.jpg", allow_private=True))
    with pytest.raises(MediaError, match="only http and https"):
        open_picture(WebPicture("file:///etc/hostname"))


def test_web_limits(server: str) -> None:
    with pytest.raises(MediaError, match="more than 0 MiB"):
        download(f"{server}/cat.jpg", max_bytes=1000, allow_private=True)
    with pytest.raises(MediaError, match=r"not all here after 1e-09 s|cannot be fetched"):
        download(f"{server}/cat.jpg", seconds=1e-9, allow_private=True)


def test_lists_as_windows_writes_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "val").mkdir()
    (folder / "val" / "é.jpg").write_bytes(JPEG)
    text = 'val\\é.jpg\r\n"val\\é.jpg"\r\na.PNG\r\n'
    expected = [Path("val/é.jpg"), Path("val/é.jpg"), Path("a.PNG")]
    for data in (text.encode("utf-16"), text.encode("utf-8-sig"), text.encode()):
        assert list(find_pictures(["-"], stdin=io.BytesIO(data))) == expected
    (folder / "val\\é.jpg").write_bytes(JPEG)  # a file of that very name, where a system allows it
    assert next(find_pictures(["-"], stdin=io.BytesIO(text.encode()))) == Path("val\\é.jpg")
    with pytest.raises(UsageError, match="damaged UTF-16"):
        list(find_pictures(["-"], stdin=io.BytesIO(b"\xff\xfea")))


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_links_that_lead_in_circles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    for name in ("a.jpg", "d/b.jpg", "d/e/c.jpg"):
        (tmp_path / name).write_bytes(b"")
    for link, target in {"self": ".", "d/up": "..", "x": "y", "y": "x", "d/e/top": str(tmp_path)}.items():
        (tmp_path / link).symlink_to(target)
    (tmp_path / "linked").symlink_to(tmp_path / "d" / "e")
    monkeypatch.chdir(tmp_path)
    for pattern in ("**/*.jpg", "**", str(tmp_path / "**" / "*.jpg"), "*/**/*.jpg", "**/**/*.jpg"):
        found = {Path(str(path)).resolve().name for path in find_pictures([pattern]) if str(path).endswith(".jpg")}
        assert found == {"a.jpg", "b.jpg", "c.jpg"}
    assert [str(path) for path in find_pictures(["**/*.jpg"])] == ["a.jpg", "d/b.jpg", "d/e/c.jpg"]
    assert {path.name for path in find_pictures([tmp_path])} == {"a.jpg", "b.jpg", "c.jpg"}  # type: ignore[union-attr]
