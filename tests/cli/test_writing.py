"""What is written is what a file's name says, in the encoding asked for."""

import csv
import json
from pathlib import Path

import pytest

from seesay.cli import run
from seesay.cli.writing import Encoding, form_of

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("verb", ["caption", "recognize"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "x.html"], ".html is no format that is written here; use .json"),
        (["--out", "x.xlsx"], ".xlsx is no format"),
        (["--out", "x.csv", "--json"], "--json and .csv are two formats"),
        (["--jsonl", "--csv"], "choose one"),
        (["--encoding", "utf-8-sig"], "add --csv"),
        (["--csv", "--encoding", "latin-1"], "utf-8-sig"),
    ],
)
def test_another_format_is_refused_and_nothing_is_written(verb, options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run([verb, str(SAMPLES / "cat.jpg"), *options]) == 2
    found = capsys.readouterr()
    assert message in found.err
    assert found.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_ending_says_the_form(tmp_path, capsys):
    call = ["caption", str(SAMPLES / "cat.jpg"), "--beam", "1", "--out"]
    for name in ("x.json", "x.jsonl", "x.csv", "x.txt", "x"):
        assert run([*call, str(tmp_path / name)]) == 0
    (entry,) = json.loads((tmp_path / "x.json").read_text())
    assert json.loads((tmp_path / "x.jsonl").read_text()) == entry
    (row,) = csv.DictReader((tmp_path / "x.csv").read_text().splitlines())
    assert row["caption"] == entry["captions"][0]["text"]
    assert (tmp_path / "x.txt").read_text() == (tmp_path / "x").read_text()


def test_excel_is_told_the_encoding(tmp_path):
    out = tmp_path / "x.csv"
    assert run(["caption", str(SAMPLES / "cat.jpg"), "--beam", "1", "--encoding", "utf-8-sig", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbfpath,caption,")


def test_a_long_ending_is_part_of_the_name():
    assert (
        form_of(as_json=False, as_jsonl=False, as_csv=False, out=Path("of.yesterday"), encoding=Encoding.utf8) == "text"
    )
