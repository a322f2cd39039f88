"""`seesay recognize` of texts and sounds: the words and forms that clips have."""

import csv
import json

import pytest
from sequences import LABELS, exported, tone, write_wav

from seesay.cli import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("sequences")
    exported(root / "text", "text")
    exported(root / "sound", "sound")
    (root / "note.txt").write_text("the cat sat on a mat")
    write_wav(root / "in" / "a.wav", tone())
    write_wav(root / "in" / "b.wav", tone(900))
    (root / "in" / "readme.txt").write_text("two sounds")
    return root


def test_json_of_a_text_beside_what_is_none(folder, capsys):
    bad = folder / "bad.txt"
    bad.write_bytes(b"\xff\xfe\x00")
    call = ["recognize", str(folder / "note.txt"), str(bad), "--model", str(folder / "text" / "model"), "--json"]
    assert run(call) == 1
    shown = capsys.readouterr()
    first, second = json.loads(shown.out)
    assert {one["label"] for one in first["predictions"]} == set(LABELS)
    assert first["error"] is None
    assert first["model"] == "tiny text"
    assert second["predictions"] == []
    assert "bad.txt" in second["error"]
    assert shown.err.count("\n") == 1


def test_a_folder_gives_its_sounds(folder, capsys):
    model = str(folder / "sound" / "model")
    assert run(["recognize", str(folder / "in"), "--model", model, "--csv", "--top", "1"]) == 0
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    assert header == ["path", "label", "probability", "error"]
    assert [row[0].rsplit("/", 1)[-1] for row in rows] == ["a.wav", "b.wav"]
    assert run(["recognize", str(folder / "in" / "a.wav"), "--model", model]) == 0
    assert "a.wav: " in capsys.readouterr().out


@pytest.mark.parametrize("more", [["--timeline", "x.csv"], ["--allow-url"]])
def test_what_is_for_clips_is_refused(folder, capsys, more):
    call = ["recognize", str(folder / "note.txt"), "--model", str(folder / "text" / "model"), *more]
    assert run(call) == 2
    assert "judges whole texts" in capsys.readouterr().err
    assert run(["recognize", "--camera", "0", "--model", str(folder / "text" / "model")]) == 2
    assert "judges whole texts" in capsys.readouterr().err
