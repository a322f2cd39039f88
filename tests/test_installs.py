"""What each documented install line brings is enough for its documented path: all other packages are blocked."""

import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from sequences import tone, write_wav

tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
requirements = pytest.importorskip("packaging.requirements")

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
BLOCK = """
import sys
blocked = {blocked!r}
class Blocking:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, *more):
        return None if name.split(".")[0] in blocked else self.finder.find_spec(name, *more)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = [Blocking(finder) for finder in sys.meta_path]
from seesay.cli import run
for call in {calls!r}:
    code = run(call)
    assert code == 0, (code, call)
"""
QUICK = ["training.epochs=1", "classifier.hidden=8", "encoder.channels=[8]"]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def brought_by(extras):
    """The distributions that `pip install seesay[extras]` brings, by the metadata of those installed here."""
    found = set()
    waiting = [requirements.Requirement(line) for line in PROJECT["dependencies"]]
    waiting += [requirements.Requirement(line) for extra in extras for line in EXTRAS[extra]]
    while waiting:
        asked = waiting.pop()
        name, wanted = canonical(asked.name), tuple(sorted(asked.extras))
        if (name, wanted) in found:
            continue
        found.add((name, wanted))
        if name == "seesay":
            lines = [line for extra in wanted for line in EXTRAS[extra]]
        else:
            try:
                lines = requires(asked.name) or []
            except PackageNotFoundError:
                continue  # for another platform
        for line in lines:
            needed = requirements.Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                waiting.append(needed)
    return {name for name, _ in found} | {"seesay"}


def run_with(extras, calls, tmp_path=None):
    """Run `seesay` calls in one process that can import nothing but what these extras bring."""
    known = brought_by(extras)
    blocked = {
        module
        for module, distributions in packages_distributions().items()
        if not {canonical(name) for name in distributions} & known
    }
    blocked.discard("regex")  # torchmetrics imports it where its metadata are there, which no block hides
    assert "pytest" in blocked
    calls = [[str(part) for part in call] for call in calls]
    script = BLOCK.format(blocked=blocked, calls=calls)
    environment = {"SEESAY_CACHE": str(tmp_path / "cache")} if tmp_path else {}  # METEOR's lists take long to convert
    found = subprocess.run(
        [sys.executable, "-c", script], env={**environ(), **environment}, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout + found.stderr


def environ():
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}


def texts(root):
    for label, words in (("up", "it goes up"), ("down", "down it goes")):
        for number in range(8):
            (root / label).mkdir(parents=True, exist_ok=True)
            (root / label / f"{number}.txt").write_text(f"{words} {number}")
    return f"folders:{root}"


def sounds(root):
    for label, pitch in (("low", 300), ("high", 900)):
        for number in range(8):
            write_wav(root / label / f"{number}.wav", tone(pitch))
    return f"folders:{root}"


def test_the_plain_install(samples, tmp_path):
    (tmp_path / "said.txt").write_text("a dog runs\na cat sleeps\n")
    told = run_with(
        [],
        [
            ["doctor"],
            ["caption", samples[0], "--explain", tmp_path / "pages"],
            ["score", tmp_path / "said.txt", tmp_path / "said.txt", "--metrics", "bleu,rouge,cider"],
        ],
        tmp_path,
    )
    assert "ROUGE_L" in told


def test_train_trains_exports_and_judges_texts_sounds_and_photos(tiny_flickr8k, tmp_path):
    text_data, sound_data, photos = texts(tmp_path / "texts"), sounds(tmp_path / "sounds"), f"flickr8k:{tiny_flickr8k}"
    text_run, photo_run = tmp_path / "text", tmp_path / "photo"
    sound_settings = [*QUICK, "encoder.rate=8000", "encoder.seconds=0.4", "encoder.mels=20"]
    tiny = ["encoder=test_efficientnet", "encoder.weights=random", "encoder.size=64"]
    tiny += ["decoder.hidden=16", "decoder.embedding=16", "text.min_count=1", "training.epochs=1"]
    run_with(
        ["train"],
        [
            ["train", "cnn_lstm_text", *QUICK, "--data", text_data, "--out", text_run],
            ["export", text_run, "--out", tmp_path / "text-model"],
            ["evaluate", tmp_path / "text-model", "--data", text_data, "--split", "dev", "--out", tmp_path / "page"],
            ["train", "cnn_lstm_audio", *sound_settings, "--data", sound_data, "--out", tmp_path / "sound"],
            ["train", "merge", *tiny, "--data", photos, "--out", photo_run],
            ["export", photo_run, "--out", tmp_path / "photo-model"],
            ["evaluate", tmp_path / "photo-model", "--data", photos, "--split", "test", "--out", tmp_path / "page2"],
        ],
        tmp_path,
    )
    assert (tmp_path / "page" / "scores.json").is_file()
    assert (tmp_path / "page2" / "scores.json").is_file()


def test_metrics_brings_meteor(tmp_path):
    (tmp_path / "said.txt").write_text("a dog runs\na cat sleeps\n")
    assert "METEOR" in run_with(["metrics"], [["score", tmp_path / "said.txt", tmp_path / "said.txt"]])


def test_alt_text_of_pages_needs_nothing_more(tmp_path):
    (tmp_path / "page.html").write_text('<img alt="A dog." src=dog.jpg>')
    assert "1 with words" in run_with([], [["alt", tmp_path / "page.html"]], tmp_path)


def test_alt_reads_markdown(tmp_path):
    (tmp_path / "page.md").write_text("![A dog.](dog.jpg)")
    assert "1 with words" in run_with(["alt"], [["alt", tmp_path / "page.md"]], tmp_path)


def test_video_reads_a_clip(tmp_path):
    from clips import encode

    (tmp_path / "clip.mp4").write_bytes(encode(20))
    assert "clip.mp4" in run_with(["video"], [["caption", tmp_path / "clip.mp4"]], tmp_path)


def test_sweep_searches(tmp_path):
    data = texts(tmp_path / "texts")
    search = ["classifier.dropout=0.0..0.5", "--trials", "1", "--data", data, "--out", tmp_path / "tuned"]
    run_with(["sweep"], [["sweep", "cnn_lstm_text", *QUICK, *search]], tmp_path)
    assert (tmp_path / "tuned" / "index.html").is_file()
