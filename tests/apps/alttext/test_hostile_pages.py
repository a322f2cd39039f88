"""Pages from an enemy: bounded in time and memory, one line each, nothing lost."""

import os
import random
import re
from pathlib import Path

import pytest
from alttext_pictures import encoded, photo
from alttext_site import page

from seesay.apps.alttext import documents
from seesay.apps.alttext.documents import HTML, MARKDOWN, content_of
from seesay.apps.alttext.html_uses import read_html
from seesay.apps.alttext.tags import charset_of, read_tags
from seesay.cli import run
from seesay.errors import DataError

LONG = {
    "deep": "<div>" * 30_000 + "<img src=a.png>" + "</div>" * 30_000,
    "unclosed": "<b><i><p>" * 10_000,
    "closing": "</div></p>" * 30_000,
    "signs": "<" * 400_000,
    "quotes": '<img src="' * 40_000,
    "templates": "{{" * 150_000,
    "blocks": "{% <% {# <?php " * 30_000,
    "comments": "<!--" * 100_000,
    "scripts": "<script><!-- <script>" * 20_000,
    "attributes": "<img " + "a=b " * 100_000 + ">",
    "styles": "<style>" + "background:" * 40_000,
    "links": "<a href=x>" * 20_000 + "text" * 10_000,
    "ids": "".join(f"<p id=i{n}>" for n in range(15_000)) + "text " * 10_000,
}


@pytest.mark.timeout(60)  # where time grew with the square of the length, this would be hours
@pytest.mark.parametrize("name", LONG)
def test_long_pages_end(name):
    uses = read_html(LONG[name].encode())
    assert len(uses) == {"deep": 1, "attributes": 1}.get(name, 0)


def test_too_many_pictures_are_one_line(model, capsys, monkeypatch):
    monkeypatch.setattr("seesay.apps.alttext.html_uses.MOST_USES", 10_000)
    Path("x.html").write_text("<img src=a>" * 10_001)
    assert run(["alt", "x.html"]) == 1
    err = capsys.readouterr().err
    assert "more than 10000 pictures" in err
    assert len(err.splitlines()) == 1


def test_entities_are_never_declared_or_fetched():
    head = '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    text = head + '<html><p>&x;</p><img src="a"/></html>'
    uses = read_html(text.encode(), xml=True)
    assert [use.source for use in uses] == ["a"]
    assert "root" not in uses[0].around.next


def test_what_is_no_file_is_not_read(model, capsys):
    os.mkfifo("pipe.html")
    assert run(["alt", "pipe.html"]) == 1
    assert "pipe" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_other_charsets_are_refused_or_left(model, encoding, capsys):
    data = '<html><img src="a.png"></html>'.encode(encoding)
    Path("x.html").write_bytes(data)
    run(["alt", "x.html", "--write", "--unsure"])
    assert Path("x.html").read_bytes() == data


def test_charsets():
    assert charset_of(b"<meta charset=utf-8>") == "utf-8"
    assert charset_of(b"<meta charset=latin1>") == "cp1252"
    assert charset_of(b"<meta charset=shift_jis>") == "shift_jis"
    assert charset_of(b"<meta charset=rot13>") == "utf-8"
    assert charset_of(b"<meta charset=iso-2022-jp>") is None
    assert charset_of(b"caf\xe9") == "cp1252"
    assert charset_of(b'<?xml version="1.0" encoding="windows-1251"?>', xml=True) == "cp1251"


@pytest.mark.parametrize("charset", ["shift_jis", "gbk", "windows-1251", "koi8-r"])
def test_words_are_written_in_the_pages_charset(model, charset):
    Path("p.jpg").write_bytes(encoded(photo(1), "JPEG"))
    text = {"shift_jis": "日本語ソ表", "gbk": "中文丂", "windows-1251": "Привет", "koi8-r": "Привет"}[charset]
    old = f"<meta charset={charset}><p>{text}</p><p><img src=p.jpg title='{text} é'></p>".encode(
        charset, "xmlcharrefreplace"
    )
    Path("x.html").write_bytes(old)
    run(["alt", "x.html", "--write"])
    new = Path("x.html").read_bytes()
    assert re.sub(rb' alt="[^"]*"', b"", new) == old
    assert read_html(new)[0].alt == f"{text} é"


def test_random_bytes_never_fail_otherwise():
    rng = random.Random(5)
    for number in range(150):
        data = bytearray(page(number % 20))
        for _ in range(rng.randint(1, 30)):
            place = rng.randrange(len(data))
            data[place : place + rng.randint(0, 3)] = rng.choice(
                [b"<", b">", b'"', b"'", b"/", b"=", b"\0", b"<!--", b"-->", b"{{", b"<img ", b"\xff", b"&", b"alt="]
            )
        data = bytes(data)
        for kind in (HTML, MARKDOWN):
            try:
                content = content_of(kind, data, "x")
            except DataError:
                continue
            edits = [(use, 'A "dog" & <cat>') for use in content.uses if use.alt is None and not use.left and use.slot]
            made = documents.write_slots(data, edits)
            grown = sum(len(use.slot.filled(words)) - (use.slot.end - use.slot.start) for use, words in edits)
            assert len(made) == len(data) + grown


def test_tags_cover_the_page_in_order():
    for number in range(12):
        text = page(number).decode("latin-1")
        place = 0
        for tag in read_tags(text):
            assert tag.start >= place
            assert tag.end > tag.start
            place = tag.end


def test_pictures_on_the_web_only_when_asked(model, capsys):
    import http.server
    import threading

    Path("p.jpg").write_bytes(encoded(photo(1), "JPEG"))
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        Path("x.html").write_text(f"<p><img src=http://127.0.0.1:{server.server_port}/p.jpg></p>")
        assert run(["alt", "x.html", "--write"]) == 1
        assert "lies on the web; --allow-url fetches it" in capsys.readouterr().out
        assert run(["alt", "x.html", "--write", "--allow-url"]) == 1
        assert "no public address" in capsys.readouterr().out
        assert asked == []
        assert run(["alt", "x.html", "--write", "--allow-url", "--allow-private"]) == 0
        assert "alt=" in Path("x.html").read_text()
    finally:
        server.shutdown()
        server.server_close()
