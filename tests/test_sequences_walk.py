"""docs/sequences.md as typed: its examples are made, learned, exported and judged."""

import json
import re
import shlex
from pathlib import Path

import pytest

from seesay.cli import run

PAGE = Path(__file__).parent.parent / "docs" / "sequences.md"


@pytest.mark.parametrize(("part", "quickly"), [("texts", "training.epochs=10"), ("sounds", "training.epochs=8")])
def test_the_examples_are_learned(part, quickly, tmp_path, monkeypatch, capsys):
    """The page's very words; with no time, fewer epochs than the twenty of the recipes."""
    monkeypatch.chdir(tmp_path)
    example = PAGE.read_text("utf-8").split(f"## An example of {part}")[1].split("\n## ")[0]
    exec(compile(re.findall(r"```python\n(.*?)```", example, re.DOTALL)[0], str(PAGE), "exec"), {})
    lines = [shlex.split(line)[1:] for line in re.findall(r"```sh\n(.*?)```", example, re.DOTALL)[0].splitlines()]
    assert [words[0] for words in lines] == ["data", "train", "export", "evaluate", "recognize"]
    for words in lines:
        extra = [quickly] if words[0] == "train" else []
        capsys.readouterr()
        assert run([*words[:2], *extra, *words[2:]]) == 0, capsys.readouterr().err
    assert ("king first" if part == "texts" else "low then high") in capsys.readouterr().out
    scores = json.loads(next(tmp_path.glob("evaluation-*/scores.json")).read_text("utf-8"))
    assert scores["top-1"] > 0.9
    assert scores[part] == 36
