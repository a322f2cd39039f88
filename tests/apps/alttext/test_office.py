"""Office documents, books and PDFs: parts stay byte for byte but for the words; hostile ones are refused."""

import io
import json
import re
import struct
import zipfile
from pathlib import Path

import alttext_documents as made
import pytest
from alttext_pictures import encoded, photo

from seesay.apps.alttext.documents import content_of, format_of
from seesay.cli import run

DECORATIVE = (
    f'<a:extLst xmlns:a="{made.A}"><a:ext uri="{{C183D7F6-B498-43B3-948B-1728B52AA6E4}}"><adec:decorative '
    'xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/></a:ext></a:extLst>'
)
HAS = ' descr="A person&#39;s words"'
DOCUMENTS = {
    "a.docx": made.docx(
        made.drawing(1),
        made.drawing(2, HAS),
        made.drawing(3, ' descr=""', kind="anchor"),
        made.drawing(4, "", DECORATIVE),
    ),
    "b.pptx": made.pptx("", HAS, " descr='photo.jpg'"),
    "c.xlsx": made.xlsx("", HAS, ' descr=""'),
    "d.odt": made.odt("", "<svg:desc>A person's words</svg:desc>", "<svg:title>T</svg:title><svg:desc/>"),
    "e.epub": made.epub("", ' alt="A person\'s words"', " alt=''"),
}
MISSING = {"a.docx": 2, "b.pptx": 2, "c.xlsx": 2, "d.odt": 2, "e.epub": 1}
EDIT = {
    ".docx": rb' descr="[^"]*"',
    ".pptx": rb" descr=(?:\"[^\"]*\"|'[^']*')",
    ".xlsx": rb' descr="[^"]*"',
    ".odt": rb"<svg:desc>[^<]*</svg:desc>|<svg:desc/>",
    ".epub": rb" alt=(?:\"[^\"]*\"|'[^']*')",
}


def opened(data):
    return zipfile.ZipFile(io.BytesIO(data))


def alts(path):
    content = content_of(format_of(path), path.read_bytes(), path.name)
    return [use.alt for use in content.uses]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_parts_stay_but_for_the_words(model, name, capsys):
    path = Path(name)
    path.write_bytes(DOCUMENTS[name])
    assert run(["alt", name, "--write"]) == 0, capsys.readouterr().out
    old, new = opened(DOCUMENTS[name]), opened(path.read_bytes())
    assert new.testzip() is None
    changed = 0
    for before, after in zip(old.infolist(), new.infolist(), strict=True):
        for field in ("filename", "date_time", "compress_type", "external_attr", "flag_bits", "extra", "create_system"):
            assert getattr(before, field) == getattr(after, field)
        one, other = old.read(before), new.read(after)
        if one != other:
            changed += 1
            assert re.sub(EDIT[path.suffix], b"", one) == re.sub(EDIT[path.suffix], b"", other)
    assert changed
    if name in ("d.odt", "e.epub"):
        assert path.read_bytes()[:64].startswith(b"PK\x03\x04")
        assert path.read_bytes()[30:38] == b"mimetype"
        assert new.infolist()[0].compress_type == zipfile.ZIP_STORED
    words = alts(path)
    assert "A person's words" in words
    assert sum(bool(one) and one.startswith("A thing called") for one in words) == MISSING[name]
    after = path.read_bytes()
    assert run(["alt", name, "--write"]) == 0
    assert path.read_bytes() == after, "a second run changes nothing"


def test_only_a_title_is_proposed_from_a_title(model, capsys):
    Path("d.odt").write_bytes(made.odt("<svg:title>A red boat</svg:title>"))
    assert run(["alt", "d.odt", "--write"]) == 0
    assert alts(Path("d.odt")) == ["A red boat"]


def test_many_documents_of_each_kind(model):
    """Forty of each, each of another number of pictures."""
    makers = {
        ".docx": lambda n: made.docx(*(made.drawing(i + 1) for i in range(n)), seed=n),
        ".pptx": lambda n: made.pptx(*[""] * n, seed=n),
        ".xlsx": lambda n: made.xlsx(*[""] * n, seed=n),
        ".odt": lambda n: made.odt(*[""] * n, seed=n),
        ".epub": lambda n: made.epub(*[""] * n, seed=n),
    }
    folder = Path("many")
    folder.mkdir()
    before = {}
    for suffix, make in makers.items():
        for number in range(40):
            path = folder / f"{number}{suffix}"
            if number < 3:
                path.write_bytes(make(number + 1))
            else:  # pictures take long to make: the same parts, packed otherwise
                path.write_bytes(repacked(before[f"{number % 3}{suffix}"], number))
            before[path.name] = path.read_bytes()
    assert run(["alt", str(folder), "--write"]) == 0
    for name, data in before.items():
        old, new = opened(data), opened((folder / name).read_bytes())
        assert [one.filename for one in old.infolist()] == [one.filename for one in new.infolist()]
        edit = EDIT[Path(name).suffix]
        for one in old.namelist():
            assert re.sub(edit, b"", old.read(one)) == re.sub(edit, b"", new.read(one))
        assert all(alts(folder / name))


def repacked(data, number):
    """The same members, packed at another level, some with sizes behind the bytes."""
    out = io.BytesIO()
    stream = Stream(out) if number % 2 else out
    with zipfile.ZipFile(stream, "w") as archive, opened(data) as old:
        for info in old.infolist():
            archive.writestr(info, old.read(info), info.compress_type, number % 9 + 1)
    return out.getvalue()


class Stream(io.RawIOBase):
    """A file that cannot be wound back: zipfile then writes sizes behind the bytes."""

    def __init__(self, out):
        self.out = out

    def writable(self):
        return True

    def write(self, data):
        return self.out.write(data)


def bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (40 << 20))
    return out.getvalue()


def lying():
    """A member that says it is small."""
    data = bytearray(bomb())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    return bytes(data)


def packed(**members):
    return made.zipped({name.replace("__", "/").replace("_x", ".x"): content for name, content in members.items()})


HOSTILE = {
    "bomb": (bomb(), "unpacks"),
    "lying": (lying(), "is damaged"),
    "entities": (
        packed(word__document_xml='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
        "declares entities",
    ),
    "leaving": (made.zipped({"../../evil.xml": "x"}), "leaves the folder"),
    "absolute": (made.zipped({"/etc/evil.xml": "x"}), "leaves the folder"),
    "no zip": (b"not a zip at all", "is no zip"),
    "cut": (DOCUMENTS["a.docx"][:-300], "is no zip"),
    "deep": (packed(word__document_xml="<a>" * 2000 + "</a>" * 2000), "nested deeper"),
    "utf-16": (packed(word__document_xml='<?xml version="1.0"?><a/>'.encode("utf-16")), "is not UTF-8"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_one_line(model, name, capsys):
    data, message = HOSTILE[name]
    Path("x.docx").write_bytes(data)
    assert run(["alt", "x.docx", "--write"]) == 1
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
    assert Path("x.docx").read_bytes() == data


def test_a_script_in_a_caption_stays_text(model, monkeypatch):
    from seesay.apps.alttext.captions import Described

    evil = "\"><script>alert(1)</script><img alt='\x1b[31m ]]> &amp; --> \u202e"
    monkeypatch.setattr(model, "describe", lambda sources: [Described(evil, True, 0.9) for _ in sources])
    for name, data in DOCUMENTS.items():
        path = Path(name)
        path.write_bytes(data)
        run(["alt", name, "--write", "--unsure"])
        for part in opened(path.read_bytes()).namelist():
            text = opened(path.read_bytes()).read(part)
            assert b"<script>" not in text
        written = [one for one in alts(path) if one and "alert" in one]
        assert written
        assert all("\x1b" not in one and "\u202e" not in one for one in written)


def tagged(path, *, tags=True, alt=None, marked=True):
    """A PDF of one figure."""
    pikepdf = pytest.importorskip("pikepdf", reason="needs the extra seesay[alt]")
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(200, 200)).obj
    image = pdf.make_stream(encoded(photo(4), "JPEG"))
    image.update({"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Image, "/Width": 96, "/Height": 72})
    image.update({"/ColorSpace": pikepdf.Name.DeviceRGB, "/BitsPerComponent": 8, "/Filter": pikepdf.Name.DCTDecode})
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image))
    begin = b"/Figure <</MCID 0>> BDC" if marked else b"/Artifact BMC"
    page.Contents = pdf.make_stream(begin + b" q 2 0 0 2 0 0 cm q 48 0 0 36 5 5 cm /I Do Q Q EMC")
    if tags:
        root = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.StructTreeRoot))
        figure = pikepdf.Dictionary(Type=pikepdf.Name.StructElem, S=pikepdf.Name.Figure, P=root, Pg=page, K=0)
        if not marked:  # as LibreOffice writes a picture without words
            del figure.K
            figure.A = pikepdf.Dictionary(O=pikepdf.Name.Layout, BBox=pikepdf.Array([10, 10, 106, 82]))
        if alt is not None:
            figure.Alt = pikepdf.String(alt)
        figure = pdf.make_indirect(figure)
        root.K = pikepdf.Array([figure])
        root.ParentTree = pdf.make_indirect(pikepdf.Dictionary(Nums=pikepdf.Array([0, pikepdf.Array([figure])])))
        pdf.Root.StructTreeRoot = root
        pdf.Root.MarkInfo = pikepdf.Dictionary(Marked=True)
        page.StructParents = 0
    pdf.save(path)


@pytest.mark.parametrize("marked", [True, False])
def test_a_tagged_pdf(model, marked):
    import pikepdf

    tagged("a.pdf", marked=marked)
    before = pikepdf.open("a.pdf")
    streams = [one.read_raw_bytes() for one in before.objects if isinstance(one, pikepdf.Stream)]
    before.close()
    assert run(["alt", "a.pdf", "--write"]) == 0
    after = pikepdf.open("a.pdf")
    assert str(after.Root.StructTreeRoot.K[0].Alt).startswith("A thing called")
    assert [one.read_raw_bytes() for one in after.objects if isinstance(one, pikepdf.Stream)] == streams
    assert not after.check_pdf_syntax() if hasattr(after, "check_pdf_syntax") else not after.check()
    after.close()
    written = Path("a.pdf").read_bytes()
    assert run(["alt", "a.pdf", "--write"]) == 0
    assert Path("a.pdf").read_bytes() == written
    tagged("b.pdf", alt="Mine")
    mine = Path("b.pdf").read_bytes()
    assert run(["alt", "b.pdf", "--write", "--unsure"]) == 0
    assert Path("b.pdf").read_bytes() == mine


def test_a_pdf_without_tags_is_only_reported(model, capsys):
    tagged("a.pdf", tags=False)
    before = Path("a.pdf").read_bytes()
    assert run(["alt", "a.pdf", "--write", "--unsure"]) == 0
    assert "has no tags, so no place for alt text (1 pictures)" in capsys.readouterr().err
    assert Path("a.pdf").read_bytes() == before
    Path("b.pdf").write_bytes(before[:200])
    assert run(["alt", "b.pdf"]) == 1
    assert "is no PDF, or damaged" in capsys.readouterr().err


def decorated(name, data, capsys):
    """Decide that its first picture is decorative, and write that."""
    path = Path(name)
    path.write_bytes(data)
    run(["alt", name, "--json"])
    key = json.loads(capsys.readouterr().out)["uses"][0]["key"]
    decision = {"key": key, "document": name, "source": "", "action": "decorative", "was": None}
    Path("d.json").write_text(json.dumps({"format": "seesay-alt", "version": 1, "decisions": [decision]}))
    Path("seesay-alt.json").unlink(missing_ok=True)
    assert run(["alt", name, "--write", "--decisions", "d.json"]) == 0
    return path.read_bytes()


def changed(before, after):
    old, new = opened(before), opened(after)
    assert old.namelist() == new.namelist()
    (name,) = [name for name in old.namelist() if old.read(name) != new.read(name)]
    return old.read(name).decode(), new.read(name).decode()


EXT = DECORATIVE[DECORATIVE.index("<a:ext uri") : -len("</a:extLst>")]
OTHER = f'<a:extLst xmlns:a="{made.A}"><a:ext uri="{{FF2B5EF4-FFF2-40B4-BE49-F238E27FC236}}"><x/></a:ext></a:extLst>'


@pytest.mark.parametrize(
    ("name", "data", "mark"),
    [
        ("a.docx", made.docx(made.drawing(1)), DECORATIVE),
        ("b.docx", made.docx(made.drawing(1, "", OTHER, kind="anchor")), EXT),
        ("c.docx", made.docx(made.drawing(1).replace("></wp:docPr>", "/>")), f">{DECORATIVE}</wp:docPr>"),
        ("d.pptx", made.pptx(""), f">{DECORATIVE}</p:cNvPr>"),
        ("e.xlsx", made.xlsx(""), f">{DECORATIVE}</xdr:cNvPr>"),
    ],
)
def test_decorative_is_written_as_office_writes_it(model, capsys, name, data, mark):
    after = decorated(name, data, capsys)
    one, other = changed(data, after)
    assert other.count(EXT) == 1
    assert mark in other
    assert other.replace(mark, "/>" if mark[0] == ">" else "") == one
    Path("seesay-alt.json").unlink()
    assert alts(Path(name)) == [""]
    assert run(["alt", name, "--write"]) == 0, "the document says it, without the record"
    assert Path(name).read_bytes() == after


@pytest.mark.parametrize(
    "inner",
    [
        f'<a:extLst xmlns:a="{made.A}"/>',
        DECORATIVE.replace('val="1"', 'val="0"'),
        "<x:y xmlns:x='http://purl.oclc.org/ooxml/x'/>",
    ],
)
def test_decorative_without_a_place_stands_in_the_record(model, capsys, inner):
    before = made.docx(made.drawing(1, "", inner))
    assert decorated("a.docx", before, capsys) == before
    assert run(["alt", "a.docx"]) == 0
    assert "1 left empty on purpose" in capsys.readouterr().out


def test_decorative_of_opendocument_stands_in_the_record(model, capsys):
    before = made.odt("")
    assert decorated("a.odt", before, capsys) == before
    assert run(["alt", "a.odt"]) == 0
    assert "1 left empty on purpose" in capsys.readouterr().out
