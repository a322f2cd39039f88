"""What readers of clips share: clips by their name without its ending, and clips held out for dev."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from seesay.errors import UsageError
from seesay.media.modality import ANIMATED_SUFFIXES, CLIP_SUFFIXES

DEV_SHARE = 0.15
"""Share of the training part that is held out as dev where a data set has no dev part of its own."""


class ClipFolder:
    """Clips of a folder, by name without ending: `a.avi`, `a.mp4`, `a.gif` and frames in `a/` are all clip `a`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._found: dict[str, Path] = {}
        try:
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    stem, suffix = os.path.splitext(entry.name)  # noqa: PTH122 - as strings: there may be many
                    if suffix.lower() in CLIP_SUFFIXES:
                        self._found[stem] = folder / entry.name
                    elif suffix.lower() in ANIMATED_SUFFIXES:
                        self._found.setdefault(stem, folder / entry.name)
                    elif entry.is_dir():
                        self._found.setdefault(entry.name, folder / entry.name)
        except OSError:
            pass  # every clip is missing, and is told as such

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def path(self, name: str, ending: str = ".avi") -> Path:
        """Where a clip lies; where one with `ending` should lie if there is none."""
        return self._found.get(name, self.folder / f"{name}{ending}")


def hold_out(groups: Mapping[str, Iterable[str]], share: float) -> set[str]:
    """Whole groups that go to dev: the last of each class, in order of their names, as near to `share` as can be.

    Args:
        groups: of each class, the groups of its training part.
        share: of the groups of a class, 0 or more and below 1; one at least where there are two or more, save for 0.

    Raises:
        UsageError: the share is out of range.
    """
    check_share(share, "dev")
    held: set[str] = set()
    for found in groups.values():
        held.update(_some(sorted(set(found)), share))
    return held


def hold_out_clips(names: Iterable[str], share: float) -> set[str]:
    """Clips of one class that are held out, by the hash of their names: any, but always the same."""
    return set(_some(sorted(names, key=lambda name: hashlib.sha256(name.encode("utf-8", "replace")).digest()), share))


def _some(ordered: Sequence[str], share: float) -> Sequence[str]:
    count = min(len(ordered) - 1, max(1, round(share * len(ordered)))) if share > 0 and len(ordered) > 1 else 0
    return ordered[len(ordered) - count :]


def check_share(share: float, name: str) -> None:
    """Refuse a share that is none.

    Raises:
        UsageError: it is below 0, or 1 or more.
    """
    if not 0 <= share < 1:
        raise UsageError(f"{name}={share} must be a share: 0 or more, and below 1")
