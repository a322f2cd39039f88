"""A captioner of clips from one's own table to scores: each verb in turn, over clips of colors."""

from __future__ import annotations

import csv
import json

import pytest
from clip_models import clip_captioner, colors

from seesay.artifact import read_artifact
from seesay.cli import run
from seesay.evaluation.captions import most_frequent
from seesay.exporting import load_model
from seesay.files import cache_folder

NAMED = {"red": (250, 20, 20), "green": (20, 250, 20), "blue": (20, 20, 250), "black": (5, 5, 5)}
CLIPS = [("red", "green"), ("green", "red"), ("blue", "black"), ("red", "black"), ("black", "red"), ("green", "blue")]
CLIPS += [("blue", "red"), ("black", "green")]
SMALL = [
    *("encoder=test_efficientnet", "encoder.weights=random", "encoder.size=32"),
    *("decoder.hidden=16", "decoder.heads=2", "decoder.feed_forward=32"),
    *("text.min_count=1", "clip.frames=2", "clip.kept=4"),
    *("training.epochs=2", "training.batch_size=2", "training.warmup_steps=1", "training.precision=float32"),
    *("self_critical.from_epoch=1", "self_critical.samples=2", "self_critical.max_length=5"),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Four clips to learn from, two for dev and two for test, with twelve captions each."""
    root = tmp_path_factory.mktemp("mine")
    with (root / "mine.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["clip", "caption", "split"])
        for (first, then), split in zip(CLIPS, ["train"] * 4 + ["dev", "dev", "test", "test"], strict=True):
            name = f"{first}_{then}.gif"
            colors(root / name, [NAMED[first]] * 2 + [NAMED[then]] * 2)
            rows.writerows([name, f"A {first} picture turns {then} .", split] for _ in range(6))
            rows.writerows([name, "Colors change.", split] for _ in range(6))
    return root / "mine.csv"


@pytest.fixture(scope="module")
def trained(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "clips"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEESAY_CACHE", str(out.parent / "cache"))
        assert run(["train", "clips", *SMALL, "--data", f"csv:{table}", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def exported(trained):
    assert run(["export", str(trained), "--out", str(trained.parent / "model")]) == 0
    return trained.parent / "model"


def test_a_run_leaves_an_artifact_that_says_what_it_reads(trained):
    described = read_artifact(trained).manifest
    assert described.clip is not None
    assert (described.clip["how"], described.clip["frames"], described.grid_size) == ("uniform", 2, (1, 2))
    assert described.training["config"]["clip"] == {"frames": 2, "kept": 4, "positions": False, "flow": False}
    history = list(csv.DictReader((trained / "metrics.csv").read_text("utf-8").splitlines()))
    assert len(history) == 2
    assert all(0 <= float(row["dev CIDEr-D"]) <= 10 for row in history)


def test_evaluation_has_a_constant_sentence_beside(exported, table, tmp_path, capsys):
    call = ["evaluate", str(exported), "--data", f"csv:{table}", "--split", "test", "--out", str(tmp_path / "e")]
    assert run([*call, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clips"] == 2
    assert "photos" not in found
    assert len((tmp_path / "e" / "per_clip.csv").read_text("utf-8").splitlines()) == 3
    assert found["constant"]["caption"] == "colors change"
    assert found["constant"]["scores"]["Bleu_2"] == pytest.approx(1.0)
    page = (tmp_path / "e" / "report.html").read_text("utf-8")
    assert "always “colors change”" in page
    assert "on test, 2 clips" in page
    assert "photo" not in page
    assert page.count("data:image/jpeg;base64,") == 6
    assert run(call) == 0
    printed = capsys.readouterr().out
    assert "constant sentence" in printed.splitlines()[0]
    assert "constant sentence: 'colors change', the most frequent of the training data" in printed


def test_the_most_frequent_sentence_is_counted_as_the_metrics_read_it():
    assert most_frequent(["A dog runs.", "a cat sits", "a dog runs", "A cat sits!", "a  dog , runs"]) == "a dog runs"


def test_runs_are_compared_on_clips(trained, exported, table, tmp_path, capsys):
    call = ["compare", str(trained), str(exported), "--data", f"csv:{table}", "--split", "dev"]
    assert run([*call, "--out", str(tmp_path / "c"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    scores = found["measures"]["CIDEr-D"]
    assert len(set(scores.values())) == 1  # one model, twice
    assert found["measures"]["engine"] == {"clips": "PyTorch", "model": "ONNX Runtime"}
    assert "data:image/jpeg;base64," in (tmp_path / "c" / "index.html").read_text("utf-8")


def test_photos_and_clips_are_not_mixed_up(table, tmp_path, capsys):
    out = str(tmp_path / "x")
    assert run(["train", "default", "--data", f"csv:{table}", "--out", out]) == 2
    assert "holds clips, and default reads photos: take a recipe of clips" in capsys.readouterr().err
    assert run(["train", "clips", "clip.positions=true", "--data", f"csv:{table}", "--out", out]) == 2
    assert "captioners read a vector of each frame" in capsys.readouterr().err


def test_features_of_clips_are_those_that_training_looks_for(trained, table, tmp_path, capsys):
    call = ["features", f"csv:{table}", "--encoder", "test_efficientnet", "--weights", "random", "--size", "32"]
    assert run([*call, "--frames", "4", "--out", str(tmp_path / "features")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["encoded"], found["frames"]) == (8, 8, 4)
    places = (tmp_path / "features", trained.parent / "cache" / "features")
    kept = [json.loads(next(root.glob("*/key.json")).read_text()) for root in places]
    for key in kept:
        del key["weights"]  # random ones
    assert kept[0] == kept[1]
    assert run([*call, "--frames", "4", "--positions", "--out", str(tmp_path / "positions")]) == 0
    key = json.loads(next((tmp_path / "positions").glob("*/key.json")).read_text())
    assert key["clip"] == {"kept": 4, "positions": True}
    capsys.readouterr()
    assert run([*call, "--out", str(tmp_path / "none")]) == 2
    assert "holds clips; say how many frames of each are encoded: --frames 32" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_data_check_opens_clips(table, capsys):
    assert run(["data", "check", f"csv:{table}"]) == 0
    assert "clips: 8 (4 train, 2 dev, 2 test); faults: none" in capsys.readouterr().out


def test_a_sweep_over_clips(table, tmp_path, monkeypatch, capsys):
    # METEOR's data is converted once for all tests.
    (tmp_path / "cache").mkdir()
    cache_folder("meteor").mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "meteor").symlink_to(cache_folder("meteor").resolve())
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    call = ["sweep", "clips", *SMALL, "training.beam=1,2", "--seeds", "1", "--data", f"csv:{table}"]
    call[call.index("training.epochs=2")] = "training.epochs=1"
    del call[call.index("self_critical.from_epoch=1")]
    call.insert(3, "self_critical.from_epoch=null")
    assert run([*call, "--out", str(tmp_path / "sweep")]) == 0, capsys.readouterr().err
    rows = list(csv.DictReader((tmp_path / "sweep" / "summary.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 2


def test_a_clip_captioner_begins_with_a_photo_captioner(table, tmp_path, monkeypatch):
    photos = clip_captioner(tmp_path / "photos", frames=None).root
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    call = ["train", "clips", *SMALL, f"training.start_from={photos}", "training.lr=1e-12", "training.ema=0"]
    call[call.index("self_critical.from_epoch=1")] = "self_critical.from_epoch=null"
    assert run([*call, "--data", f"csv:{table}", "--out", str(tmp_path / "on")]) == 0
    ours, theirs = load_model(tmp_path / "on").state_dict(), load_model(photos).state_dict()
    same = [name for name, value in theirs.items() if value.shape == ours[name].shape]
    assert len(same) >= len(theirs) - 2  # all but the words and their biases
    assert all((ours[name] - theirs[name]).abs().max() < 1e-6 for name in same)
