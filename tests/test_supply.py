"""What is installed, at its lowest, and what is built: the same bytes each time."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_constraints_file_is_what_pyproject_allows_at_the_lowest():
    made = subprocess.run([sys.executable, ROOT / "scripts/lowest.py"], capture_output=True, text=True, check=True)
    assert made.stdout == (ROOT / "constraints/lowest.txt").read_text("utf-8")
    lines = made.stdout.splitlines()
    assert len(lines) >= 6
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines)


def test_wheel_and_sdist_are_the_same_bytes_each_time(tmp_path):
    built = []
    for name in ("first", "second"):
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / name, ROOT]
        subprocess.run(command, check=True, capture_output=True, env=environment)
        built.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert sorted(name.rpartition(".")[2] for name in built[0]) == ["gz", "whl"]
    assert built[0].keys() == built[1].keys()
    assert [name for name in built[0] if built[0][name] != built[1][name]] == []


def test_the_bill_of_materials_lists_what_the_wheel_brings_and_each_model_with_its_sums(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = tmp_path / "bare/bin/python"
    out = tmp_path / "sbom.json"
    subprocess.run([sys.executable, ROOT / "scripts/sbom.py", python, out], check=True, capture_output=True)
    made = json.loads(out.read_text("utf-8"))
    assert made["bomFormat"] == "CycloneDX"
    assert made["metadata"]["component"]["name"] == "seesay"
    models = {c["name"]: c for c in made["components"] if c["type"] == "machine-learning-model"}
    assert sorted(models) == ["activities", "clips", "default"]
    for name, model in models.items():
        manifest = json.loads((ROOT / f"src/seesay/embedded/{name}/seesay.json").read_text("utf-8"))
        sums = {file["name"]: file["hashes"][0]["content"] for file in model["components"]}
        assert sums == {file: known["sha256"] for file, known in manifest["files"].items()}
        assert model["licenses"][0]["license"]["name"] == manifest["training"]["license"]
