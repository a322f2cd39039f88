import csv
import json

import pytest

from seesay.cli import run


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    captions = {"1": "a dog runs on the grass", "2": "a cat sits", "3": "two birds fly over a sea"}
    references = {"1": ["a dog runs", "the dog is on grass"], "2": ["a cat sits down"], "3": ["birds fly over the sea"]}
    (tmp_path / "h.json").write_text(json.dumps([{"image_id": i, "caption": c} for i, c in captions.items()]))
    rows = [{"image_id": i, "caption": c} for i, texts in references.items() for c in texts]
    (tmp_path / "r.json").write_text(json.dumps({"annotations": rows}))
    (tmp_path / "worse.json").write_text(json.dumps(dict.fromkeys(captions, "a man")))
    return tmp_path


def test_scores_as_json_with_a_signature(files, capsys):
    assert run(["score", "h.json", "r.json", "--metrics", "bleu,cider,ROUGE-L", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "CIDEr", "CIDEr-D", "ROUGE_L", "signature"]
    assert 0.5 < found["Bleu_1"] < 1
    assert "items=3 | references=1-2" in found["signature"]


def test_items_health_and_a_second_system(files, capsys):
    asked = ["score", "h.json", "r.json", "--metrics", "bleu,rouge,health", "--per-item", "i.csv"]
    assert run([*asked, "--against", "worse.json"]) == 0
    out = capsys.readouterr().out
    assert "paired bootstrap, 1000 sets of 3 items" in out
    assert "bad_endings    0.0" in out
    with (files / "i.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert float(rows[1]["ROUGE_L"]) > 0.8
    assert run([*asked, "--against", "worse.json", "--json"]) == 0
    difference = json.loads(capsys.readouterr().out)["against"]["ROUGE_L"]
    assert difference["first"] > difference["second"]


def test_several_captions_and_empty_ones_are_said(files, capsys):
    (files / "many.json").write_text('{"1": ["a dog runs", "a dog is here"], "2": [""], "3": ["birds"]}')
    assert run(["score", "many.json", "r.json", "--metrics", "bleu,health"]) == 0
    told = capsys.readouterr()
    assert "up to 2 captions for an item; the first of each is scored" in told.err
    assert "1 empty caption(s) ('2'); each is scored 0" in told.err
    assert "m_bleu_4" in told.out
    assert "empty            1" in told.out


def test_strange_text_is_written_and_empty_references_are_said(files, capsys):
    (files / "odd.json").write_text(json.dumps({"1": "a \ud800 dog", "2": "...", "3": "birds"}))
    (files / "refs.json").write_text(json.dumps({"1": ["a dog", ""], "2": ["a cat"], "3": ["birds"]}))
    assert run(["score", "odd.json", "refs.json", "--metrics", "bleu", "--per-item", "i.csv"]) == 0
    told = capsys.readouterr()
    assert "1 empty caption(s) ('2')" in told.err
    assert "1 item(s) have an empty reference ('1')" in told.err
    assert "\\ud800" in (files / "i.csv").read_text("utf-8")


def test_one_item_leaves_cider_out_unless_it_is_asked_for(files, capsys):
    (files / "one.json").write_text('{"1": "a dog"}')
    assert run(["score", "one.json", "one.json", "--json"]) == 0
    told = capsys.readouterr()
    assert "CIDEr" not in json.loads(told.out)
    assert "CIDEr is left out" in told.err
    assert run(["score", "one.json", "one.json", "--metrics", "cider"]) == 2
    assert "CIDEr-D: 1 item(s) with references" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere.json", "r.json"], 3, "nowhere.json: cannot be read (No such file or directory)"),
        (["h.json", "worse.json", "--metrics", "spce"], 2, "choose all, or some of bleu, rouge"),
        (["h.json", "r.json", "--frequencies", "h.json"], 3, "not a table of document frequencies"),
        (["h.json", "r.json", "--against", "half.json"], 3, "half.json: lacks 2 of the 3 ids"),
        (["h.json", "r.json", "--per-item", "h.json/where.csv", "--metrics", "bleu"], 2, "cannot be made"),
        (["h.json", "r.json", "--samples", "3"], 2, "--samples"),
        (["h.json", "r.json", "--per-item", "here/h.json"], 2, "is one of the files to be read"),
        (["h.json", ""], 2, "an argument is empty"),
    ],
)
def test_wrong_use_is_one_line(files, capsys, arguments, code, message):
    (files / "half.json").write_text('{"1": "a man"}')
    (files / "here").symlink_to(files)
    assert run(["score", *arguments]) == code
    told = capsys.readouterr()
    assert message in told.err
    assert told.err.count("\n") == 1


def test_java_is_checked_first(files, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert run(["score", "nowhere.json", "r.json", "--java"]) == 6
    assert "--java: missing java" in capsys.readouterr().err
