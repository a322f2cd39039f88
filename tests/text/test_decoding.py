"""Encodings of text files, and the lines that are named where there is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seesay.errors import DataError
from seesay.text.decoding import decode
from seesay.text.reading import read_text

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), min_size=1)


@settings(max_examples=200, deadline=None)
@given(TEXT, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_unicode_comes_back(text, encoding):
    notes = []
    assert decode(text.encode(encoding), lambda *note: notes.append(note)) == text
    assert notes == []


def test_big_endian():
    assert decode(b"\xfe\xff" + "é\u2028".encode("utf-16-be")) == "é\u2028"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["ab", " ", "\r", "\n", "\r\n", "été ", "“a”, ", "5 € ", "à la ", "a – b"]), min_size=1)
)
def test_western_text_is_read_with_a_note_of_its_line(parts):
    notes, text = [], "".join(parts)
    content = text.encode("cp1252")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        before = text.replace("\r\n", "\n").replace("\r", "\n").partition(next(c for c in text if not c.isascii()))[0]
        assert decode(content, lambda *note: notes.append(note)) == text
        assert [line for line, _ in notes] == [before.count("\n") + 1]
        assert "Windows-1252" in notes[0][1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\nb\0c", "2: holds NUL bytes"),
        ("a,b\n".encode("utf-16-le"), "1: holds NUL bytes: looks like UTF-16 text without a byte-order mark"),
        ("a\n".encode("utf-16") + b"\0\0", "2: holds a NUL character"),
        (b"\xff\xfea", "1: is damaged UTF-16 text"),
        ("é\r\n".encode() + b"\xe9", "2: byte 0xe9 is not UTF-8, though the file holds letters that are ('é')"),
        (
            b"a\r\xc3\x81\xc3\xff\x8f".replace(b"\xc3\x81\xc3", b""),
            "2: is not UTF-8 text, nor Windows-1252 (byte 0x8f)",
        ),
        (b"\xef\xbb\xbfa\n\xe9", "2: byte 0xe9 is not UTF-8, which its byte-order mark promises"),
    ],
)
def test_what_is_no_text(content, expected):
    with pytest.raises(ValueError) as raised:
        decode(content)
    assert str(raised.value).startswith(expected)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "zeros").write_bytes(b"\0" * 100_000)
    for name, expected in (
        ("none", "cannot be read (No such file"),
        ("zeros", ":1: holds NUL"),
        (".", "cannot be read"),
    ):
        with pytest.raises(DataError) as raised:
            read_text(tmp_path / name)
        assert expected in str(raised.value)
