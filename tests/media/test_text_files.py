"""Texts in: words, ids, and what is no text."""

import numpy as np
import pytest

from seesay.errors import ArtifactError, MediaError
from seesay.media import TextPreprocessing, find_endings, read_words
from seesay.text import Vocabulary

WORDS = Vocabulary.build([["not", "good", "but", "bad"]], min_count=1)


def test_words_are_those_of_captions_over_all_lines(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbfNot good,\r\n\r\nbut BAD.\n")
    assert read_words(file) == ["not", "good", "but", "bad"]
    assert read_words("Déjà vu".encode()) == ["déjà", "vu"]


def test_ids_are_padded_and_cut():
    front = TextPreprocessing(WORDS, 6)
    found = front.load(b"Not good but lovely")
    assert found.dtype == np.int64
    assert found.tolist() == [*WORDS.encode(["not", "good", "but"]), WORDS.unk, 0, 0]
    assert TextPreprocessing(WORDS, 2).load(b"Not good but lovely").tolist() == WORDS.encode(["not", "good"])
    assert TextPreprocessing.from_json(front.to_json(), WORDS.to_json()) == front
    with pytest.raises(ArtifactError, match="cannot be read"):
        TextPreprocessing.from_json({"kind": "text"}, WORDS.to_json())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_texts_are_read_as_editors_save_them(tmp_path, encoding):
    file = tmp_path / "a.txt"
    file.write_bytes("Good café".encode(encoding))
    assert read_words(file) == ["good", "café"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "holds no word"),
        (b"... !", "holds no word"),
        (b"\x7fELF\x02\x00\x00rest", "holds zero bytes"),
        ("caf\xe9\n".encode("latin-1") + "caf\xe9".encode(), r"a\.txt:1: byte 0xe9 is not UTF-8, though .* mixes two"),
        (b"one\n\x81", r"a\.txt:2: is not UTF-8 text, nor Windows-1252 \(byte 0x81\)"),
        (b"\xff\xfeg\x00\x00\xd8", "damaged UTF-16"),
        (b"a " * 600_000, "larger than 1 MiB"),
    ],
)
def test_what_is_no_text_is_told_in_one_line(tmp_path, content, said):
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    with pytest.raises(MediaError, match=said) as raised:
        read_words(file)
    assert "a.txt" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_are_found_by_their_endings(tmp_path):
    for name in ("b.txt", "a.TXT", "in/c.txt", "d.wav", ".hidden.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = [path.relative_to(tmp_path).as_posix() for path in find_endings([tmp_path], {".txt"})]
    assert found == ["a.TXT", "b.txt", "in/c.txt"]
    assert list(find_endings([tmp_path / "d.wav"], {".txt"})) == [tmp_path / "d.wav"]  # named, so tried
