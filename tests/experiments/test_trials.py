"""The search with Optuna: counted over calls, bad trials cut short, killed ones tried again."""

import json
import subprocess
import sys

import pytest

from seesay.cli import run
from seesay.errors import TrainingError, UsageError
from seesay.experiments import measure as measure_module
from seesay.experiments import trials as module
from seesay.experiments.search_space import read_plan
from seesay.experiments.trials import UNTRIED, search
from seesay.training.progress import Progress

SPACE = ["decoder.dropout=0.0..0.9", "decoder.cell=lstm,gru"]


@pytest.fixture
def data(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    # METEOR would convert its word lists into that cache first.
    monkeypatch.setattr(measure_module, "possible_metrics", lambda items: (["bleu", "rouge", "cider"], []))
    return f"flickr8k:{tiny_flickr8k}"


@pytest.fixture
def trained(monkeypatch):
    """In place of training: three epochs, the better the nearer the dropout is to 0.3."""
    points = []

    def train_once(plan, point, seed, data, folder, callbacks):
        points.append((dict(point), seed))
        progress = Progress()
        for epoch in range(3):
            progress.history.append({"epoch": float(epoch), "dev CIDEr-D": value(point)})
            for callback in callbacks:
                callback.on_epoch(progress)

    def measure(folder, dataset, search, callbacks):
        return {"CIDEr-D": value(points[-1][0]) + search.get("training.beam", 0), "loss": 1.0}

    monkeypatch.setattr(module, "train_once", train_once)
    monkeypatch.setattr(module, "measure", measure)
    return points


def value(point):
    return 1.0 - abs(point["decoder.dropout"] - 0.3)


def test_calls_add_up_and_the_best_is_found(data, tmp_path, trained):
    plan = read_plan("merge", SPACE, 1)
    first = search(plan, 4, data, tmp_path / "out").trials
    assert len(first) == len(trained) == 4
    assert [t.value for t in first] == pytest.approx([value(t.point) for t in first])
    again = search(plan, 4, data, tmp_path / "out").trials
    assert again == first
    assert len(trained) == 4
    more = search(plan, 25, data, tmp_path / "out").trials
    assert more[:4] == first
    assert [t.number for t in more] == list(range(1, 26))
    assert len({t.point["decoder.dropout"] for t in more}) > 20  # a second call draws anew
    assert {t.state for t in more} == {"complete", "pruned"}
    assert all(t.state == "complete" for t in more[:UNTRIED])
    best = max(t.value for t in more if t.state == "complete")
    assert best > 0.95
    pruned = [t for t in more if t.state == "pruned"]
    assert max(t.value for t in pruned) < best


def test_seeds_and_search_settings(data, tmp_path, trained):
    plan = read_plan("merge", ["decoder.dropout=0.1..0.2", "training.beam=1,2"], 2)
    found = search(plan, 3, data, tmp_path / "out").trials
    assert [seed for _, seed in trained] == [1, 2] * 3
    assert all("training.beam" not in point for point, _ in trained)
    assert [t.value for t in found] == pytest.approx([value(t.point) + t.point["training.beam"] for t in found])


def test_a_killed_trial_is_tried_again_and_a_failed_one_is_counted(data, tmp_path, trained, monkeypatch):
    plan = read_plan("merge", SPACE, 1)
    working = module.train_once

    class Kill(BaseException):
        pass

    def kill(plan, point, *rest):
        trained.append((dict(point), 0))
        raise Kill

    monkeypatch.setattr(module, "train_once", kill)
    with pytest.raises(Kill):
        search(plan, 2, data, tmp_path / "out")
    monkeypatch.setattr(module, "train_once", working)
    found = search(plan, 1, data, tmp_path / "out").trials
    assert trained[0][0] == trained[1][0] == found[0].point

    def fail(*_):
        raise TrainingError("loss nan is not finite")

    monkeypatch.setattr(module, "train_once", fail)
    found = search(plan, 3, data, tmp_path / "out").trials
    assert [t.state for t in found] == ["complete", "failed", "failed"]
    assert found[1].error == "loss nan is not finite"


def test_a_search_over_something_else_is_refused(data, tmp_path, trained):
    search(read_plan("merge", SPACE, 1), 1, data, tmp_path / "out")
    with pytest.raises(UsageError, match="a search over other settings"):
        search(read_plan("merge", ["decoder.dropout=0.0..0.5"], 1), 1, data, tmp_path / "out")
    with pytest.raises(UsageError, match="--trials 0"):
        search(read_plan("merge", SPACE, 1), 0, data, tmp_path / "out")


def test_the_command_trains_and_shows(data, tmp_path, capsys):
    small = [
        "encoder.name=test_efficientnet",
        "encoder.weights=random",
        "encoder.size=64",
        "decoder.embedding=16",
        "text.min_count=1",
        "training.epochs=1",
        "training.precision=float32",
    ]
    call = ["sweep", "merge", *small, "decoder.hidden=8..32", "training.beam=1,3", "--trials", "2", "--data", data]
    assert run([*call, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.count("complete") == 2
    for name in ("index.html", "trials.png", "runs.csv", "trials.db"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    assert "<h2>Trials</h2>" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_without_optuna_one_line_says_what_to_install(tmp_path):
    block = (
        "import sys\nsys.modules['optuna'] = None\nfrom seesay.cli import run\n"
        f"sys.exit(run(['sweep', 'merge', 'decoder.cell=lstm,gru', '--trials', '2', '--data', 'csv:x', "
        f"'--out', {json.dumps(str(tmp_path))}]))"
    )
    found = subprocess.run([sys.executable, "-c", block], check=False, capture_output=True, text=True)
    assert found.returncode == 6
    assert found.stderr == "seesay: --trials needs optuna: pip install 'seesay[sweep]'\n"
