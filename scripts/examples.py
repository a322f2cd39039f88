"""Run the Python blocks of documentation pages and keep what they print beside them.

    python scripts/examples.py docs/tutorial.md           # exits 1 where a block fails or prints something else
    python scripts/examples.py --write docs/tutorial.md   # puts in what the blocks print now

The ```python blocks of a page run in order and share their names. A ```text block right behind one is what it prints.
They run in a temporary folder that holds the repository's samples as `samples/` and one of them as `dog.jpg`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<printed>.*?)```\n)?", re.DOTALL)


@dataclass(frozen=True)
class Difference:
    """A block that prints something else than its page says."""

    line: int
    expected: str
    printed: str


def run_page(text: str, file: str, names: dict[str, Any] | None = None) -> tuple[str, list[Difference]]:
    """Run a page's blocks in the current folder.

    Args:
        text: the page's Markdown.
        file: its name, for tracebacks.
        names: what the blocks may use besides what they define.

    Returns:
        The page with what was printed put in, and where that differs.
    """
    shared: dict[str, Any] = {"__name__": "__main__", **(names or {})}
    differences: list[Difference] = []

    def run(block: re.Match[str]) -> str:
        line = text.count("\n", 0, block.start()) + 2
        code = compile("\n" * (line - 1) + block["code"], file, "exec")
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            exec(code, shared)
        printed = "\n".join(part.rstrip() for part in stream.getvalue().splitlines())
        printed = printed + "\n" if printed else ""
        expected = block["printed"] or ""
        if printed != expected:
            differences.append(Difference(line, expected, printed))
        return f"```python\n{block['code']}```\n" + (f"\n```text\n{printed}```\n" if printed else "")

    return BLOCK.sub(run, text), differences


@contextlib.contextmanager
def example_folder() -> Any:
    """A temporary folder to run pages in; the current one until it ends."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "samples", Path(folder, "samples"))
        shutil.copy(ROOT / "samples" / "cat.jpg", Path(folder, "dog.jpg"))
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


def main(arguments: list[str]) -> int:
    """Check the pages, or with `--write` bring them up to date."""
    wrong = 0
    for page in [Path(a).resolve() for a in arguments if a != "--write"]:
        with example_folder():
            text, differences = run_page(page.read_text("utf-8"), str(page))
        if "--write" in arguments:
            page.write_text(text, encoding="utf-8")
            continue
        for found in differences:
            wrong = 1
            print(f"{page}:{found.line}: prints\n{found.printed}where the page says\n{found.expected}", file=sys.stderr)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
