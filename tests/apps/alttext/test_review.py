"""The page of --review in a real browser: by keyboard alone, clean for axe, and what it saves is written."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from alttext_documents import docx, drawing
from alttext_pictures import chart, encoded, photo

from seesay.cli import run

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra seesay[test]")
PAGE = (
    "<!doctype html><html lang=en><title>T</title><body><main><h1>T</h1>\n<p>One <img src=p0.jpg></p>\n"
    "<p><img src=p1.jpg></p>\n"
    '<p><img src=chart.png></p>\n<p><a href="/x"><img src=p2.jpg>Words</a></p>\n'
    "<p><img src=gone.jpg></p></main></body></html>\n"
)


@pytest.fixture(scope="module")
def chromium():
    program = os.environ.get("SEESAY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs chromium: apt install chromium, or set SEESAY_CHROMIUM")
    with playwright.sync_playwright() as started:
        sandbox = [] if os.name == "posix" and os.geteuid() else ["--no-sandbox"]  # root has no sandbox
        browser = started.chromium.launch(executable_path=program, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Open a file; a fault of its script, and anything that it fetches, fails the test."""
    opened, faults = [], []

    def open_page(path, **options):
        context = chromium.new_context(**options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: faults.append(request.url) if request.url.startswith("http") else None)
        page.goto(path.resolve().as_uri())
        return page

    yield open_page
    for context in opened:
        context.close()
    assert not faults


@pytest.fixture
def site(model):
    for number in range(3):
        Path(f"p{number}.jpg").write_bytes(encoded(photo(number), "JPEG"))
    Path("chart.png").write_bytes(encoded(chart()))
    Path("index.html").write_text(PAGE)
    return Path("index.html")


def axe(page, *rules):
    package = pytest.importorskip("axe_playwright_python", reason="needs the extra seesay[test]")
    page.evaluate((Path(package.__file__).parent / "axe.min.js").read_text("utf-8"))
    options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    return {one["id"]: len(one["nodes"]) for one in page.evaluate("(o) => axe.run(o)", options)["violations"]}


def test_decide_by_keyboard_and_write(site, visit, capsys):
    assert run(["alt", "index.html", "--review", "review.html"]) == 1
    assert "review.html: 5 pictures to review" in capsys.readouterr().err
    assert site.read_text() == PAGE
    page = visit(Path("review.html"))
    page.wait_for_selector("html[data-ready]")
    assert page.locator("article").count() == 5
    assert page.locator("article img").count() == 4
    page.locator("#list").focus()
    page.keyboard.press("Tab")  # the first picture
    assert page.evaluate("document.activeElement.dataset.number") == "0"
    page.keyboard.press("a")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type('My "own" <words>')
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("a")  # nothing is proposed: it asks for words
    assert "Write words first" in page.locator("#status").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.keyboard.press("j")
    page.keyboard.press("d")
    page.keyboard.press("u")
    page.keyboard.press("d")
    page.keyboard.press("j")
    page.keyboard.press("s")
    assert page.locator("#status").inner_text() == "5 of 5 decided"
    with page.expect_download() as download:
        page.keyboard.press("Control+s")
    shutil.copy(download.value.path(), "decisions.json")
    decisions = json.loads(Path("decisions.json").read_text())["decisions"]
    assert [one["by"] for one in decisions] == ["model", "person", "person", "person", "person"]
    assert decisions[0]["model"] == "fake"
    assert run(["alt", "index.html", "--write", "--decisions", "decisions.json"]) == 1
    text = site.read_text()
    assert '<img alt="My &quot;own&quot; &lt;words&gt;" src=p1.jpg>' in text
    assert '<img alt="" src=chart.png>' in text
    assert '<img alt="A thing called' in text
    assert "<img src=gone.jpg>" in text
    again = visit(Path("review.html"))
    again.set_input_files("#file", "decisions.json")
    playwright.expect(again.locator("#status")).to_have_text("5 of 5 decided")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(site, visit, scheme):
    run(["alt", "index.html", "--review", "review.html"])
    page = visit(Path("review.html"), color_scheme=scheme)
    page.wait_for_selector("html[data-ready]")
    assert axe(page) == {}
    page.get_by_role("button", name="Accept all").click()
    page.select_option("#show", "all")
    assert axe(page) == {}


def test_what_captions_and_names_hold_is_text(model, visit, monkeypatch):
    from seesay.apps.alttext.captions import Described

    evil = "</script><script>document.title='hit'</script><img src=x onerror=alert(1)>"
    monkeypatch.setattr(model, "describe", lambda sources: [Described(evil, False, 0.1, evil) for _ in sources])
    Path("p.jpg").write_bytes(encoded(photo(1), "JPEG"))
    Path("index.html").write_text(f"<p>{evil.replace('<', '&lt;')} <img src=p.jpg></p>")
    Path("a.docx").write_bytes(docx(drawing(1)))
    run(["alt", "index.html", "a.docx", "--review", "review.html"])
    page = visit(Path("review.html"))
    page.wait_for_selector("html[data-ready]")
    assert page.title() == "Review alt text"
    assert page.locator("article").count() == 2
    assert page.locator("article img").count() == 2


def test_axe_before_and_after(site, visit):
    """What is decided is no violation any more; what is not, still is."""
    rules = ("image-alt", "input-image-alt", "area-alt", "role-img-alt", "link-name", "image-redundant-alt")
    extra = '<p><a href="other.html"><img src=p0.jpg></a></p><p><input type=image src=p1.jpg value=Go></p>'
    Path("other.html").write_text("<title>Our team | Site</title>")
    site.write_text(PAGE.replace("</main>", extra + "</main>"))
    before = axe(visit(site), *rules)
    assert before["image-alt"] == 6
    assert before["link-name"] == 1
    assert run(["alt", "index.html", "--write"]) == 1
    assert axe(visit(site), *rules) == {"image-alt": 2}, "the chart and the picture that is gone"
    assert 'alt="Our team"' in site.read_text()


def rows(file):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', Path(file).read_text("utf-8"), re.S)
    return json.loads(found[1])


def test_words_of_a_model_are_shown_with_their_picture_and_who_wrote_them(site, capsys):
    run(["alt", "index.html", "--write"])
    Path("p1.jpg").unlink()
    run(["alt", "index.html", "--review", "review.html"])
    date = json.loads(Path("seesay-alt.json").read_text())["decisions"][0]["date"]
    value = rows("review.html")
    by_source = {row["source"]: row for row in value["rows"]}
    kept = by_source["p0.jpg"]
    assert kept["reason"].startswith(
        f"These words were written by the model fake 1 on {date}, with a confidence of 0.90."
    )
    assert value["pictures"][kept["picture"]].startswith("data:image/jpeg")
    gone = by_source["p1.jpg"]
    assert gone["picture"] is None
    assert gone["unseen"] == "The picture cannot be shown: there is no such file."
    assert gone["reason"].startswith("These words were written by the model fake 1")
    missing = by_source["gone.jpg"]
    assert missing["unseen"] == "The picture cannot be shown: there is no such file."
    assert missing["reason"].endswith("person must say it.")
    assert missing["alt"] is None


def test_photos_with_words_of_a_model_are_shown(site, capsys):
    run(["alt", "p0.jpg", "--metadata", "--write"])
    run(["alt", "p0.jpg", "--metadata", "--review", "review.html"])
    (row,) = rows("review.html")["rows"]
    assert row["picture"] == 0
    assert row["reason"].startswith("These words were written by the model fake")


def test_words_of_a_model_on_the_page(site, visit):
    run(["alt", "index.html", "--write"])
    run(["alt", "index.html", "--review", "review.html"])
    page = visit(Path("review.html"))
    page.wait_for_selector("html[data-ready]")
    text = page.locator("main").inner_text()
    assert "These words were written by the model fake 1 on" in text
    assert "Not shown" not in text
    assert "The picture cannot be shown: there is no such file." in text


def decide(page, *keys):
    """Press a key on each picture in turn, and save."""
    page.wait_for_selector("html[data-ready]")
    page.select_option("#show", "all")
    page.locator("article").first.focus()
    for key in keys:
        page.keyboard.press(key)
        page.keyboard.press("j")
    with page.expect_download() as download:
        page.keyboard.press("Control+s")
    shutil.copy(download.value.path(), "decisions.json")
    return json.loads(Path("decisions.json").read_text())["decisions"]


def summary(capsys, *arguments):
    capsys.readouterr()
    run(["alt", *arguments, "--json"])
    return json.loads(capsys.readouterr().out)["summary"]


def test_words_of_a_model_that_are_accepted_as_they_are_become_a_persons(site, visit, capsys):
    run(["alt", "index.html", "--write"])
    run(["alt", "index.html", "--review", "review.html"])
    before = site.read_bytes()
    assert summary(capsys, "index.html")["machine"] == 2
    found = decide(visit(Path("review.html")), "a", "a", "s", "s")
    accepted = [one for one in found if one["action"] == "write"]
    assert [(one["by"], one["alt"] == one["was"]) for one in accepted] == [("person", True)] * 2
    capsys.readouterr()
    run(["alt", "index.html", "--write", "--decisions", "decisions.json"])
    out, err = capsys.readouterr()
    assert "2 written" in out
    assert "match no picture" not in err
    assert site.read_bytes() == before
    record = {one["source"]: one["by"] for one in json.loads(Path("seesay-alt.json").read_text())["decisions"]}
    assert record["p0.jpg"] == record["p1.jpg"] == "person"
    assert summary(capsys, "index.html")["machine"] == 0
    assert summary(capsys, "index.html", "--again")["words"] == 2, "a person's words are not proposed anew"
    run(["alt", "index.html", "--write", "--decisions", "decisions.json"])
    out, err = capsys.readouterr()
    assert "written" not in out
    assert "match no picture" not in err


def test_the_same_words_proposed_again_and_accepted(site, visit, capsys):
    run(["alt", "index.html", "--write"])
    before = site.read_bytes()
    run(["alt", "index.html", "--again", "--review", "review.html"])
    decide(visit(Path("review.html")), "a", "a", "s", "s")
    capsys.readouterr()
    run(["alt", "index.html", "--again", "--write", "--decisions", "decisions.json"])
    out, err = capsys.readouterr()
    assert "2 written" in out
    assert "match no picture" not in err
    assert site.read_bytes() == before


@pytest.mark.parametrize("words", [None, "Mine"])
def test_words_of_a_model_in_a_photo_that_are_accepted_or_changed(site, visit, capsys, words):
    from seesay.apps.alttext.metadata.words import words_of

    run(["alt", "p0.jpg", "--metadata", "--write"])
    written = words_of(Path("p0.jpg"))
    assert written.machine
    run(["alt", "p0.jpg", "--metadata", "--review", "review.html"])
    page = visit(Path("review.html"))
    if words:
        page.locator("textarea").fill(words)
    decide(page, "a")
    run(["alt", "p0.jpg", "--metadata", "--write", "--decisions", "decisions.json"])
    out, err = capsys.readouterr()
    assert "1 written" in out
    assert "match no picture" not in err
    now = words_of(Path("p0.jpg"))
    assert (now.alt, now.machine) == (words or written.alt, "")
