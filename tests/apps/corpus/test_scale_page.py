"""The commands of docs/scale.md, run at small size."""

import re
import shlex
import shutil
from pathlib import Path

from seesay.cli import run

ROOT = Path(__file__).parents[3]


def test_the_commands_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for name in ("cat", "coffee", "rocket"):
        shutil.copy(ROOT / "samples" / f"{name}.jpg", f"photos/{name}.jpg")
    lines = [f"photos/{name}.jpg,a {name},{split}\n" for name, split in (("cat", "train"), ("coffee", "dev"))]
    Path("mine.csv").write_text("image,caption,split\n" + "".join(lines))
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 8
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "seesay"
        assert run(arguments) == 0, command
    assert len(list(Path("captions/shards").iterdir())) == 2
