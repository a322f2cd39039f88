"""The five examples of docs/extending.md, as a package from outside: found by entry points, used, trained, exported."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")
pytest.importorskip("torch")
ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
CHECK = """
import json, sys
from pathlib import Path
import seesay
from seesay.cli import run
from seesay.models.decoders import DECODERS
from seesay.metrics import METRICS

home, samples = Path(sys.argv[1]), Path(sys.argv[2])
photos = home / "photos"
photos.mkdir()
for number, path in enumerate(sorted(samples.glob("*.jpg"))):
    (photos / path.name).write_bytes(path.read_bytes())
    if number != 4:
        (photos / f"{path.stem}.txt").write_text(f"a photo of {path.stem}\\none {path.stem}\\n")

assert "unigram-f1" in METRICS and "tiny_gru" in seesay.list_decoders()
found = seesay.score({"a": "a red dog", "b": "a cat"}, {"a": ["a dog"], "b": ["a cat"]}, ["unigram-f1", "bleu"])
assert abs(found.corpus["F1"] - (4 / 5 + 1) / 2) < 1e-9, found.corpus
data = seesay.read_dataset(f"pairs:{photos},dev=0.4")
assert (len(data.split("dev")), len(data.split("train")), len(data.faults)) == (2, 2, 1)
settings = {"encoder.name": "patches", "decoder": "tiny_gru", "decoder.width": 16, "training.epochs": 1,
            "text.min_count": 1, "training.batch_size": 2}
out = seesay.train("merge", [f"{k}={v}" for k, v in settings.items()], data=f"pairs:{photos},dev=0.4", out=home / "run")
seesay.export(out, home / "model")
said = seesay.load(home / "model")(photos / "cat.jpg", beam=2)
slow = seesay.load(out)(photos / "cat.jpg", beam=2)
assert said.text == slow.text
assert abs(said.score - slow.score) < 1e-4
captions = [{"image_id": 1, "caption": "short"}, {"image_id": 2, "caption": "a longer one"}]
(home / "p.json").write_text(json.dumps(captions))
assert run(["longest", str(home / "p.json")]) == 0
assert run(["longest", str(home / "none.json")]) != 0
assert run(["doctor"]) == 0
print("all five")
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The page's files, installed as pip would: the package and its entry points on the path."""
    site = tmp_path_factory.mktemp("site")
    page = (ROOT / "docs" / "extending.md").read_text("utf-8")
    files = dict(re.findall(r"```(?:python|toml)\n# (\S+)\n(.*?)```", page, re.DOTALL))
    project = tomllib.loads(files.pop("pyproject.toml"))["project"]
    assert len(files) == 5
    for name, text in files.items():
        assert len(text.splitlines()) <= 45, f"{name} is no short example"
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text)
    (site / "seesay_example" / "__init__.py").touch()
    about = site / f"seesay_example-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in names.items()) for group, names in groups.items()]
    (about / "entry_points.txt").write_text("\n".join(lines))
    return site


def test_a_package_from_outside_adds_all_five(package, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{package}{':' if sys.platform != 'win32' else ';'}{ROOT / 'src'}")
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    call = [sys.executable, "-c", CHECK, str(tmp_path), str(SAMPLES)]
    found = subprocess.run(call, capture_output=True, text=True, timeout=600)
    assert found.returncode == 0, found.stderr[-3000:]
    lines = found.stdout.splitlines()
    assert lines[-1] == "all five"
    assert "a longer one" in lines
    for name in ("metric unigram-f1", "decoder tiny_gru", "data format pairs", "encoder patches", "verb longest"):
        assert any(f"plug-in: {name}" in line and "of seesay-example" in line for line in lines), name


def test_a_verb_that_breaks_leaves_the_others(tmp_path, monkeypatch):
    about = tmp_path / "broken-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[seesay.verbs]\nmine = gone:add_to\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{':' if sys.platform != 'win32' else ';'}{ROOT / 'src'}")
    call = [sys.executable, "-m", "seesay", "--help"]
    found = subprocess.run(call, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0
    assert (
        "seesay: verb 'mine' of broken cannot be loaded (ModuleNotFoundError: No module named 'gone')" in found.stderr
    )
