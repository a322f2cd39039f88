"""`seesay serve` and `seesay mcp` as commands."""

import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from seesay.cli import run

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
from seesay.cli import run
sys.exit(run({arguments!r}))
"""


@pytest.mark.parametrize(
    ("verb", "blocked", "extra"),
    [("serve", "starlette", "serve"), ("serve", "uvicorn", "serve"), ("mcp", "mcp", "mcp")],
)
def test_a_missing_part_is_one_line(verb, blocked, extra):
    code = BLOCK.format(blocked={blocked}, arguments=[verb])
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 6
    assert found.stderr == f"seesay: this needs {blocked}: pip install 'seesay[{extra}]'\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--workers", "0"], 2, "--workers is 0"),
        (["--max-body", "many"], 2, "--max-body many"),
        (["--model", "nothing-of-this-name"], 2, "no model is called"),
        (["--token-file", "/nowhere/tokens"], 2, "--token-file /nowhere/tokens: cannot be read"),
    ],
)
def test_wrong_settings_are_one_line(arguments, code, says, capsys):
    pytest.importorskip("starlette")
    assert run(["serve", *arguments]) == code
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


@pytest.mark.timeout(300)
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_it_listens_reloads_and_drains():
    """The whole command: a line once it listens, SIGHUP loads anew, SIGTERM ends it with 0."""
    pytest.importorskip("starlette")
    command = [sys.executable, "-m", "seesay", "serve", "--port", "0", "--model", "activities"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        line = process.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", line)[0]
        with urllib.request.urlopen(f"{address}readyz") as answer:
            assert b'"ready"' in answer.read()
        process.send_signal(signal.SIGHUP)
        while "loaded anew" not in line:
            line = process.stderr.readline()
            assert line
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
