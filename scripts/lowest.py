"""The lowest versions that pyproject.toml allows for the plain installation, as a constraints file.

python scripts/lowest.py > constraints/lowest.txt
.ci/run installs these, and runs there what needs no optional part.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
_LOWEST = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*>=\s*([0-9][0-9A-Za-z.]*)")


def lowest(pyproject: str) -> list[str]:
    """Lines `name==version`, one for each dependency, in order of names.

    Raises:
        ValueError: a dependency without a lower bound.
    """
    block = re.search(r"^dependencies = \[\n(.*?)^\]", pyproject, re.DOTALL | re.MULTILINE)
    if not block:
        raise ValueError("pyproject.toml names no dependencies")
    lines = []
    for requirement in re.findall(r'^\s*"([^"]+)"', block[1], re.MULTILINE):
        found = _LOWEST.match(requirement)
        if not found:
            raise ValueError(f"{requirement}: has no lower bound (>=)")
        lines.append(f"{found[1]}=={found[2]}")
    return sorted(lines)


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in lowest(PYPROJECT.read_text("utf-8"))))
