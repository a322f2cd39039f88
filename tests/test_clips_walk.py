"""docs/clips.md, typed by a newcomer with a folder of clips: from clips to a trained, exported model and a timeline."""

import csv
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="clips need PyAV: pip install 'seesay[video]'")

from clips import encode

import seesay
from seesay.cli import run

PAGE = Path(__file__).parent.parent / "docs" / "clips.md"
QUICKLY = "training.epochs=6 clip.frames=4 clip.kept=4 encoder.size=64 training.batch_size=4 training.warmup_steps=2"


def draw_clip(file: Path, *, upwards: bool, shade: int) -> None:
    """A bright bar that goes up or down."""
    frames = np.full((8, 64, 64, 3), shade, np.uint8)
    for number, frame in enumerate(frames):
        top = 7 * (7 - number if upwards else number)
        frame[top : top + 12] = 240
    file.write_bytes(encode(list(frames), rate=8))


@pytest.fixture
def home(tmp_path, monkeypatch):
    for label in ("going up", "going down"):
        (tmp_path / "clips" / label).mkdir(parents=True)
        for number in range(10):
            file = tmp_path / "clips" / label / f"{number}.mp4"
            draw_clip(file, upwards=label == "going up", shade=8 * number)
    draw_clip(tmp_path / "clip.mp4", upwards=True, shade=40)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_is_true(home, capsys):
    walk = PAGE.read_text("utf-8").split("## From your own folder")[1].split("\n## ")[0]
    shell = next(block for block in re.findall(r"```sh\n(.*?)```", walk, re.DOTALL) if "seesay train" in block)
    lines = [shlex.split(line)[1:] for line in shell.splitlines()]
    assert [words[0] for words in lines] == ["data", "train", "export", "evaluate", "recognize", "recognize"]
    for words in lines:
        # The page's very words; training is made short, and its CNN is the embedded one: no hub in a test.
        extra = [*QUICKLY.split(), "training.start_from=default"] if words[0] == "train" else []
        code = run([*words[:2], *extra, *words[2:]])
        assert code == 0, f"{' '.join(words)}: {capsys.readouterr().err}"
    printed = capsys.readouterr().out
    assert "clip.mp4: going " in printed
    assert "going up" in printed
    with (home / "over-time.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == ["going down", "going up"]
    assert all(sum(map(float, row[1:])) == pytest.approx(1, abs=1e-3) for row in rows[1:])
    assert (home / "over-time.png").is_file() or (home / "over-time.csv.png").is_file()
    python = re.findall(r"```python\n(.*?)```", walk, re.DOTALL)[0]
    exec(compile(python, str(PAGE), "exec"), {"seesay": seesay})
    assert capsys.readouterr().out.splitlines()[0] in ("going up", "going down")
    scores = json.loads(next(home.glob("evaluation-*/scores.json")).read_text("utf-8"))
    assert scores
    assert scores["clips"] == 4
    # Six epochs at a quarter of the size teach little, and not the same on every machine: no worse than chance.
    # That an LSTM tells which way things go is shown by the moving line, below.
    assert scores["top-1"] >= 0.5


def test_flow_and_late_fusion_as_the_page_has_them(home, capsys):
    pytest.importorskip("cv2", reason="optical flow needs OpenCV: pip install 'seesay[flow]'")
    quickly = [*QUICKLY.replace("epochs=6", "epochs=1").split(), "training.start_from=default"]
    assert run(["train", "lrcn_activity", *quickly, "--data", "folders:clips", "--out", "runs/mine"]) == 0
    assert run(["export", "runs/mine", "--out", "mine"]) == 0
    part = PAGE.read_text("utf-8").split("### Optical flow")[1].split("\n## ")[0]
    install, *lines = re.findall(r"```sh\n(.*?)```", part, re.DOTALL)[0].splitlines()
    assert install == 'pip install ".[flow]"'
    for words in (shlex.split(line)[1:] for line in lines):
        extra = quickly if words[0] == "train" else []
        assert run([*words[:2], *extra, *words[2:]]) == 0, f"{' '.join(words)}: {capsys.readouterr().err}"
    shown = [line for line in capsys.readouterr().out.splitlines() if line.startswith("clip.mp4: going ")]
    alone, fused = (dict(re.findall(r"(going \w+) ([\d.]+)%", line)) for line in shown)
    seen = {one.label: 100 * one.probability for one in seesay.load("mine")("clip.mp4")}
    for label, share in fused.items():
        assert float(share) == pytest.approx((float(alone[label]) + seen[label]) / 2, abs=0.11)


def test_compared_and_swept_as_the_page_has_it(home, monkeypatch, capsys):
    monkeypatch.setenv("SEESAY_CACHE", str(home / "cache"))
    part = PAGE.read_text("utf-8").split("## `seesay compare` and")[1]
    sweep, compare = (shlex.split(line)[1:] for line in re.findall(r"```sh\n(.*?)```", part, re.DOTALL)[0].splitlines())
    quickly = QUICKLY.replace("epochs=6", "epochs=1").split()
    sweep[sweep.index("--seeds") + 1] = "1"  # of three
    assert run([*sweep[:2], *quickly, "training.start_from=default", *sweep[2:]]) == 0, capsys.readouterr().err
    assert "gru" in capsys.readouterr().out
    assert run(compare) == 0, capsys.readouterr().err
    assert "top-1 accuracy" in capsys.readouterr().out
    assert "photo" not in (home / "lstm-gru" / "comparison.md").read_text("utf-8")
    assert (home / "lstm-gru" / "clips.csv").is_file()


def test_the_moving_line_is_learned_from_random_weights(tmp_path, monkeypatch, capsys):
    """A frame tells nothing of the way it goes: CNN and LSTM must both learn. With no time, twelve epochs of twenty."""
    monkeypatch.chdir(tmp_path)
    part = PAGE.read_text("utf-8").split("## The moving line")[1].split("\n## ")[0]
    exec(compile(re.findall(r"```python\n(.*?)```", part, re.DOTALL)[0], str(PAGE), "exec"), {})
    for line in re.findall(r"```sh\n(.*?)```", part, re.DOTALL)[0].splitlines():
        words = shlex.split(line)[1:]
        extra = ["training.epochs=12"] if words[0] == "train" else []
        assert run([*words[:2], *extra, *words[2:]]) == 0, capsys.readouterr().err
    scores = json.loads(next(tmp_path.glob("evaluation-*/scores.json")).read_text("utf-8"))
    assert scores["top-1"] == 1
