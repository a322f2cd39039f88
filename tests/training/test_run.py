"""Whole runs on a tiny data set: resume after a kill, several processes, wrong use."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from seesay.artifact import read_artifact
from seesay.data import read_dataset
from seesay.errors import DataError, TrainingError, UsageError
from seesay.training import load_config, train
from seesay.training.callbacks import Callback
from seesay.training.checkpoints import read_checkpoint
from seesay.training.run import blend
from seesay.training.tasks import CaptionTask

SMALL = [
    "encoder.name=tf_efficientnet_lite0",
    "encoder.weights=random",
    "encoder.size=64",
    "decoder.hidden=16",
    "decoder.heads=2",
    "decoder.feed_forward=16",
    "text.min_count=1",
    "training.batch_size=3",
    "training.warmup_steps=2",
    "training.checkpoint_minutes=0",
    "training.precision=float32",
]
# Every phase once: frozen, joint, self-critical with the CNN, self-critical.
PHASES = [
    "training.epochs=4",
    "finetune.from_epoch=1",
    "finetune.until_epoch=3",
    "finetune.layers=1",
    "self_critical.from_epoch=2",
    "self_critical.samples=2",
    "self_critical.max_length=6",
    "self_critical.blend=0.5",
]
KILLS = int(os.environ.get("SEESAY_KILLS", "3"))


def command(data: Path, out: Path, cache: Path, *overrides: str) -> tuple[list[str], dict[str, str]]:
    call = [sys.executable, "-m", "seesay", "train", "default", *SMALL, *overrides, "--data", f"flickr8k:{data}"]
    return [*call, "--out", str(out)], {**os.environ, "SEESAY_CACHE": str(cache), "OMP_NUM_THREADS": "1"}


def weights(out: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(out / "last.safetensors")[0]


@pytest.mark.timeout(3600)
def test_killed_and_resumed_runs_reach_the_same_weights_bit_for_bit(tiny_flickr8k, tmp_path):
    call, environment = command(tiny_flickr8k, tmp_path / "whole", tmp_path / "cache-a", *PHASES)
    begun = time.monotonic()
    with subprocess.Popen(call, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for_training(process)
        started = time.monotonic()
        process.communicate()
    assert process.returncode == 0
    starting, working = started - begun, time.monotonic() - started
    chance = random.Random(7)
    moments: list[str] = []  # where each kill struck
    while len(moments) < KILLS:
        # A run that gets through is checked, and killing begins anew.
        out, cache = tmp_path / f"broken-{len(moments)}", tmp_path / f"cache-{len(moments)}"
        call, environment = command(tiny_flickr8k, out, cache, *PHASES)
        through = False
        while not through:
            with subprocess.Popen([*call, "--resume"], env=environment, stderr=subprocess.PIPE, text=True) as process:
                try:
                    if len(moments) == KILLS:
                        process.communicate()
                    elif chance.random() < 0.2:  # while it starts, encodes or reads its checkpoint
                        process.communicate(timeout=chance.uniform(0.5, 1.0) * starting)
                    else:
                        wait_for_training(process)
                        process.communicate(timeout=chance.uniform(0.0, 0.6) * working)
                    through = True
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
                    moments.append(where(out))
            assert not through or process.returncode == 0
        whole, broken = weights(tmp_path / "whole"), weights(out)
        assert whole.keys() == broken.keys()
        assert [name for name in whole if not torch.equal(whole[name], broken[name])] == []
        table = [(folder / "metrics.csv").read_text().splitlines() for folder in (tmp_path / "whole", out)]
        assert len(table[0]) == len(table[1]) == 5
    print(f"{len(moments)} kills: {', '.join(moments)}")


def wait_for_training(process: subprocess.Popen) -> None:
    """Until the run has said what it is about to train."""
    assert any("train and" in line for line in process.stderr)


def where(out: Path) -> str:
    """How far a run had come, by its last checkpoint."""
    if not (out / "last.safetensors").exists():
        return "before any step"
    progress = read_checkpoint(out / "last.safetensors")[1]
    return f"epoch {progress['epoch']} step {progress['step']}"


def test_pictures_that_do_not_open_are_passed_over(tiny_flickr8k, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    photos = tiny_flickr8k / "Flicker8k_Dataset"
    (photos / "red_circle.jpg").write_bytes((photos / "red_circle.jpg").read_bytes()[:400])
    for name, first_joint in (("frozen", "null"), ("joint", "0")):
        with caplog.at_level("INFO", logger="seesay.training"):
            settings = [*small_merge(), "training.epochs=1", f"finetune.from_epoch={first_joint}"]
            train("merge", settings, f"flickr8k:{tiny_flickr8k}", tmp_path / name)
        assert "7 train and 2 dev photos; faults in the data passed over: 1 " in caplog.text
        caplog.clear()
    for name in ("yellow_bar.jpg", "yellow_square.jpg", "yellow_circle.jpg", "blue_bar.jpg"):
        (photos / name).write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"nothing usable is left of 'dev'.*does not open"):
        train("merge", [*small_merge(), "training.epochs=1"], f"flickr8k:{tiny_flickr8k}", tmp_path / "none")


def test_callbacks_hear_of_steps_epochs_and_the_work_between(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    heard = []

    class Ear(Callback):
        def on_step(self, progress, steps):
            heard.append(("step", progress.step, steps))

        def on_epoch(self, progress):
            heard.append(("epoch", progress.epoch))

        def on_end(self, progress):
            heard.append(("end", progress.epoch))

        def on_progress(self, done, total, what=None):
            heard.append((what, done, total))

    settings = [*small_merge(), "training.epochs=1"]
    train("merge", settings, f"flickr8k:{tiny_flickr8k}", tmp_path / "run", callbacks=[Ear()])
    steps = [("step", 1, 3), ("step", 2, 3), ("step", 3, 3)]
    assert heard == [("encoding pictures", 10, 10), *steps, ("captioning dev", 2, 2), ("epoch", 1), ("end", 1)]


def test_resuming_at_every_border_changes_nothing(tiny_flickr8k, tmp_path, monkeypatch):
    """Stops in process after each epoch, so that every border between phases is crossed by a resumed run."""
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    data = f"flickr8k:{tiny_flickr8k}"

    class Stop(Exception):
        pass

    class StopAfter(Callback):
        def on_epoch(self, progress):
            raise Stop

    train("default", [*SMALL, *PHASES], data, tmp_path / "whole")
    for _ in range(4):
        with pytest.raises(Stop):
            train("default", [*SMALL, *PHASES], data, tmp_path / "broken", resume=True, callbacks=[StopAfter()])
    train("default", [*SMALL, *PHASES], data, tmp_path / "broken", resume=True)
    whole, broken = weights(tmp_path / "whole"), weights(tmp_path / "broken")
    assert [name for name in whole if not torch.equal(whole[name], broken[name])] == []


@pytest.mark.timeout(900)
def test_two_processes_reach_the_weights_of_one(tiny_flickr8k, tmp_path):
    settings = [
        "training.epochs=2",
        "finetune.from_epoch=1",
        "finetune.augment=false",
        "finetune.layers=1",
        "decoder.dropout=0",
        "self_critical.from_epoch=null",
    ]
    call, environment = command(tiny_flickr8k, tmp_path / "one", tmp_path / "cache-a", *settings)
    subprocess.run(call, env=environment, check=True, capture_output=True)
    call, environment = command(tiny_flickr8k, tmp_path / "two", tmp_path / "cache-b", *settings)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *call[1:]]
    subprocess.run(torchrun, env=environment, check=True, capture_output=True)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name in one:
        if name.startswith(("model.", "average.")) and one[name].is_floating_point():
            torch.testing.assert_close(two[name], one[name], atol=1e-4, rtol=0, msg=name)


def test_every_phase_runs_in_bfloat16(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    settings = [*SMALL, *PHASES, "training.precision=bf16"]
    out = train("default", settings, f"flickr8k:{tiny_flickr8k}", tmp_path / "run")
    with (out / "metrics.csv").open(newline="", encoding="utf-8") as handle:
        rows = [{name: float(value or 0) for name, value in row.items()} for row in csv.DictReader(handle)]
    assert len(rows) == 4
    photos = len(read_dataset(f"flickr8k:{tiny_flickr8k}").split("train"))
    learned = [row["captions_per_second"] * row["seconds"] for row in rows]
    assert learned == pytest.approx([5 * photos, 5 * photos, 2 * photos, 2 * photos])  # people's, then samples


def test_a_run_leaves_figures_curves_and_an_artifact(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    out = train("merge", [*small_merge(), "training.epochs=2"], f"flickr8k:{tiny_flickr8k}", tmp_path / "run")
    for name in ("seesay.json", "weights.safetensors", "metrics.csv", "curves.png", "config.json"):
        assert (out / name).stat().st_size > 0, name
    assert list((out / "events").iterdir())
    with (out / "metrics.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert all(float(row["dev loss"]) > 0 and float(row["seconds"]) > 0 for row in rows)
    recorded = read_artifact(out).manifest
    assert any(recorded.scores["dev"]["loss"] == float(row["dev loss"]) for row in rows)
    assert recorded.training["data"]["sha256"]["train"] != recorded.training["data"]["sha256"]["dev"]


@pytest.mark.parametrize(("cut", "says"), [(30, 9), (7, 7)])
def test_the_longest_caption_sets_the_length(cut, says, tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    data = read_dataset(f"flickr8k:{tiny_flickr8k}")
    table = tmp_path / "data.jsonl"
    with table.open("w") as file:
        for sample in data.samples:
            # Longer outside train than anywhere in it.
            words = [*"abcdefghi"] if sample.split == "train" else ["z"] * 12
            captions = [" ".join(words), "short"]
            print(json.dumps({"image": str(sample.media), "captions": captions, "split": sample.split}), file=file)
    chosen = ["training.max_length=null", f"text.max_length={cut}", "training.epochs=1"]
    out = train("merge", [*small_merge(), *chosen], f"jsonl:{table}", tmp_path / "run")
    assert read_artifact(out).manifest.search["max_length"] == says
    train("merge", [*small_merge(), *chosen], f"jsonl:{table}", tmp_path / "run", resume=True)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_weights_kept_are_those_asked_for(keep, tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    figures = iter([0.2, 0.9, 0.1])
    monkeypatch.setattr(
        CaptionTask, "validate", lambda *args, **more: {"CIDEr-D": next(figures), "loss": 1.0, "distinct": 1.0}
    )
    settings = [*small_merge(), "training.epochs=3", f"training.keep={keep}"]
    out = train("merge", settings, f"flickr8k:{tiny_flickr8k}", tmp_path / "run")
    kept, at = read_checkpoint(out / "best.safetensors")
    last = read_checkpoint(out / "last.safetensors")[0]
    assert at["epoch"] == {"best": 1, "last": 2}[keep]
    averaged = {name.removeprefix("average."): value for name, value in last.items() if name.startswith("average.")}
    assert averaged
    assert (keep == "last") == all(torch.equal(kept[name], value) for name, value in averaged.items())


def test_a_folder_with_a_run_is_not_overwritten(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    data = f"flickr8k:{tiny_flickr8k}"
    train("merge", [*small_merge(), "training.epochs=1"], data, tmp_path / "run")
    before = (tmp_path / "run" / "last.safetensors").read_bytes()
    with pytest.raises(UsageError, match="--resume"):
        train("merge", [*small_merge(), "training.epochs=1"], data, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"training\.lr"):
        train("merge", [*small_merge(), "training.epochs=1", "training.lr=0.5"], data, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "last.safetensors").read_bytes() == before


def test_a_loss_that_is_not_finite_stops_with_the_last_checkpoint_kept(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))

    class Poison(Callback):
        """Breaks the weights after the first epoch, as a too large step would."""

        def on_epoch(self, progress):
            with torch.no_grad():
                self.model.decoder.project.weight.fill_(float("nan"))

    poison = Poison()
    build = __import__("seesay.models.captioner", fromlist=["CaptionModel"]).CaptionModel.build

    def keep(*arguments, **options):
        poison.model = build(*arguments, **options)
        return poison.model

    monkeypatch.setattr("seesay.training.run.CaptionModel.build", keep)
    with pytest.raises(TrainingError, match=r"not finite in epoch 1.*last\.safetensors"):
        train(
            "merge",
            [*small_merge(), "training.epochs=2"],
            f"flickr8k:{tiny_flickr8k}",
            tmp_path / "run",
            callbacks=[poison],
        )
    tensors, progress = read_checkpoint(tmp_path / "run" / "last.safetensors")
    assert progress["epoch"] == 1
    assert all(torch.isfinite(t).all() for t in tensors.values() if t.is_floating_point())


def test_a_loss_that_is_not_finite_at_once_names_no_file_that_is_not_there(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("seesay.training.objectives.token_losses", lambda logits, *_: logits.sum(1) * float("nan"))
    out = tmp_path / "run"
    with pytest.raises(TrainingError, match=r"not finite in epoch 0, step 0") as raised:
        train("merge", small_merge(), f"flickr8k:{tiny_flickr8k}", out)
    assert ".safetensors" not in str(raised.value)
    assert not (out / "last.safetensors").exists()


def test_a_truncated_checkpoint_is_named(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    data = f"flickr8k:{tiny_flickr8k}"
    train("merge", [*small_merge(), "training.epochs=1"], data, tmp_path / "run")
    file = tmp_path / "run" / "last.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(TrainingError, match=r"last\.safetensors: not a checkpoint"):
        train("merge", [*small_merge(), "training.epochs=1"], data, tmp_path / "run", resume=True)


def small_merge() -> list[str]:
    kept = [o for o in SMALL if not o.startswith("decoder.")]
    return [*kept, "decoder.hidden=16", "decoder.embedding=16"]


def test_blending_takes_the_share_of_the_others():
    ours, theirs = (
        {"w": torch.tensor([1.0, 4.0]), "n": torch.tensor(3)},
        {"w": torch.tensor([2.0, 0.0]), "n": torch.tensor(9)},
    )
    mixed = blend(ours, theirs, 0.25)
    assert mixed["w"].tolist() == [1.25, 3.0]
    assert mixed["n"] == 3


def test_the_small_settings_are_settings():
    assert load_config("default", [*SMALL, *PHASES]).finetune.layers == 1


def test_a_student_of_a_run_that_starts_from_it_and_reads_its_own_words_resumes(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    data = f"flickr8k:{tiny_flickr8k}"
    train("merge", [*small_merge(), "training.epochs=1"], data, tmp_path / "teacher")
    settings = [
        *small_merge(),
        "training.epochs=3",
        "finetune.from_epoch=2",
        "training.scheduled_sampling=0.5",
        f"training.start_from={tmp_path / 'teacher'}",
        f"distillation.teachers=[{tmp_path / 'teacher'}]",
    ]

    class Stop(Exception):
        pass

    class StopAfter(Callback):
        def on_epoch(self, progress):
            raise Stop

    train("merge", settings, data, tmp_path / "whole")
    for _ in range(2):
        with pytest.raises(Stop):
            train("merge", settings, data, tmp_path / "broken", resume=True, callbacks=[StopAfter()])
    train("merge", settings, data, tmp_path / "broken", resume=True)
    whole, broken = weights(tmp_path / "whole"), weights(tmp_path / "broken")
    assert [name for name in whole if not torch.equal(whole[name], broken[name])] == []


def test_batch_norm_learns_where_it_is_told_to(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    for learns in (False, True):
        settings = [*small_merge(), "training.epochs=1", "finetune.from_epoch=0", f"finetune.batch_norm={learns}"]
        out = train("merge", settings, f"flickr8k:{tiny_flickr8k}", tmp_path / f"run-{learns}")
        mean = weights(out)["model.encoder.backbone.bn1.running_mean"]
        assert bool(mean.any()) == learns


def test_a_table_without_splits_is_trained_on(tiny_flickr8k, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    for file in tiny_flickr8k.glob("*Images.txt"):
        file.unlink()
    out = train("merge", [*small_merge(), "training.epochs=1"], f"flickr8k:{tiny_flickr8k}", tmp_path / "run")
    assert (out / "seesay.json").is_file()
    assert "names no splits: drawn by hash, the same at every reading (8 train, 2 dev, 2 test)" in caplog.text


def test_a_dev_part_of_one_photo_is_refused_before_the_work(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    for file in tiny_flickr8k.glob("*Images.txt"):
        file.unlink()
    with pytest.raises(UsageError, match="dev has one picture; two or more are needed"):
        train("merge", small_merge(), f"flickr8k:{tiny_flickr8k},dev=0.05", tmp_path / "run")


def test_a_loss_that_breaks_before_anything_was_saved(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    settings = [*small_merge(), "training.lr=1e25", "training.batch_size=1", "training.warmup_steps=0"]
    settings.append("training.checkpoint_minutes=60")
    with pytest.raises(TrainingError, match=r"not finite in epoch 0.*nothing was saved before"):
        train("merge", settings, f"flickr8k:{tiny_flickr8k}", tmp_path / "run")
    assert not (tmp_path / "run" / "last.safetensors").exists()
