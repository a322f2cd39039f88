"""A site: only alt attributes change, a second run changes nothing, a person's words stay."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from alttext_pictures import encoded, photo
from alttext_site import IMAGES, page

from seesay.cli import run

PAGES = int(os.environ.get("SEESAY_PAGES", "120"))
"""A thousand and more by hand."""
ALT = re.compile(rb"""[\s]+alt(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?(?=[\s/><a-z])""", re.I)


class Images(HTMLParser):
    """Attributes of every img, as Python's own parser reads them."""

    def __init__(self, data):
        super().__init__()
        self.found = []
        self.feed(data)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            first = {}
            for name, value in attrs:
                first.setdefault(name, value)
            self.found.append(first)


@pytest.fixture
def site(model):
    root = Path("site")
    root.mkdir()
    for number, name in enumerate(IMAGES):
        (root / name).write_bytes(encoded(photo(number), "JPEG"))
    for number in range(PAGES):
        (root / f"page{number}.html").write_bytes(page(number))
    return root


def contents(root):
    return {path.name: path.read_bytes() for path in root.iterdir()}


def test_only_alt_attributes_change(site, model, capsys):
    before = contents(site)
    assert run(["alt", str(site)]) == 1
    assert contents(site) == before, "a report writes nothing"
    run(["alt", str(site), "--write"])
    after = contents(site)
    assert set(before) == set(after)
    changed = 0
    for name, old in before.items():
        new = after[name]
        assert ALT.sub(b"", old) == ALT.sub(b"", new), name
        changed += old != new
        if not name.endswith(".html"):
            continue
        charset = "cp1252" if b"iso-8859-1" in old else "utf-8"
        if b"<?php" in old or b"{%" in old or b"{{" in old or b"<script><!--" in old:
            continue  # which Python's parser reads otherwise
        was, now = (Images(data.decode(charset)).found for data in (old, new))
        for one, other in zip(was, now, strict=True):
            written = other.pop("alt", None)
            if "alt" in one:
                assert written == one.pop("alt")
            assert one == other
    assert changed > PAGES / 2
    assert sorted(model.asked) == sorted(set(model.asked)), "each distinct picture is described once"
    assert len(model.asked) <= len(IMAGES)
    run(["alt", str(site), "--write"])
    assert contents(site) == after, "a second run changes nothing"
    assert len(model.asked) <= len(IMAGES)


def test_words_of_a_person_stay(site, capsys):
    (site / "page0.html").write_text('<img alt="Mine" src=p0.jpg><img alt="" src=p1.jpg><img src=p2.jpg alt=bare>')
    before = (site / "page0.html").read_bytes()
    assert run(["alt", str(site / "page0.html"), "--write", "--unsure"]) == 0
    assert (site / "page0.html").read_bytes() == before


def test_words_that_appear_while_it_runs_stay(site, monkeypatch):
    from seesay.apps.alttext import writing

    path = site / "page0.html"
    path.write_text("<p><img src=p0.jpg></p><p><img src=p1.jpg></p>")
    calls = []

    def put(target, before, made, *, backup=False):
        if not calls:  # a person writes in the last moment
            path.write_text('<p><img src=p0.jpg alt="Mine"></p><p><img src=p1.jpg></p>')
        calls.append(made)
        real(target, before, made, backup=backup)

    real = writing.put_in_place
    monkeypatch.setattr(writing, "put_in_place", put)
    assert run(["alt", str(path), "--write"]) == 1  # of what it saw first, one was not written
    text = path.read_text()
    assert len(calls) == 2
    assert '<img src=p0.jpg alt="Mine">' in text
    assert '<img alt="A thing called' in text
    assert text.count("alt=") == 2


def test_a_backup_and_the_mode_are_kept(site, capsys):
    path = site / "page0.html"
    path.write_text("<img src=p0.jpg>")
    path.chmod(0o640)
    assert run(["alt", str(path), "--write", "--backup"]) == 0
    assert capsys.readouterr().out == "1 written\n1 picture in 1 document: 1 with words, 0 without\n"
    assert path.with_name("page0.html.bak").read_text() == "<img src=p0.jpg>"
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_record_tells_a_models_words(site, model, capsys):
    path = site / "page0.html"
    path.write_text("<img src=p0.jpg>")
    assert run(["alt", str(path), "--write"]) == 0
    record = json.loads(Path("seesay-alt.json").read_text())
    entry = record["decisions"][0]
    assert (entry["by"], entry["model"], entry["version"], entry["confidence"]) == ("model", "fake", "1", 0.9)
    assert entry["date"]
    capsys.readouterr()
    assert run(["alt", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["machine"] == 1
    model.version = "2"  # a better one
    assert run(["alt", str(path), "--again"]) == 1
    path.write_text(path.read_text().replace("A thing", "My thing"))
    capsys.readouterr()
    assert run(["alt", str(path), "--again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["words"] == 1


def test_what_is_not_sure_is_not_written(site, model, capsys):
    path = site / "page0.html"
    path.write_text("<img src=p0.jpg>")
    model.sure = False
    assert run(["alt", str(path), "--write"]) == 1
    assert path.read_text() == "<img src=p0.jpg>"
    assert "not sure 0.20: “Perhaps a thing called" in capsys.readouterr().out
    assert run(["alt", str(path), "--write", "--unsure"]) == 0
    assert 'alt="Perhaps a thing called' in path.read_text()


def test_another_language_is_said_and_not_written(site, capsys):
    path = site / "page0.html"
    path.write_text('<html lang="de"><p>Hallo</p><img src=p0.jpg>')
    before = path.read_bytes()
    assert run(["alt", str(path), "--write", "--unsure"]) == 1
    assert path.read_bytes() == before
    assert "the text is in “de” and the model writes English" in capsys.readouterr().out


def test_decisions(site, capsys):
    path = site / "page0.html"
    path.write_text(
        '<p><img src=p0.jpg></p><p><img src=p1.jpg></p><p><img src=p2.jpg></p><p><img alt="Old" src=p3.jpg></p>'
    )
    run(["alt", str(path), "--json"])
    uses = json.loads(capsys.readouterr().out)["uses"]
    keys = [use["key"] for use in uses]
    entries = [
        {"key": keys[0], "document": "d", "source": "s", "action": "write", "alt": 'A "dog" & <cat>', "was": None},
        {"key": keys[1], "document": "d", "source": "s", "action": "decorative", "was": None},
        {"key": keys[2], "document": "d", "source": "s", "action": "skip", "was": None},
        {"key": keys[3], "document": "d", "source": "s", "action": "write", "alt": "New", "was": "Old"},
        {"key": "gone", "document": "d", "source": "s", "action": "write", "alt": "New", "was": None},
    ]
    Path("decisions.json").write_text(json.dumps({"format": "seesay-alt", "version": 1, "decisions": entries}))
    assert run(["alt", str(path), "--write", "--decisions", "decisions.json"]) == 1
    assert path.read_text() == (
        '<p><img alt="A &quot;dog&quot; &amp; &lt;cat&gt;" src=p0.jpg></p><p><img alt="" src=p1.jpg></p>'
        '<p><img src=p2.jpg></p><p><img alt="New" src=p3.jpg></p>'
    )
    assert "1 decisions match no picture" in capsys.readouterr().err
    after = path.read_bytes()
    assert run(["alt", str(path), "--write", "--decisions", "decisions.json"]) == 1
    assert path.read_bytes() == after


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "is no JSON"),
        ("{}", "holds no decisions"),
        ('{"format": "seesay-alt", "version": 9, "decisions": []}', "is of version 9"),
        (
            '{"format": "seesay-alt", "version": 1, "decisions": [{"key": "a", "action": "eat"}]}',
            "decision 1: action is 'eat'",
        ),
        ('{"format": "seesay-alt", "version": 1, "decisions": [{"key": "a", "action": "write"}]}', "has no words"),
    ],
)
def test_decisions_that_are_wrong(site, content, message, capsys):
    Path("decisions.json").write_text(content)
    assert run(["alt", str(site), "--write", "--decisions", "decisions.json"]) == 2
    assert message in capsys.readouterr().err


def test_wrong_use(site, capsys):
    for arguments, message in (
        (["nowhere"], "there is no such file"),
        ([str(site / "p0.jpg")], "--metadata"),
        ([str(site), "--unsure"], "add it"),
        (["site", "--write", "--decisions", "x.json"], "cannot be read"),
    ):
        assert run(["alt", *arguments]) == 2
        err = capsys.readouterr().err
        assert message in err
        assert len(err.splitlines()) == 1


def test_pictures_outside_are_not_read(site, tmp_path, capsys):
    (tmp_path / "secret.jpg").write_bytes(encoded(photo(99), "JPEG"))
    (site / "page0.html").write_text("<img src=../../secret.jpg>")
    assert run(["alt", str(site / "page0.html")]) == 1
    assert "lies outside of" in capsys.readouterr().out


def test_markdown(site, capsys):
    text = (
        "---\r\né: '<img src=p6.jpg> ![](p6.jpg)'\r\n---\r\n"
        "# T\r\n\r\n![](p0.jpg) and ![has](p1.jpg) `![](p2.jpg)`\r\n\r\n"
        "> ![][r]\r\n\r\n| a |\r\n|---|\r\n| ![](p3.jpg) |\r\n\r\n"
        '```\r\n![](p4.jpg)\r\n```\r\n\r\n<p><img src="p5.jpg"></p>\r\n\r\n'
        "\\![](p6.jpg) \\<img src=p6.jpg>\r\n\r\n[r]: p7.jpg\r\n"
    )
    path = site / "README.md"
    path.write_bytes(text.encode())
    assert run(["alt", str(path), "--write"]) == 0
    new = path.read_bytes().decode()
    for name in ("p2", "p4", "p6"):
        assert f"![]({name}.jpg)" in new
    assert re.sub(r"A thing called [0-9a-f]{6}\.", "", new).replace(' alt=""', "") == text
    assert len(re.findall("A thing called", new)) == 4
    before = path.read_bytes()
    assert run(["alt", str(path), "--write"]) == 0
    assert path.read_bytes() == before


def test_a_run_that_was_interrupted_goes_on(site, model, monkeypatch):
    from seesay.apps.alttext import captions

    monkeypatch.setattr(captions, "BATCH", 3)
    real, calls = type(model).describe, []

    def describe(self, sources):
        calls.append(len(sources))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, sources)

    monkeypatch.setattr(type(model), "describe", describe)
    assert run(["alt", str(site), "--write"]) == 130
    assert len(model.asked) == 3
    file = Path(os.environ["SEESAY_CACHE"]) / "alt" / "fake-1.jsonl"
    file.write_bytes(file.read_bytes() + b'{"sha256": "cut o')  # as a power cut leaves it
    run(["alt", str(site), "--write"])
    assert sorted(model.asked) == sorted(set(model.asked))
    assert len(model.asked) == len(IMAGES)
    model.version = "2"
    (site / "new.html").write_text("<img src=p0.jpg>")
    assert run(["alt", str(site / "new.html")]) == 1
    assert len(model.asked) == len(IMAGES) + 1, "another model is asked again"


def test_a_pictures_own_words_come_first(site, model, capsys):
    from seesay.apps.alttext.metadata.write import Words, embedded

    (site / "p0.jpg").write_bytes(embedded((site / "p0.jpg").read_bytes(), Words("The old mill at dawn.")))
    (site / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><title>Our emblem</title></svg>')
    (site / "page0.html").write_text(
        "<figure><img src=p0.jpg><figcaption>Figure 1</figcaption></figure><p><img src=a.svg></p>"
        "<figure><img src=p1.jpg title='The ferry'><figcaption>A caption stays where it is</figcaption></figure>"
    )
    assert run(["alt", str(site / "page0.html"), "--write"]) == 0
    text = (site / "page0.html").read_text()
    for words in ("The old mill at dawn.", "Our emblem", "The ferry"):
        assert f'alt="{words}"' in text
    assert text.count("A caption stays") == 1
    assert model.asked == []


def test_a_spacer_in_markdown_is_right_as_it_is(site, capsys):
    from PIL import Image

    Image.new("RGB", (1, 1)).save(site / "s.gif")
    (site / "a.md").write_text("# T\n\n![](s.gif)\n")
    assert run(["alt", str(site / "a.md")]) == 0
    assert "1 left empty on purpose" in capsys.readouterr().out


def test_text_that_is_read_in_a_picture(site, model, capsys, monkeypatch):
    from alttext_pictures import writing

    (site / "t.png").write_bytes(encoded(writing()))
    path = site / "page0.html"
    path.write_text("<p><img src=t.png></p>")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(["alt", str(path), "--ocr"]) == 6
    assert "install rapidocr" in capsys.readouterr().err
    program = site / "tesseract"
    rows = "".join(f"5\t1\t1\t1\t1\t{n}\t0\t0\t9\t9\t96\t{word}\n" for n, word in enumerate(["Summer", "sale"]))
    program.write_text(f"#!/bin/sh\nprintf 'head\n{rows}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{site.resolve()}:/bin:/usr/bin")
    assert os.access(program, os.X_OK)
    assert run(["alt", str(path), "--ocr"]) == 1
    assert "text, not sure: “Summer sale” (text was read in it)" in capsys.readouterr().out
