"""What is installed, at its lowest, and what is built: the same bytes each time."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_the_constraints_file_is_what_pyproject_allows_at_the_lowest():
    made = subprocess.run([sys.executable, ROOT / "scripts/lowest.py"], capture_output=True, text=True, check=True)
    assert made.stdout == (ROOT / "constraints/lowest.txt").read_text("utf-8")
    lines = made.stdout.splitlines()
    assert len(lines) >= 6
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines)


@pytest.mark.skipif(
    not (importlib.util.find_spec("build") and importlib.util.find_spec("hatchling")),
    reason="needs build and hatchling (pip install build hatchling)",
)
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
