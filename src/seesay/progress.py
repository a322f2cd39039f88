"""How work that takes a while says how far it is: one callback for all of it."""

from __future__ import annotations

from typing import Protocol


class ProgressCallback(Protocol):
    """Called while work goes on; `seesay.cli.common.progress` makes one that moves a bar."""

    def __call__(self, done: int, total: int, what: str | None = None) -> None:
        """`done` of `total` steps are done.

        Args:
            done: steps done.
            total: steps in all.
            what: the work in words, from now on; None goes on with the last one named.
        """


def silent(done: int, total: int, what: str | None = None) -> None:
    """Show nothing."""
