"""What verbs that read photos have in common: their limit of size, and what they leave out, told and not hidden."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from seesay.cli.common import is_verbose, note, say

MaxPixels = Annotated[
    int | None,
    typer.Option("--max-pixels", min=1, help="Open pictures of up to so many pixels. [default: 200000000]"),
]
MaxSeconds = Annotated[
    float | None,
    typer.Option("--max-seconds", min=0.001, help="Take up to so many seconds to decode a clip. [default: 600]"),
]


class LeftOut:
    """Photos in folders that are not read, counted by kind.

    With `--verbose` each is named as it is met.
    """

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()

    def __call__(self, path: Path, kind: str) -> None:
        """One more."""
        from seesay.media import printable

        self.kinds[kind] += 1
        if is_verbose():
            note(f"{printable(path)}: left out ({kind})")

    def finish(self) -> None:
        """One line, where there were any."""
        if self.kinds:
            counts = ", ".join(f"{count} {kind}" for kind, count in self.kinds.most_common())
            more = "" if is_verbose() else "; --verbose names them"
            note(f"left out, since SeeSay does not read these kinds: {counts}{more}")


class _Say(logging.Handler):
    """Each note once: a file may be opened several times."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message not in self.said:
            self.said.add(message)
            say(message)


def show_notes(verbose: bool) -> None:
    """Whether SeeSay's log, with what it notes of the files that it reads, is shown on standard error."""
    logger = logging.getLogger("seesay")
    for handler in [one for one in logger.handlers if isinstance(one, _Say)]:
        logger.removeHandler(handler)
    logger.setLevel(logging.INFO if verbose else logging.NOTSET)
    if verbose:
        logger.addHandler(_Say())
