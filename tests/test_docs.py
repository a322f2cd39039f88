"""Pages run as they stand, and the reference is what the code says."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import yaml

from seesay.cli import run

ROOT = Path(__file__).parent.parent


def script(name):
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


examples, reference = script("examples"), script("reference")


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md", "docs/artifact.md"])
def test_a_page_prints_what_it_says(page):
    text = (ROOT / page).read_text("utf-8")
    with examples.example_folder():
        _, differences = examples.run_page(text, page)
    assert not differences


def test_the_first_command_says_what_readme_shows(capsys):
    shown = re.search(r"```text\n(samples/.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)[1]
    with examples.example_folder():
        assert run(["caption", "samples"]) == 0
    assert capsys.readouterr().out == shown


def test_a_block_that_prints_something_else_is_found():
    text = "# Page\n\n```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    fixed, differences = examples.run_page(text, "page.md")
    assert [(d.line, d.expected, d.printed) for d in differences] == [(4, "3\n", "2\n")]
    assert fixed == text.replace("3\n", "2\n")
    assert examples.run_page(fixed, "page.md")[1] == []


@pytest.mark.parametrize("name", ["cli.md", "settings.md", "python.md"])
def test_the_reference_is_what_the_code_says(name):
    made = reference.pages()[name]
    assert (ROOT / "docs" / "reference" / name).read_text("utf-8") == made, "run: python scripts/reference.py"


def test_every_setting_says_what_it_does():
    empty = [
        line
        for line in reference.pages()["settings.md"].splitlines()
        if line.startswith("| `") and line.endswith("|  |")
    ]
    assert not empty


def test_every_page_stands_in_the_site():
    def leaves(entry):
        if isinstance(entry, str):
            yield entry
        else:
            for value in entry.values() if isinstance(entry, dict) else entry:
                yield from leaves(value)

    listed = set(leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    there = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert listed == there


def commands(command, path=""):
    """Each verb that is shown, children too, by its name."""
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield f"{path} {name}".strip(), child
            yield from commands(child, f"{path} {name}")


def test_every_verb_and_option_is_documented():
    import typer.main

    from seesay.cli import app

    root = typer.main.get_command(app)
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))
    lacking = []
    for name, command in commands(root):
        if not re.search(rf"`{name}\b|seesay {name}\b", pages):
            lacking.append(f"seesay {name} is on no page of docs/")
        if not command.help:
            lacking.append(f"seesay {name} has no help")
        for parameter in command.params:
            shown = not getattr(parameter, "hidden", False)
            if shown and parameter.name != "help" and not getattr(parameter, "help", None):
                lacking.append(f"seesay {name} {'/'.join(parameter.opts)} has no help")
    assert not lacking


@pytest.mark.parametrize("module", reference.MODULES)
def test_every_public_name_is_documented(module):
    import importlib
    import inspect

    room = importlib.import_module(module)
    page = (ROOT / "docs" / "reference" / "python.md").read_text("utf-8")
    names = [name for name in room.__all__ if not name.startswith("__")]
    assert [name for name in names if f"`{module}.{name}" not in page] == []
    every = [getattr(room, name) for name in names]
    functions = [one for one in every if inspect.isclass(one) or inspect.isfunction(one)]
    assert [one for one in functions if not getattr(one, "__doc__", None)] == []
