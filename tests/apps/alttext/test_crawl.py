"""A site read by its address: its own host alone, as robots.txt allows, bounded. Every request is of 127.0.0.1."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from alttext_pictures import encoded, photo

from seesay.apps.alttext import crawl
from seesay.apps.alttext.crawl import Site, joined, links_of, normal
from seesay.cli import run

HTML = "text/html; charset=utf-8"
PICTURE = encoded(photo(1), "JPEG")


class Answers:
    """A server of fixed answers, by path and query: (status, kind, body) or the address that it points to."""

    def __init__(self, answers):
        self.answers, self.asked, self.address = dict(answers), [], ""


@contextmanager
def serving(answers):
    site = Answers(answers)

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self):
            site.asked.append(self.path)
            found = site.answers.get(self.path, (404, HTML, b"gone"))
            if isinstance(found, str):
                self.send_response(302)
                self.send_header("Location", found)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            status, kind, body = found
            body = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return

        def log_message(self, *args):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def page(body, title="T"):
    return 200, HTML, f"<!doctype html><html lang=en><title>{title}</title><body>{body}</body></html>"


def alt(site, *more):
    return run(["alt", f"{site.address}/", "--allow-url", "--allow-private", *more])


def test_a_site_is_read_and_reported(model, capsys):
    pages = {
        "/": page('<p>One <img src="img/a.jpg"></p><a href="two.html#part">2</a> <a href="/sub/?q=1&amp;r=ä">s</a>'),
        "/two.html": page('<p>Two <img src="/img/a.jpg" alt="A cat"></p><a href="#top">up</a><a href="/">home</a>'),
        "/sub/?q=1&r=%C3%A4": page('<a href="../two.html"><img src="../img/a.jpg"></a>'),
        "/img/a.jpg": (200, "image/jpeg", PICTURE),
    }
    pages["/two.html"] = (200, HTML, pages["/two.html"][2].replace("<title>T<", "<title>Our team | Site<"))
    with serving(pages) as site:
        assert alt(site, "--json") == 1
        value = json.loads(capsys.readouterr().out)
        assert sorted(site.asked) == ["/", "/img/a.jpg", "/robots.txt", "/sub/?q=1&r=%C3%A4", "/two.html"]
        assert value["documents"] == 3
        uses = {use["document"].removeprefix(site.address): use for use in value["uses"]}
        assert uses["/"]["alt"].startswith("A thing called")
        assert uses["/two.html"]["current"] == "A cat"
        assert uses["/sub/?q=1&r=%C3%A4"]["alt"] == "Our team", "the title of the page that the link leads to"
        assert len(model.asked) == 1
        assert alt(site) == 1
        assert f"{site.address}/:1:" in capsys.readouterr().out


def test_robots_are_respected_for_pages_and_pictures(model, capsys):
    robots = "User-agent: *\nDisallow: /private*\n\nUser-agent: SeeSay\nDisallow: /secret\nDisallow: /img/no\n"
    pages = {
        "/robots.txt": (200, "text/plain", robots),
        "/": page('<p>x <img src="/img/no.jpg"></p><a href="/secret/1">a</a><a href="/open">b</a><a href="/go">c</a>'),
        "/secret/1": page("no"),
        "/open": page("yes"),
        "/go": "/secret/1",
        "/img/no.jpg": (200, "image/jpeg", PICTURE),
    }
    with serving(pages) as site:
        assert alt(site) == 1
        out, err = capsys.readouterr()
        assert sorted(site.asked) == ["/", "/go", "/open", "/robots.txt"]
        assert "robots.txt forbids to fetch it" in out
        assert "1 addresses are left out, as its robots.txt asks for" in err
        assert "/go: the server points to an address that its robots.txt forbids" in err
        site.answers["/robots.txt"] = (200, "text/plain", "User-agent: *\nDisallow: /*")
        del site.asked[:]
        assert alt(site) == 1
        assert "its robots.txt forbids to read it" in capsys.readouterr().err
        assert site.asked == ["/robots.txt"]


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, ""), (403, ""), (200, "User-agent: *\nCrawl-delay: ²"), (200, "User-agent: *\nCrawl-delay: 3600")],
)
def test_without_robots_that_can_be_known_nothing_is_read(model, capsys, status, body):
    with serving({"/robots.txt": (status, "text/plain", body), "/": page("x")}) as site:
        assert alt(site) == 1
        err = capsys.readouterr().err
        assert "its robots.txt cannot be read, and so no page is: " in err
        assert "Traceback" not in err
        assert site.asked == ["/robots.txt"]


def test_the_crawl_delay_is_waited(model, monkeypatch):
    waited = []
    monkeypatch.setattr(crawl, "sleep", waited.append)
    robots = "User-agent: *\nCrawl-delay: 1.5\n"
    with serving({"/robots.txt": (200, "text/plain", robots), "/": page('<a href="b">b</a>'), "/b": page("")}) as site:
        assert alt(site) == 0
    assert len(waited) == 2
    assert all(1.5 < seconds <= 2 for seconds in waited)


def test_other_hosts_are_not_asked(model, capsys):
    with serving({"/x.jpg": (200, "image/jpeg", PICTURE), "/": page("away")}) as other:
        pages = {
            "/": page(
                f'<p>x <img src="{other.address}/x.jpg"></p><p>y <img src="/moved.jpg"></p>'
                f'<a href="{other.address}/">o</a>'
                '<a href="/away">a</a><a href="//127.0.0.2/">b</a><a href="mailto:a@b.c">c</a>'
                '<a href="javascript:1">d</a>'
            ),
            "/away": f"{other.address}/",
            "/moved.jpg": f"{other.address}/x.jpg",
        }
        with serving(pages) as site:
            assert alt(site) == 1
            out, err = capsys.readouterr()
            assert sorted(site.asked) == ["/", "/away", "/moved.jpg", "/robots.txt"]
            assert f"{site.address}/away: the server points to {other.address}/; it is not followed" in err
            assert "lies on another host than the site, and is not fetched" in out
            site.answers["/"] = f"{other.address}/"
            assert alt(site) == 1
            assert f"the server points to {other.address}/; give that address" in capsys.readouterr().err
            site.answers["/"] = page(f'<base href="{other.address}/"><a href="x">x</a><p>a <img src="x.jpg"></p>')
            assert alt(site) == 1
        assert other.asked == []


def test_what_is_no_page_is_passed_over(model, capsys):
    pages = {
        "/": page('<a href="a.pdf">a</a><a href="data">b</a><a href="gone">c</a><a href="r1">d</a><a href="k">e</a>'),
        "/data": (200, "application/octet-stream", b"\0" * 100),
        "/r1": "/r2",
        "/r2": "/r1",
        "/k": (200, HTML, b"\xff\xfe<\0p\0>\0"),
    }
    with serving(pages) as site:
        assert alt(site) == 1
        err = capsys.readouterr().err
        assert "/a.pdf" not in site.asked
        assert "/data" not in err
        assert "/gone: the server answers 404" in err
        assert "/r1: the server points elsewhere more than 5 times" in err
        assert "/k: is not in a charset" in err
        assert len(site.asked) < 15
        site.answers["/"] = pages["/data"]
        assert alt(site) == 1
        assert "is no HTML page (application/octet-stream)" in capsys.readouterr().err


def test_pages_depth_and_bytes_are_bounded(model, capsys, monkeypatch):
    endless = {f"/?n={n}": page(f'<a href="/?n={n + 1}">more</a>') for n in range(40)}
    with serving(endless | {"/": page('<a href="/?n=0">0</a>')}) as site:
        assert alt(site, "--max-pages", "5") == 0
        assert len(site.asked) == 6
        assert "1 more addresses were found, and not read (--max-pages 5)" in capsys.readouterr().err
        del site.asked[:]
        assert alt(site) == 0
        assert len(site.asked) == 2 + crawl.MOST_DEPTH
        assert f"1 addresses are more than {crawl.MOST_DEPTH} links away" in capsys.readouterr().err
        monkeypatch.setattr(crawl, "MOST_SITE", 200)
        del site.asked[:]
        alt(site)
        assert len(site.asked) < 6
        monkeypatch.setattr(crawl, "MOST_PAGE", 20)
        assert alt(site) == 1
        assert "more than" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "add it"),
        (["--allow-url", "--write"], "there is a report alone"),
        (["--allow-url", "--metadata"], "there is a report alone"),
        (["--allow-url", "--review", "r.html"], "there is a report alone"),
        (["--allow-url", "--max-pages", "0"], "max-pages"),
    ],
)
def test_wrong_use_is_one_line_and_asks_nobody(model, capsys, more, said):
    with serving({"/": page("x")}) as site:
        assert run(["alt", f"{site.address}/", *more]) == 2
        assert said in capsys.readouterr().err
        assert site.asked == []


def test_private_addresses_need_their_option(model, capsys):
    with serving({"/": page("x")}) as site:
        assert run(["alt", site.address, "--allow-url"]) == 1
        assert "127.0.0.1 is no public address; --allow-private" in capsys.readouterr().err
        assert site.asked == []


@pytest.mark.parametrize("address", ["http://", "https://a:b@127.0.0.1/", "http://[", "http://127.0.0.1:99999999/"])
def test_what_is_no_address(model, capsys, address):
    assert run(["alt", address, "--allow-url"]) == 2
    err = capsys.readouterr().err
    assert "is no address of a site" in err
    assert "Traceback" not in err


def test_addresses_are_compared_in_one_form():
    assert normal("HTTP://Example.ORG:80") == "http://example.org/"
    assert normal("https://example.org:443/ä b?c=ü#d") == "https://example.org/%C3%A4%20b?c=%C3%BC"
    assert normal("http://example.org:8080/a%20b") == "http://example.org:8080/a%20b"
    assert normal("ftp://example.org/") == normal("http://x@example.org/") == normal("http:///") == ""
    assert joined("http://example.org/a/b", "../c?d#e") == "http://example.org/c?d"
    assert joined("http://example.org/", "http://[") == ""
    assert list(links_of(b'<a href="x&amp;y">1</a><!-- <a href=no> --><A HREF=z>2</A><link href=n><a name=q>')) == [
        "x&y",
        "z",
    ]
    assert Site("http://example.org").start == "http://example.org/"
