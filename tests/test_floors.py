"""The layout: imports only go down, files stay readable, and names are the field's."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "seesay"
FLOORS = (
    (
        "errors",
        "files",
        "reading",
        "printable",
        "progress",
        "registry",
        "extras",
        "plain_pickle",
        "search_options",
        "addresses",
        "cores",
    ),
    ("text", "search"),
    ("media", "metrics", "artifact"),
    ("data", "runtime", "models", "recipes"),
    ("exporting",),
    ("training", "engines"),
    ("evaluation",),
    ("experiments",),
    ("explain", "report"),
    ("apps",),
    ("cli", "face"),
    ("__main__",),
)
"""From the ground up. What stands on one floor may import what is below it, and itself."""
BESIDE = {
    ("files", "errors"), ("files", "printable"), ("search_options", "errors"), ("registry", "errors"),
    ("extras", "errors"), ("explain", "report"),
    ("addresses", "errors"), ("addresses", "extras"), ("addresses", "printable"),
}  # fmt: skip
"""Imports on one floor: the ground floor's own, and pages that explain draws."""
FACE = "__init__"
"""`seesay` itself: it may import everything, and anyone its version and errors."""
LONGEST = 350
GROWN: set[str] = set()
"""Longer, and about to be divided."""
LINES = sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def floor(name: str) -> int:
    return next(number for number, names in enumerate(FLOORS) if name in names)


def imported(path: Path) -> set[str]:
    """First-level parts of seesay that a file imports, at its top or when it runs."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            names = [f"seesay.{a.name}" for a in node.names] if node.module == "seesay" else [node.module or ""]
        found |= {name.split(".")[1] for name in names if name.startswith("seesay.")}
    return found


def test_every_part_has_its_floor():
    parts = {place(path) for path in LINES} - {FACE}
    unknown = {name for name in parts if not any(name in names for names in FLOORS)}
    assert not unknown, f"give {unknown} a floor in {__file__}"


def wrong(path: Path) -> list[str]:
    mine = place(path)
    if mine == FACE:
        return []
    others = imported(path) - {mine, FACE}
    return [o for o in others if floor(o) >= floor(mine) and (mine, o) not in BESIDE]


@pytest.mark.parametrize("path", LINES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_down(path):
    assert not wrong(path), f"{path.relative_to(ROOT)} imports from its own floor or above: {wrong(path)}"


def test_an_arrow_that_goes_up_is_found(tmp_path, monkeypatch):
    package = tmp_path / "seesay"
    (package / "training").mkdir(parents=True)
    (package / "training" / "new.py").write_text("def f():\n    from seesay.report import write\n")
    monkeypatch.setitem(globals(), "PACKAGE", package)
    assert wrong(package / "training" / "new.py") == ["report"]


@pytest.mark.parametrize("path", LINES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_file_is_about_one_thing(path):
    count = len(path.read_text("utf-8").splitlines())
    grown = path.relative_to(PACKAGE).as_posix() in GROWN
    assert count <= LONGEST or grown, f"{path.relative_to(ROOT)} has {count} lines"


OLD_NAMES = (
    r"[Aa]rtefacts?|ARTEFACTS?|ArtefactError|Description|sights?|Sights?|sight_of|CaptionBook|Moment|JointSettings|Joint|"
    r"told|Told|Tell|telling|truth|Said|on_work|Entrants?|entrants?|Judge|judg(?:e|ing)|VIEWS|View|cautions?|"
    r"footage|Footage|Prepares|measures_of|seal|restored|building|measuring|normalise|recognise|neighbours?|colours?"
)
KEPT = {"neighbours"}
"""Names of files inside artifacts, and options that keep working."""


def identifiers(path: Path) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


@pytest.mark.parametrize("path", LINES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_names_are_the_fields(path):
    old = {name for name in identifiers(path) if re.fullmatch(rf"_?(?:{OLD_NAMES})", name)} - KEPT
    assert not old, f"{path.relative_to(ROOT)}: see the glossary for {sorted(old)}"


BRITISH = re.compile(
    r"\b(artefact|neighbour(?!s\.npz)|colour|recognis|normalis|quantis|optimis|standardis|licence|behaviour|favour)",
    re.I,
)


@pytest.mark.parametrize(
    "path",
    [*LINES, *sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"],
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_prose_is_american(path):
    text = (
        path.read_text("utf-8").replace('"--neighbours"', "").replace("standardise", "", 3 * (path.name == "older.py"))
    )
    found = sorted({match.group(0) for match in BRITISH.finditer(text)})
    assert not found, f"{path.relative_to(ROOT)}: {found}"


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_docs_name_no_older_setting(path):
    text = path.read_text("utf-8")
    assert not re.findall(r"\b(?:joint\.(?:from_epoch|lr|layers)|training\.(?:clip|views))\b", text)


PROSE = re.compile(
    r"\b(small letters|begins? anew|mended|out of doors|comes? along|mirrored|learn too|entrants?|sights|"
    r"artefacts?|CaptionBook|joint\.(?:from_epoch|lr|layers)|training\.(?:clip|views))\b",
    re.I,
)
"""Words of the glossary's left column that a reader would not search for, with the field's in their place."""


@pytest.mark.parametrize(
    "path",
    [*LINES, *sorted(PACKAGE.rglob("*.yaml")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"],
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_prose_has_the_fields_words(path):
    text = path.read_text("utf-8")
    if path.name == "older.py":  # which reads the older names
        return
    found = sorted({match.group(0) for match in PROSE.finditer(text)})
    assert not found, f"{path.relative_to(ROOT)}: see the glossary for {found}"


ALIKE = 10


def significant(path: Path) -> list[tuple[int, str]]:
    """A file's lines with something on them, without imports, comments and the parameters of functions."""
    lines, inside = [], False
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        inside = inside or (text.startswith(("from ", "import ", "def ")) and text.endswith("("))
        if inside or not text or text.startswith(("#", "from ", "import ")):
            inside = inside and not text.startswith(")")
            continue
        lines.append((number, text))
    return lines


def test_nothing_of_ten_lines_is_written_twice():
    seen: dict[tuple[str, ...], str] = {}
    twice = []
    for path in LINES:
        lines = significant(path)
        for first in range(len(lines) - ALIKE + 1):
            window = tuple(text for _, text in lines[first : first + ALIKE])
            place = f"{path.relative_to(ROOT)}:{lines[first][0]}"
            if window in seen:
                twice.append(f"{place} as {seen[window]}")
            seen.setdefault(window, place)
    assert not twice
