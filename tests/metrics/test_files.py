"""Captions from files of every form, and what is said of those that are wrong."""

import json

import pytest

from seesay.errors import DataError
from seesay.metrics.files import match_items, read_hypotheses, read_references

CAPTIONS = {"7": "a dog", "8": "two, cats"}


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


HYPOTHESES = {
    "coco": json.dumps([{"image_id": int(i), "caption": text} for i, text in CAPTIONS.items()]),
    "mapping": json.dumps(CAPTIONS),
    "lists": json.dumps({i: [text] for i, text in CAPTIONS.items()}),
    "jsonl": "".join(json.dumps({"id": i, "text": text}) + "\n\n" for i, text in CAPTIONS.items()),
    "csv": 'image_id,score,caption\n7,1,a dog\n8,2,"two, cats"\n',
    "semicolons": "image_id;caption\n7;a dog\n8;two, cats\n",
    "bars and other names": "image_name| comment\n7|a dog\n8|two, cats\n",
    "flickr8k": "7#0\ta dog\n8#0\ttwo, cats\n",
    "csv with a mark": b'\xef\xbb\xbfImage,Caption\r\n7,a dog\r\n8,"two, cats"\r\n',
}


@pytest.mark.parametrize("form", HYPOTHESES)
def test_forms_of_hypotheses_are_told_apart_by_content(write, form):
    file = read_hypotheses(write("anything.txt", HYPOTHESES[form]))
    assert file.captions == {i: [text] for i, text in CAPTIONS.items()}
    assert not file.by_line


def test_plain_text_is_an_item_a_line(write):
    told = read_hypotheses(write("told", "a dog\n\ntwo cats\n"))
    assert told.captions == {"1": ["a dog"], "2": [""], "3": ["two cats"]}
    truth = read_references([write("one", "a\nb\nc"), write("two", "d\ne\nf\n")])
    assert truth.captions == {"1": ["a", "d"], "2": ["b", "e"], "3": ["c", "f"]}
    match_items(told, truth)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"annotations": [{"image_id": 7, "caption": "a"}, {"image_id": 7, "caption": "b"}], "images": []}),
        json.dumps({"7": ["a", "b"]}),
        '{"image_id": 7, "caption": "a"}\n{"image_id": 7, "caption": "b"}\n',
        "id,caption\n7,a\n7,b\n",
    ],
)
def test_references_may_be_several(write, content):
    assert read_references([write("r", content)]).captions == {"7": ["a", "b"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (b"\xff\xfe\x00", "h:1: is damaged UTF-16 text"),
        ('[{"image_id": 1, "caption": "a"}', "h:1: not JSON"),
        ('[{"image_id": 1}]', "entry 0: expected an object with image_id"),
        ("[1, 2]", "entry 0: expected an object"),
        ('{"1": 5}', "the caption of '1' is 5"),
        ('{"1": []}', "the caption of '1' is \\[\\]"),
        ('{"1": [["a"]]}', "expected text or a list of texts"),
        ('[{"image_id": 1, "caption": "a"}, {"image_id": 1, "caption": "b"}]', "entry 1: a second caption for '1'"),
        ('{"1": "a", "1": "b"}', "h:1: a second caption for '1'"),
        ('[{"image_id": null, "caption": "a"}]', "image_id is None; expected text or a whole number"),
        ("[" * 100_000, "nested too deeply"),
        ("caption\na dog\n", "looks like the heading of a table, but names no id column"),
        ("image;label\n1;a\n", "looks like the heading of a table, but names no caption column"),
        ("id,caption\n1,a\n1,b\n", "h:3: a second caption for '1'"),
        ("id,caption\n1,a,b\n", "h:2: 3 columns where the header names 2"),
        ('id,caption\n1,"a\n', "h:2: is not CSV"),
        ("{}", "holds no captions"),
    ],
)
def test_wrong_files_are_one_line(write, content, message):
    with pytest.raises(DataError, match=message) as raised:
        read_hypotheses(write("h", content))
    assert "\n" not in str(raised.value)


def test_both_sides_must_speak_of_the_same_items(write):
    told = read_hypotheses(write("h", '{"1": "a", "2": "b"}'))
    lines = read_hypotheses(write("l", "a\nb\nc\n"))
    with pytest.raises(DataError, match=r"r: lacks 1 of the 2 ids in .*h \('2'\)"):
        match_items(told, read_references([write("r", '{"1": ["a"]}')]))
    with pytest.raises(DataError, match=r"h: lacks 1 of the 3 ids in .*r \('3'\)"):
        match_items(told, read_references([write("r", '{"1": ["a"], "2": ["b"], "3": ["c"]}')]))
    with pytest.raises(DataError, match=r"plain text of 3 lines.*cannot be matched"):
        match_items(lines, read_references([write("r", '{"1": ["a"]}')]))
    with pytest.raises(DataError, match=r"plain text of 3 lines, .*plain text of 2 lines"):
        match_items(lines, read_references([write("r", "a\nb\n")]))
    with pytest.raises(DataError, match="reference files must go together"):
        read_references([write("r", "a\nb\n"), write("s", "a\n")])
    with pytest.raises(DataError, match="cannot be read"):
        read_hypotheses("nowhere.json")
