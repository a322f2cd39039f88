"""Sweeps and searches over recognition recipes: measured by accuracy, kept, resumed, failures listed."""

import csv
import json
import statistics

import pytest
from activities import CLASSES, SMALL, draw_activities
from results import compare

from seesay.cli import run
from seesay.data import read_dataset
from seesay.errors import TrainingError
from seesay.experiments import sweep as module

RECIPE = ["sweep", "lrcn_activity", *SMALL, "classifier.hidden=8", "training.epochs=1"]


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    return f"tiny_activities:{draw_activities(tmp_path / 'clips')}"


def test_runs_are_made_once_and_measured_by_accuracy(data, tmp_path, monkeypatch, capsys):
    out = tmp_path / "sweep"
    call = [*RECIPE, "classifier.cell=lstm,gru", "--seeds", "2", "--data", data, "--out", str(out)]
    original = module.train

    def train(recipe, overrides, data, folder, **options):
        if folder.match("*gru/seed2"):
            raise TrainingError("loss nan is not finite")
        return original(recipe, overrides, data, folder, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module, "train", train)
        assert run(call) == 5
    assert "failed: " in capsys.readouterr().err
    assert "loss nan is not finite" in (out / "index.html").read_text("utf-8")
    trained = []
    with monkeypatch.context() as patch:
        patch.setattr(module, "train", lambda *a, **o: trained.append(a[3].parts[-2:]) or original(*a, **o))
        assert run(call) == 0
    assert trained == [("classifier.cell=gru", "seed2")]
    table = capsys.readouterr().out
    assert "top-1" in table
    assert "CIDEr" not in table
    each = [json.loads(f.read_text()) for f in sorted(out.glob("classifier.cell=gru/seed*/dev/scores.json"))]
    with (out / "summary.csv").open(newline="", encoding="utf-8") as handle:
        rows = {row["classifier.cell"]: row for row in csv.DictReader(handle)}
    for key, name in (("top-1", "top-1 accuracy"), ("per class", "accuracy, mean over classes"), ("loss", "loss")):
        values = [scores[key] for scores in each]
        assert float(rows["gru"][f"{name} mean"]) == pytest.approx(statistics.mean(values))
        assert float(rows["gru"][f"{name} sd"]) == pytest.approx(statistics.stdev(values))
    assert f"class {CLASSES[0]} mean" in rows["gru"]
    assert float(rows["gru"]["training_seconds mean"]) > 0
    text = (out / "sweep.md").read_text("utf-8")
    assert "Top-1: share of clips" in text
    assert "loss, nats per clip" in text
    assert "perplexity" not in text
    assert (out / "against-classifier.cell.png").stat().st_size > 1000
    # Measured as training measured the weights that it kept.
    run_folder = out / "classifier.cell=lstm" / "seed1"
    recorded = json.loads((run_folder / "seesay.json").read_text())["scores"]["dev"]
    kept = json.loads((run_folder / "dev" / "scores.json").read_text())
    for key in ("top-1", "top-5", "per class", "loss"):
        assert kept[key] == pytest.approx(recorded[key], abs=1e-5)
    # A run's folder on dev is an evaluation.
    found = compare([str(run_folder), str(out / "classifier.cell=gru" / "seed1" / "dev")], tmp_path / "c", data)
    values = {m.key: m.values for m in found.measures}
    assert values["top-1"][0] == pytest.approx(kept["top-1"])
    assert values["loss"][0] == pytest.approx(kept["loss"], abs=0.02)  # encoded anew; training kept float16
    outputs = json.loads((run_folder / "dev" / "predictions.json").read_text())
    assert {row["id"] for row in outputs} == {s.id for s in read_dataset(data).split("dev")}


def test_trials_maximize_accuracy(data, tmp_path, capsys):
    out = tmp_path / "tuned"
    call = [*RECIPE, "classifier.dropout=0.0..0.8", "classifier.cell=lstm,gru", "--trials", "2", "--data", data]
    assert run([*call, "--out", str(out)]) == 0, capsys.readouterr().err
    printed = capsys.readouterr().out
    assert printed.count("complete") == 2
    assert "top-1 on dev" in printed
    kept = [100 * json.loads(f.read_text())["top-1"] for f in out.glob("*/seed1/dev/scores.json")]
    shown = [float(line.split()[-1]) for line in printed.splitlines() if "complete" in line]
    assert sorted(shown, reverse=True) == shown
    assert sorted(shown) == pytest.approx(sorted(kept))
    assert (out / "trials.png").stat().st_size > 1000


def test_wrong_use_is_one_line(data, tmp_path, capsys):
    cases = [
        (["training.beam=1,2"], 2, "training.beam: changes how captions are looked for, and lrcn_activity learns"),
        (["classifier.cel=lstm,gru"], 2, "Did you mean 'cell'"),
        (["classifier.cell=lstm,gruu"], 2, "classifier"),
        (["decoder.cell=lstm,gru"], 2, "decoder"),
    ]
    for arguments, code, message in cases:
        assert run([*RECIPE, *arguments, "--data", data, "--out", str(tmp_path / "x")]) == code, arguments
        told = capsys.readouterr().err
        assert message in told
        assert told.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_a_family_is_swept_with_its_settings(data, tmp_path):
    call = ["sweep", "lrcn_activity", *SMALL, "training.epochs=1", "classifier.dropout=0.1"]
    call += ["classifier.name=frame_average,recurrent", "--seeds", "1", "--data", data, "--out", str(tmp_path / "f")]
    assert run(call) == 0
    runs = sorted(tmp_path.glob("f/*/seed1/config.json"))
    assert [json.loads(f.read_text())["classifier"]["dropout"] for f in runs] == [0.1, 0.1]
