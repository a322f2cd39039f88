"""What the README and the docs say can be typed, can be."""

import re
import shlex
from pathlib import Path

import pytest

from seesay.cli import run

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands():
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                if words[1:2] == ["longest"]:  # the verb of extending.md's own package
                    continue
                if words and (words[0] == "seesay" or "-m seesay" in line):
                    start = words.index("seesay") + 1
                    yield pytest.param(words[start:], id=f"{page.name}: {line[:60]}")


@pytest.mark.parametrize("words", list(commands()))
def test_every_documented_call_is_understood(words, capsys, tmp_path, monkeypatch):
    """Each call is parsed by the real command and stops at what it names: a file or folder that is not there."""
    monkeypatch.chdir(tmp_path)
    code = run(words)
    printed = capsys.readouterr()
    assert code in (0, 1, 2, 3, 4)
    if code == 2:
        assert "No such option" not in printed.err
        assert "No such command" not in printed.err
        assert "Missing" not in printed.err
    assert "Traceback" not in printed.err


def test_the_two_set_up_commands_are_where_ci_looks():
    text = (ROOT / "README.md").read_text("utf-8").split("## Set-up")[1].split("\n## ")[0]
    first, second = re.findall(r"```sh\n(.*?)\n```", text, re.DOTALL)
    assert "pip install ." in first
    assert "seesay caption samples" in first
    assert "pytest" in second


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def test_links_into_pages_lead_to_a_heading():
    found = 0
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text("utf-8")):
            text = (page.parent / target if target else page).read_text("utf-8")
            text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name} → {target}#{anchor}"
            found += 1
    assert found > 20
