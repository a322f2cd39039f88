"""Every optional dependency stands in one list, and in the extra that it names."""

import re
from pathlib import Path

import pytest

from seesay.errors import MissingPartError
from seesay.extras import PARTS, part_of, training_parts

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def extra(name):
    lines = PROJECT.read_text("utf-8").split("[project.optional-dependencies]")[1].splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(f"{name} = ["))
    last = first if lines[first].endswith('"]') else lines.index("]", first)
    text = "\n".join(lines[first : last + 1])
    return {re.split(r"[<>=\[ ]", found)[0] for found in re.findall(r'"([^"]+)"', text)}


@pytest.mark.parametrize("part", PARTS, ids=lambda p: p.name)
def test_the_extra_brings_it(part):
    assert part.package in extra(part.extra)


def test_parts_are_found_by_their_modules():
    assert part_of("torch.nn").extra == "train"
    assert part_of("sqlalchemy").name == "Optuna"
    assert part_of("json") is None


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("torch.nn", "this needs torch.nn: pip install 'seesay[train]'"),
        ("optuna", "--trials needs optuna: pip install 'seesay[sweep]'"),
    ],
)
def test_a_missing_part_is_one_line(module, line):
    with pytest.raises(MissingPartError) as caught, training_parts():
        raise ModuleNotFoundError(name=module)
    assert str(caught.value) == line


def test_other_missing_modules_are_no_parts():
    with pytest.raises(ModuleNotFoundError), training_parts():
        raise ModuleNotFoundError(name="elsewhere")
