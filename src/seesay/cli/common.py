"""What several verbs need: messages, progress, files written whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

from seesay.errors import UsageError
from seesay.files import replacing
from seesay.printable import printable
from seesay.progress import ProgressCallback, silent


class _Loudness:
    """How much is said, for the whole command: `--quiet` leaves faults alone, `--verbose` adds the log."""

    quiet = False
    verbose = False


def set_loudness(*, quiet: bool, verbose: bool) -> None:
    """What `--quiet` and `--verbose` ask for."""
    _Loudness.quiet, _Loudness.verbose = quiet, verbose


def is_verbose() -> bool:
    """Whether `--verbose` was given to the command."""
    return _Loudness.verbose


def is_quiet() -> bool:
    """Whether `--quiet` was given to the command."""
    return _Loudness.quiet


def note(message: str) -> None:
    """One line on standard error, but not with `--quiet`."""
    if not _Loudness.quiet:
        say(message)


def say(message: str) -> None:
    """One line on standard error, of a fault."""
    line = printable(" ".join(message.splitlines()))
    print(f"seesay: {line}", file=sys.stderr, flush=True)


@contextmanager
def progress(title: str, *, lines: bool = False) -> Iterator[ProgressCallback]:
    """A progress bar on standard error; silent where that is not a terminal, or with `--quiet`.

    Args:
        title: what is done first.
        lines: of work of several kinds: where there is no terminal, a line says what is done next.
    """
    if _Loudness.quiet or not sys.stderr.isatty():
        yield _lines() if lines and not _Loudness.quiet else silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total, what=None: bar.update(task, completed=done, total=total, description=what)


def _lines() -> ProgressCallback:
    before = [""]

    def on_progress(done: int, total: int, what: str | None = None) -> None:
        if what and what != before[0]:
            before[0] = what
            note(what if done or total < 2 else f"{what}: {total:,}")

    return on_progress


@contextmanager
def output(file: Path | None, *, endless: bool = False) -> Iterator[IO[str]]:
    """Standard output, or a file that takes its place only when all is written.

    Args:
        file: None is standard output.
        endless: what is written has no end but an interruption: it goes straight into the file, which keeps it.

    Raises:
        UsageError: the file cannot be written.
    """
    if file is None:
        if hasattr(sys.stdout, "reconfigure"):
            # File names need not be valid text; they pass through as they are.
            sys.stdout.reconfigure(errors="surrogateescape")
        yield sys.stdout
        return
    if file.is_dir():
        raise UsageError(f"{file}: is a folder; name a file in it")
    direct = endless or (file.exists() and not file.is_file())  # a device, a pipe: written to, not replaced
    if not direct:
        file = file.resolve()  # what a link points to is written, the link stays
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{file.parent}: cannot be made ({error.strerror or error})") from error
    try:
        with (
            nullcontext(file) if direct else replacing(file) as part,
            part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as handle,
        ):
            yield handle
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror or error})") from error


def same_file(source: object, file: Path) -> bool:
    """Whether a file that is to be written is one that is read."""
    try:
        return isinstance(source, Path) and file.exists() and source.samefile(file)
    except OSError:
        return False


def as_text(path: object) -> str:
    """A path as valid Unicode for JSON, CSV and pages: undecodable bytes are written as escapes."""
    return os.fsencode(str(path)).decode("utf-8", "backslashreplace")


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as aligned columns of text, their keys as heading; what a row lacks stays empty, controls are escaped."""
    if not rows:
        return ""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names] + [[row.get(name, "") for name in names] for row in rows]
    cells = [[printable(cell) for cell in line] for line in cells]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells)
