"""The options of a search on the command line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from seesay.cli import run


def captions(capsys, *arguments):
    assert run(["caption", *map(str, arguments), "--jsonl"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [[caption["text"] for caption in line["captions"]] for line in lines]


def test_sampling_is_seeded(samples, capsys):
    call = [samples[0], "--sample", "--temperature", 0.8, "--top-k", 50, "--top-p", 0.9, "--num", 5]
    first = captions(capsys, *call, "--seed", 1)
    assert len(first[0]) == 5
    assert captions(capsys, *call, "--seed", 1) == first
    assert captions(capsys, *call, "--seed", 2) != first
    # One word to choose from: the same caption five times, and all five are given.
    (same,) = captions(capsys, samples[0], "--sample", "--top-k", 1, "--num", 5)
    assert len(same) == 5
    assert len(set(same)) == 1


def test_groups_begin_apart_and_lengths_are_kept(samples, capsys):
    (found,) = captions(capsys, samples[0], "--beam", 3, "--groups", 3, "--num", 3, "--diversity", 30)
    assert len({text.split()[0] for text in found}) == 3
    (longer,) = captions(capsys, samples[0], "--min-length", 14, "--max-length", 15, "--length-power", 0.5)
    assert 14 <= len(longer[0].split()) <= 15


def test_required_and_forbidden_words(samples, capsys):
    found = captions(capsys, *samples[:2], "--must", "dog", "--must", "red ball", "--must-not", "man")
    for (text,) in found:
        assert "red ball" in text
        assert {"dog"} <= set(text.split())
        assert "man" not in text.split()


def test_what_cannot_be_said_is_reported_and_the_exit_code_tells(samples, capsys):
    call = ["caption", str(samples[0]), "--must", "dog", "--must", "cat", "--must", "man", "--max-length", "2"]
    assert run([*call, "--json"]) == 1
    printed = capsys.readouterr()
    assert f"{samples[0]}: no sentence of up to 2 words holds all that it must" in printed.err
    (entry,) = json.loads(printed.out)
    assert entry["captions"][0]["satisfied"] is False
    assert entry["error"] is None
    assert run([*call, "--csv"]) == 1
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert "must" in row["error"]
    assert row["caption"]


def test_a_forbidden_word_that_the_model_does_not_know_is_noted(samples, capsys):
    assert run(["caption", str(samples[0]), "--must-not", "womann"]) == 0
    assert (
        "--must-not womann: the model does not know it and never says it. Near it: 'woman'" in capsys.readouterr().err
    )


def test_several_models_are_one(samples, capsys):
    two = ["--model", "default"] * 2
    three = captions(capsys, samples[0], *two, "--model", "default")  # equal members say the same, however many
    assert run(["caption", str(samples[0]), *two, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["model"] == "default + default"
    assert [caption["text"] for caption in entry["captions"]] == three[0]


def test_an_ensemble_is_evaluated(tiny_flickr8k, tmp_path, capsys):
    call = ["evaluate", "default", "--data", f"flickr8k:{tiny_flickr8k}", "--split", "test", "--json"]
    call += ["--with", "default"]
    assert run([*call, "--out", str(tmp_path / "one"), "--beam", "2", "--max-length", "6"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert run([*call, "--with", "default", "--out", str(tmp_path / "two"), "--beam", "2", "--max-length", "6"]) == 0
    two = json.loads(capsys.readouterr().out)
    assert (one.pop("model"), two.pop("model")) == ("default + default", "default + default + default")
    assert one == two
    predictions = json.loads((tmp_path / "two" / "predictions.json").read_text("utf-8"))
    assert all(len(p["caption"].split()) <= 6 for p in predictions)


def test_the_page_shows_every_caption_and_what_failed(samples, tmp_path, capsys):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"")
    out = tmp_path / "looked"
    assert run(["caption", str(samples[0]), str(broken), "--num", "3", "--explain", str(out), "--json"]) == 1
    entries = json.loads(capsys.readouterr().out)
    text = (out / "index.html").read_text("utf-8")
    for caption in entries[0]["captions"]:
        spans = [f">{token['token']}</span>" for token in caption["tokens"]]
        assert all(span in text for span in spans)
    assert text.count("<li>") == 2 + 1  # the second and third caption, and the photo that failed
    assert "Not captioned" in text
    assert "broken.jpg: the file is empty" in text


def test_grad_cam_without_pytorch_says_what_to_install(samples, tmp_path):
    code = f"""
import sys, seesay, seesay.runtime.loading as module
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError("torch is blocked")
sys.meta_path.insert(0, Block())
load = module.load_captioner
def blind(*args, **kwargs):
    captioner = load(*args, **kwargs)
    captioner.attends = False
    return captioner
module.load_captioner = blind
from seesay.cli import run
sys.exit(run(["caption", {str(samples[0])!r}, "--explain", {str(tmp_path / "looked")!r}]))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 6
    assert "has no attention, and Grad-CAM in its place needs PyTorch: pip install 'seesay[train]'" in found.stderr
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "looked").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--temperature", "0.5"], "temperature is for sampling"),
        (["--sample", "--groups", "2"], "groups and sample"),
        (["--sample", "--beam", "3"], "beam and sample"),
        (["--sample", "--must", "dog"], "must and sample"),
        (["--beam", "3", "--groups", "2"], "cannot be divided in 2"),
        (["--diversity", "2"], "there is one group"),
        (["--must", "dogg"], "Near it: 'dog'"),
        (["--must", "dog", "--must-not", "dog"], "'dog' is in must and in must_not"),
        (["--min-length", "30"], "min_length"),
    ],
)
def test_wrong_use_is_one_line(arguments, expected, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["caption", "x.jpg", *arguments]) == 2
    printed = capsys.readouterr().err
    assert expected in printed
    assert len(printed.strip().splitlines()) == 1
    assert not list(Path().iterdir())


def test_help_shows_options_in_groups(capsys):
    assert run(["caption", "--help"]) == 0
    text = capsys.readouterr().out
    headings = ["Arguments:", "Options:", "Length:", "Sampling:", "Diverse beams:", "Required and forbidden words:"]
    places = [text.index(f"\n{heading}\n") for heading in headings]
    assert places == sorted(places)
    assert text.index("--beam") < places[2] < text.index("--min-length") < places[3] < text.index("--top-p")
