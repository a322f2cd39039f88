"""Captions from files of every form, and what is said of those that are wrong."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from seesay.errors import DataError
from seesay.metrics import score
from seesay.metrics.files import match_items, read_hypotheses, read_references
from seesay.metrics.frequencies import read_frequencies

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


RIGHT = {
    "a.jpg": "a brown dog runs across the green grass",
    "b.jpg": "two men are sitting on a wooden bench",
    "c.jpg": "a child in a red coat plays in the snow",
    "d.jpg": "a boat sails on the blue lake",
}
REFERENCES = {
    "a.jpg": [RIGHT["a.jpg"], "the dog is running on grass"],
    "b.jpg": [RIGHT["b.jpg"], "men sit on the bench"],
    "c.jpg": [RIGHT["c.jpg"], "a kid plays in snow"],
    "d.jpg": [RIGHT["d.jpg"], "the boat is on the water"],
}


def scored(hypotheses, references):
    truth = read_references([references])
    found = match_items(read_hypotheses(hypotheses), truth)
    captions = {item: texts[0] for item, texts in found.captions.items()}
    return score(captions, {item: truth.captions[item] for item in captions}, ["bleu", "rouge", "cider"]).corpus


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\t"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_table_scores_as_the_same_captions_do_in_json(write, sign, delimiter):
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    rows.writerows([("image", "caption"), *((k, v.replace(" in ", f"{sign}in{sign}")) for k, v in RIGHT.items())])
    corpus = scored(write("h.csv", text.getvalue()), write("r.json", json.dumps(REFERENCES)))
    assert corpus["Bleu_1"] == pytest.approx(1.0)
    assert corpus["Bleu_4"] == pytest.approx(1.0)
    assert corpus["CIDEr-D"] == pytest.approx(5.5335, abs=1e-4)


GTS = {item: [{"image_id": item, "id": n, "caption": t} for n, t in enumerate(ts)] for item, ts in REFERENCES.items()}
MSRVTT = {
    "videos": [],
    "sentences": [{"video_id": i, "caption": t, "sen_id": 0} for i, ts in REFERENCES.items() for t in ts],
}
TEXTCAPS = {
    "data": [{"image_id": i, "caption_str": t, "reference_strs": ts} for i, ts in REFERENCES.items() for t in ts]
}
KARPATHY = {"images": [{"filename": i, "sentences": [{"raw": t} for t in ts]} for i, ts in REFERENCES.items()]}
BLIP = [{"image": i, "caption": ts} for i, ts in REFERENCES.items()]
OWN = [{"path": f"photos\\{i}", "captions": [{"text": t, "score": -1.0} for t in ts]} for i, ts in REFERENCES.items()]
FLICKR30K = "image_name| comment_number| comment\n" + "".join(
    f"{i}| {n}| {t}\n" for i, ts in REFERENCES.items() for n, t in enumerate(ts)
)


@pytest.mark.parametrize("content", [GTS, MSRVTT, TEXTCAPS, KARPATHY, BLIP, OWN, FLICKR30K])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_references_as_they_are_published(write, content, encoding):
    text = content if isinstance(content, str) else json.dumps(content)
    corpus = scored(write("h.json", json.dumps(RIGHT)), write("r", text.encode(encoding)))
    assert corpus["CIDEr-D"] == pytest.approx(5.5335, abs=1e-4)


def test_llava_answers_are_captions(write):
    turns = [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "a dog"}]
    found = read_hypotheses(write("h", json.dumps([{"id": 7, "conversations": turns}])))
    assert found.captions == {"7": ["a dog"]}
    with pytest.raises(DataError, match="h:1: entry 0: the caption of '7' is a conversation of 2 answers"):
        read_hypotheses(write("h", json.dumps([{"id": 7, "conversations": turns * 2}])))


def test_one_comparison_of_ids(write):
    refs = read_references([write("r", '[{"image_id": 5, "caption": "a"}, {"image_id": "6", "caption": "b"}]')])
    assert match_items(read_hypotheses(write("h", "image_id,caption\n5,a\n6,b\n")), refs).notes == ()
    with pytest.raises(DataError, match="lacks 1 of the 2 ids"):
        match_items(read_hypotheses(write("h", "image_id,caption\n5.0,a\n6,b\n")), refs)
    with pytest.raises(DataError, match=r"entry 0: image_id is 5\.0; expected text or a whole number"):
        read_hypotheses(write("h", '[{"image_id": 5.0, "caption": "a"}]'))
    truth = read_references([write("r", '{"val/1.jpg": "a", "val/2.jpg": "b"}')])
    for names, said in (
        (("val\\\\1.jpg", ".\\\\val\\\\2.jpg"), None),
        (("val/1", "val/2"), "without endings: 'val/1' is 'val/1.jpg'"),
        (("1.jpg", "2.jpg"), "without folders: '1.jpg' is 'val/1.jpg'"),
        (("x/1.png", "x/2.png"), "without folders and endings: 'x/1.png' is 'val/1.jpg'"),
    ):
        found = match_items(read_hypotheses(write("h", json.dumps(dict(zip(names, "ab", strict=True))))), truth)
        assert list(found.captions) == ["val/1.jpg", "val/2.jpg"]
        assert (not found.notes) if said is None else found.notes[0].endswith(said)
    with pytest.raises(DataError, match="lacks 2 of the 2 ids"):  # one name for two
        match_items(read_hypotheses(write("h", '{"a/1.jpg": "a", "b/1.jpg": "b"}')), truth)


def test_captions_that_are_not_to_be_used(write):
    notes = [
        {"image_id": 1, "caption": "a dog", "is_rejected": False},
        {"image_id": 1, "caption": "spam", "is_rejected": True},
        {"image_id": 2, "caption": "Quality issues", "is_precanned": 1},
    ]
    refs = read_references([write("r", json.dumps({"images": [], "annotations": notes}, indent=1))])
    assert refs.captions == {"1": ["a dog"]}
    assert [note.partition(": ")[2] for note in refs.notes] == [
        "annotations 1: 1 caption(s) marked is_rejected are left out, the first here",
        "annotations 2: 1 caption(s) marked is_precanned are left out, the first here",
    ]
    found = match_items(read_hypotheses(write("h", '{"1": "a", "2": "b"}')), refs)
    assert found.captions == {"1": ["a"]}
    assert "1 item(s) are left out, since all their references are marked as not to be used ('2')" in found.notes[0]


def test_lines_and_notes_of_odd_text(write):
    found = read_hypotheses(write("h", "id;caption\r\n1;a dog\r\n2;un café\r\n".encode("latin-1")))
    assert found.captions == {"1": ["a dog"], "2": ["un café"]}
    assert found.notes[0].startswith(f"{found.path}:3: byte 0xe9 is not UTF-8")
    for content, line in (
        ('{"id": 1, "caption": "a"}\n\n{"id": 2, "caption": "b"\n', 3),
        ('[\n{"id": 1, "caption": "a"},\n{"id": 1, "caption": "b"}]', 3),
        ('{\n"1": "a",\r\n"2": 5}', 3),
        ('id,caption\n1,"a\nb"\n2,c,d\n', 4),
        ('id,caption\n1,"a\n\n\n', 2),
        ("id,caption\n1,a\0\n", 2),
    ):
        with pytest.raises(DataError, match=f"h:{line}: "):
            read_hypotheses(write("h", content))


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"1": "a dog"}')))
    assert read_hypotheses("-").captions == {"1": ["a dog"]}


@pytest.mark.parametrize("text", ['{"a": %s}', '{"image_id": 1, "caption": "a"}\n{"image_id": %s, "caption": "a"}'])
def test_a_number_of_thousands_of_digits_is_one_line(tmp_path, text):
    (tmp_path / "c.json").write_text(text % ("7" * 5000))
    with pytest.raises(DataError, match=r"c\.json:\d: not JSON .*digits") as error:
        read_references([tmp_path / "c.json"])
    assert len(str(error.value)) < 400


def test_entries_of_lists_in_objects_are_named_with_their_lines(tmp_path):
    (tmp_path / "c.json").write_text(
        '{"images": [],\n"annotations": [\n{"image_id": 1, "caption": "a"},\n{"image_id": 2}]}'
    )
    with pytest.raises(DataError, match=r"c\.json:4: annotations 1: expected an object"):
        read_references([tmp_path / "c.json"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_devices_are_one_line_and_what_a_shell_hands_over_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(DataError, match=f"cannot be read .is {what}, no file"):
            read_references([path])
        with pytest.raises(DataError, match=f"cannot be read .is {what}, no file"):
            read_frequencies(path)
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as handle:
        handle.write(b'{"1": ["a dog"]}')
    assert read_references([f"/dev/fd/{reader}"]).captions == {"1": ["a dog"]}
    os.close(reader)
