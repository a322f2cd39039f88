"""Whole sweeps on a tiny data set: nothing is trained twice, nothing stops the rest, search trains nothing."""

import csv
import statistics

import pytest
from results import compare

from seesay.cli import run
from seesay.errors import TrainingError, UsageError
from seesay.evaluation import caption_evaluator
from seesay.experiments import measure as measure_module
from seesay.experiments import sweep as module
from seesay.experiments.search_space import read_plan
from seesay.experiments.sweep import sweep
from seesay.files import alone
from seesay.report import write
from seesay.training import train
from seesay.training.callbacks import Callback

SMALL = [
    "encoder.name=test_efficientnet",
    "encoder.weights=random",
    "encoder.size=64",
    "decoder.hidden=16",
    "decoder.embedding=16",
    "text.min_count=1",
    "training.epochs=1",
    "training.batch_size=4",
    "training.warmup_steps=0",
    "training.precision=float32",
]


@pytest.fixture
def data(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    # METEOR would convert its word lists into that cache first.
    monkeypatch.setattr(measure_module, "possible_metrics", lambda items: (["bleu", "rouge", "cider"], []))
    return f"flickr8k:{tiny_flickr8k}"


@pytest.fixture
def trained(monkeypatch):
    """The folders that were trained."""
    folders = []
    original = module.train

    def train(recipe, overrides, data, out, **options):
        folders.append(f"{out.parent.name}/{out.name}")
        return original(recipe, overrides, data, out, **options)

    monkeypatch.setattr(module, "train", train)
    return folders


def test_runs_are_made_once_and_search_trains_nothing(data, tmp_path, trained, monkeypatch):
    out = tmp_path / "sweep"
    cells = read_plan("merge", [*SMALL, "decoder.cell=lstm,gru"], 1)
    first = sweep(cells, data, out)
    assert trained == ["decoder.cell=lstm/seed1", "decoder.cell=gru/seed1"]
    assert [o.point for o in first.outcomes] == [{"decoder.cell": "lstm"}, {"decoder.cell": "gru"}]
    for name in ("seesay.json", "metrics.csv", "dev/predictions.json", "dev/scores.json"):
        assert (out / "decoder.cell=gru" / "seed1" / name).stat().st_size > 0
    trained.clear()
    assert sweep(cells, data, out) == first
    assert trained == []
    # Other beams decode the same weights; a second seed is all that is trained.
    wider = read_plan("merge", [*SMALL, "decoder.cell=lstm,gru", "training.beam=1,4"], 2)
    found = sweep(wider, data, out)
    assert trained == ["decoder.cell=lstm/seed2", "decoder.cell=gru/seed2"]
    assert len(found.outcomes) == 8
    assert len({id(o.scores) for o in found.outcomes}) == 8
    assert (out / "decoder.cell=lstm" / "seed1" / "dev,training.beam=4" / "predictions.json").is_file()
    write(found, out)
    rows = found.rows
    assert [(row.point["decoder.cell"], row.point["training.beam"], row.seeds) for row in rows] == [
        ("lstm", 1, 2),
        ("lstm", 4, 2),
        ("gru", 1, 2),
        ("gru", 4, 2),
    ]
    losses = [o.scores["loss"] for o in found.outcomes if o.point == {"decoder.cell": "gru", "training.beam": 1}]
    row = rows[2]
    assert row.mean["loss"] == pytest.approx(statistics.mean(losses))
    assert row.spread["loss"] == pytest.approx(statistics.stdev(losses))
    assert row.mean["loss"] == rows[3].mean["loss"]  # the beam does not change what is likely
    assert {"CIDEr-D", "perplexity", "vocabulary", "parameters", "training_seconds"} <= row.mean.keys()
    for name in ("index.html", "sweep.md", "against-decoder.cell.png", "against-training.beam.png"):
        assert (out / name).stat().st_size > 1000 or name == "sweep.md"
    with (out / "runs.csv").open(newline="", encoding="utf-8") as handle:
        table = list(csv.DictReader(handle))
    assert [r["seed"] for r in table].count("2") == 4
    # A run and its evaluation on dev can be compared.
    monkeypatch.setattr(caption_evaluator, "possible_metrics", lambda items: (["bleu", "rouge", "cider"], []))
    runs = [str(out / "decoder.cell=lstm" / "seed1"), str(out / "decoder.cell=gru" / "seed1" / "dev")]
    assert compare(runs, tmp_path / "compared", data).count == 2


def test_a_failed_run_stops_nothing_and_is_tried_again(data, tmp_path, monkeypatch, capsys):
    original = module.train

    def train(recipe, overrides, data, out, **options):
        if 'decoder.cell="gru"' in overrides:
            raise TrainingError("loss nan is not finite")
        if 'decoder.combine="concat"' in overrides:
            raise RuntimeError("a crash\nof two lines")
        return original(recipe, overrides, data, out, **options)

    out = tmp_path / "sweep"
    call = ["sweep", "merge", *SMALL, "decoder.cell=gru,lstm", "decoder.combine=concat,add", "--seeds", "1"]
    with monkeypatch.context() as patch:
        patch.setattr(module, "train", train)
        assert run([*call, "--data", data, "--out", str(out)]) == 5
    told = capsys.readouterr()
    assert told.err.count("failed: ") >= 3
    assert "loss nan is not finite" in told.err
    assert "RuntimeError: a crash of two lines" in told.err
    assert "Traceback" not in told.err
    assert "a crash" in (out / "decoder.cell=lstm,decoder.combine=concat" / "seed1" / "failed.txt").read_text()
    assert "lstm" in told.out
    assert "gru" not in told.out
    assert "a crash of two lines" in (out / "index.html").read_text("utf-8")
    assert run([*call, "--data", data, "--out", str(out)]) == 0
    table, _, differences = capsys.readouterr().out.partition("against")
    assert (table.count("gru"), differences.count("gru")) == (2, 2)
    assert not list(out.rglob("failed.txt"))


def test_a_killed_sweep_goes_on(data, tmp_path, trained):
    class Kill(BaseException):
        pass

    class KillAfter(Callback):
        left = 2

        def on_epoch(self, progress):
            self.left -= 1
            if not self.left:
                raise Kill

    settings = [setting for setting in SMALL if not setting.startswith("training.epochs")]
    plan = read_plan("merge", [*settings, "training.epochs=2", "decoder.cell=lstm,gru"], 1)
    whole = sweep(plan, data, tmp_path / "whole")
    with pytest.raises(Kill):
        sweep(plan, data, tmp_path / "broken", callbacks=[KillAfter()])
    assert not (tmp_path / "broken" / "decoder.cell=lstm" / "seed1" / "seesay.json").exists()
    broken = sweep(plan, data, tmp_path / "broken")
    assert [o.scores for o in broken.outcomes] == [o.scores for o in whole.outcomes]


def test_other_settings_or_data_in_the_same_folder_are_refused(data, tiny_flickr8k, tmp_path, trained):
    out = tmp_path / "sweep"
    sweep(read_plan("merge", SMALL, 1), data, out)
    trained.clear()
    changed = read_plan("merge", [*SMALL, "training.lr=0.5"], 1)
    with pytest.raises(UsageError, match=r"seed1: the run there has other settings \(training\.lr\)"):
        sweep(changed, data, out)
    file = tiny_flickr8k / "Flickr8k.token.txt"
    file.write_text(file.read_text().replace("A red circle .", "Something scarlet ."))
    with pytest.raises(UsageError, match="other photos or captions"):
        sweep(read_plan("merge", SMALL, 1), data, out)
    assert trained == []


def test_a_folder_in_which_another_process_works_is_refused(data, tmp_path, trained):
    out = tmp_path / "sweep"
    out.mkdir()
    with alone(out), pytest.raises(UsageError, match="another process works there"):
        sweep(read_plan("merge", SMALL, 1), data, out)
    (tmp_path / "run").mkdir()
    with alone(tmp_path / "run"), pytest.raises(UsageError, match="another process works there"):
        train("merge", SMALL, data, tmp_path / "run")
    assert not trained
    assert not (tmp_path / "run" / "last.safetensors").exists()


def test_wrong_use_is_one_line_and_trains_nothing(data, tmp_path, capsys, trained):
    (tmp_path / "file").write_text("")
    cases = [
        (["decoder.hiden=1,2"], 2, "Did you mean 'hidden'"),
        (["decoder.cell=lstm,gru", "--seeds", "0"], 2, "--seeds"),
        (["decoder.dropout=0.1..0.5"], 2, "is searched with --trials N"),
        (["--trials", "2"], 2, "needs something to search over"),
        (["--out", str(tmp_path / "file")], 2, "cannot be written"),
        (["--data", "csv:nowhere.csv"], 3, "no such file"),
    ]
    for arguments, code, message in cases:
        given = ["sweep", "merge", "--data", data, "--out", str(tmp_path / "out"), *arguments]
        assert run(given) == code, arguments
        told = capsys.readouterr()
        assert message in told.err
        assert told.err.count("\n") == 1
    assert trained == []
