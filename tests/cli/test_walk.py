"""What a newcomer tripped over, on the way from own photos to a model of their own."""

import shutil
from pathlib import Path

import seesay
from seesay.cli import run

SAMPLES = Path(__file__).parents[2] / "samples"


def test_a_run_named_as_a_photo_is_refused_with_the_option_that_takes_it(tmp_path, capsys):
    (tmp_path / "seesay.json").write_text("{}")
    shutil.copy(SAMPLES / "cat.jpg", tmp_path / "curves.jpg")
    assert run(["caption", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert f"{tmp_path} is a model, not photos or clips; to use it: --model {tmp_path}" in said.err
    assert "curves" not in said.out


def test_a_photo_whose_name_begins_like_an_option_is_pointed_out(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLES / "cat.jpg", "-Abc.jpg")
    assert run(["caption", "-Abc.jpg"]) == 2
    assert "For the file of that name: ./-Abc.jpg" in capsys.readouterr().err


def test_described_captions_show_their_photo_in_a_notebook():
    [photo] = seesay.describe([str(SAMPLES / "cat.jpg")], beam=1)
    assert photo.result[0].source == str(SAMPLES / "cat.jpg")
    assert "data:image/jpeg;base64" in photo.result[0]._repr_html_()
