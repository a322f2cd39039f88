import gzip

import numpy as np
import pytest

from seesay.errors import UsageError
from seesay.text.vectors import read_vectors, train_vectors, vector_table

WORDS = ("<pad>", "<start>", "<end>", "<unk>", "dog", "cat", "café", "the")
LINES = ["the 1 2 3", "dog 0.5 -1e-2 3", "zebra 9 9 9", "café 7 8 9"]


def write(tmp_path, lines, name="vectors.txt"):
    file = tmp_path / name
    file.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    return file


@pytest.mark.parametrize("header", [[], ["4 3"]], ids=["glove", "word2vec"])
def test_both_text_forms(tmp_path, header):
    found = read_vectors(write(tmp_path, header + LINES), WORDS)
    assert found.dimension == 3
    assert set(found.vectors) == {"the", "dog", "café"}  # none but what was asked for
    np.testing.assert_array_equal(found.vectors["dog"], np.array([0.5, -0.01, 3], np.float32))
    assert found.bad_lines == 0


def test_a_gzipped_file_with_trailing_spaces_tabs_and_windows_line_ends(tmp_path):
    file = tmp_path / "vectors.txt.gz"
    file.write_bytes(gzip.compress(b"dog 1 2 \r\n\r\ncat\t3\t4\r\n"))
    found = read_vectors(file, WORDS)
    assert {word: list(vector) for word, vector in found.vectors.items()} == {"dog": [1, 2], "cat": [3, 4]}
    assert found.bad_lines == 0


def test_bad_lines_are_counted_and_the_first_is_named(tmp_path):
    lines = [*LINES, "cat 1 2", "cat 1 two 3", b"\xff\xfe 1 2 3", "cat nan 2 3", "lone", "cat 4 5 6", "owl 1 2 x"]
    found = read_vectors(write(tmp_path, lines), WORDS)
    assert found.bad_lines == 6
    assert found.first_bad == "line 5: 2 numbers, not 3"
    assert list(found.vectors["cat"]) == [4, 5, 6]


def test_a_damaged_first_line_does_not_set_the_dimension(tmp_path):
    found = read_vectors(write(tmp_path, ["broken 1", *LINES]), WORDS)
    assert (found.dimension, found.bad_lines, found.first_bad) == (3, 1, "line 1: 1 numbers, not 3")


def test_words_with_spaces_are_nobodys_and_the_first_of_two_wins(tmp_path):
    lines = [*LINES, "cat at home 1 1 1", ". . . 2 2 2", "cat 3 3 3", "cat 4 4 4"]
    found = read_vectors(write(tmp_path, lines), WORDS)
    assert list(found.vectors["cat"]) == [3, 3, 3]
    assert found.bad_lines == 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"zebra 1 2 3\n", "no vector for any of the 8 words"),
        (b"\x00\x01\x02 binary\n" * 3, "no vector for any"),
        (b"only\nwords\n", r"2 lines are of another form, the first: line 1: 0 numbers"),
        (b"", "no vector for any"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
    ],
)
def test_what_is_no_vector_file_is_refused(tmp_path, content, expected):
    file = tmp_path / "vectors.txt"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=expected) as raised:
        read_vectors(file, WORDS)
    assert "\n" not in str(raised.value)


def test_a_truncated_gzip_and_a_missing_file_are_refused(tmp_path):
    file = tmp_path / "vectors.gz"
    noise = np.random.default_rng(0).normal(size=(50, 3))
    file.write_bytes(gzip.compress("\n".join(f"w{i} {a} {b} {c}" for i, (a, b, c) in enumerate(noise)).encode())[:500])
    with pytest.raises(UsageError, match="cannot be read"):
        read_vectors(file, WORDS)
    with pytest.raises(UsageError, match=r"nowhere\.txt.*cannot be read \(No such file"):
        read_vectors(tmp_path / "nowhere.txt", WORDS)


def test_the_table_has_a_row_for_each_token(tmp_path):
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(400)]
    lines = [f"{word} " + " ".join(map(str, rng.normal(2, 0.5, 20).round(4))) for word in words]
    found = read_vectors(write(tmp_path, lines), words)
    tokens = (*WORDS[:4], *words, *(f"new{i}" for i in range(400)))
    table, covered = vector_table(found, tokens, seed=3)
    assert covered == 0.5
    assert table.shape == (804, 20)
    assert not table[0].any()
    np.testing.assert_array_equal(table[4], found.vectors["w0"])
    assert table[404:].mean() == pytest.approx(2, abs=0.05)
    assert table[404:].std() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(table, vector_table(found, tokens, seed=3)[0])


@pytest.mark.parametrize("kind", ["cbow", "skipgram"])
def test_vectors_from_captions_know_who_keeps_company(kind):
    rng = np.random.default_rng(0)
    homes = [[f"{home}{i}" for i in range(30)] for home in ("sea", "farm")]
    captions = [list(rng.choice(things, 6, replace=False)) for things in homes for _ in range(400)]
    found = train_vectors(captions, 8, kind, seed=2)
    again = train_vectors(captions, 8, kind, seed=2)
    other = train_vectors(captions, 8, kind, seed=3)
    assert found.dimension == 8
    assert all(np.array_equal(found.vectors[word], again.vectors[word]) for word in found.vectors)
    assert not np.array_equal(found.vectors["sea1"], other.vectors["sea1"])
    sea, farm = (np.stack([found.vectors[word] / np.linalg.norm(found.vectors[word]) for word in h]) for h in homes)
    assert (sea @ sea.T).mean() > (sea @ farm.T).mean() + 0.2
