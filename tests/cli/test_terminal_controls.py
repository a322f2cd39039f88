"""Text that comes with the data never moves the cursor of who reads it: no control reaches the terminal raw."""

import json
import re

import pytest

from seesay.cli import run
from seesay.printable import printable_json

BAD = "x\x1b[2J\x1b]0;owned\x07\x9b31m\ry\u202ez"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(capsys):
    out, err = capsys.readouterr()
    assert not RAW.search(out), RAW.search(out)
    assert not RAW.search(err), RAW.search(err)
    return out + err


@pytest.fixture
def bad(tmp_path):
    captions = {f"{BAD}{i}": f"a dog {BAD}" for i in range(3)}
    (tmp_path / "told.json").write_text(json.dumps(captions))
    (tmp_path / "truth.json").write_text(json.dumps({i: [c, "a cat"] for i, c in captions.items()}))
    return tmp_path


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_score(bad, capsys, more):
    assert run(["score", str(bad / "told.json"), str(bad / "truth.json"), "--metrics", "bleu,health", *more]) == 0
    clean(capsys)


def test_score_says_which_captions_are_empty(bad, capsys):
    (bad / "told.json").write_text(json.dumps({f"{BAD}{i}": "" for i in range(3)}))
    assert run(["score", str(bad / "told.json"), str(bad / "truth.json"), "--metrics", "bleu"]) == 0
    assert "empty caption" in clean(capsys)


def test_score_names_ids_that_are_missing(bad, capsys):
    (bad / "told.json").write_text(json.dumps({"other" + BAD: "a dog"}))
    assert run(["score", str(bad / "told.json"), str(bad / "truth.json"), "--metrics", "bleu"]) != 0
    assert "same ids" in clean(capsys)


def test_score_of_files_with_such_names(bad, capsys):
    told, other = bad / f"{BAD}told.json", bad / f"{BAD}other.json"
    (bad / "told.json").rename(told)
    other.write_bytes(told.read_bytes())
    asked = ["score", str(told), str(bad / "truth.json"), "--metrics", "bleu", "--against", str(other)]
    assert run([*asked, "--samples", "100"]) == 0
    assert "\\x1b" in clean(capsys)
    told.write_text("{")
    assert run(asked) != 0
    assert "\\x1b" in clean(capsys)


def test_data_check(tmp_path, capsys):
    for label in (f"cl{BAD}ss", "plain"):
        folder = tmp_path / "data" / label
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("some words")
    run(["data", "check", f"folders:{tmp_path / 'data'}"])
    assert "\\x1b" in clean(capsys)


def test_verbs_told_of_such_a_path(capsys, tmp_path):
    gone = str(tmp_path / BAD)
    verbs = [[v, gone] for v in ("evaluate", "recognize", "caption", "verify", "show")]
    verbs += [["data", "check", gone], ["data", "show", gone], ["score", gone, gone]]
    for verb in [*verbs, ["compare", gone, gone, "--out", str(tmp_path / "out")]]:
        assert run(verb) != 0, verb
        assert clean(capsys).strip(), verb


def test_json_keeps_what_it_says():
    value = {BAD: ["é", BAD, "\u2028"]}
    text = printable_json(value)
    assert not RAW.search(text)
    assert json.loads(text) == value
    assert "é" in text
