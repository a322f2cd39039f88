"""From captions as readers find them to Samples; the faults every format shares are found here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seesay.data.sample import Dataset, Fault, Sample
from seesay.text import tokenize

_FIVE_LETTERS = re.compile(r"(?<!\S)[A-Za-z]{5,}(?!\S)")


@dataclass
class Row:
    """One caption of one picture, and where it was read."""

    id: str
    media: Path
    caption: str | None
    split: str | None
    file: Path
    line: int | None = None


@dataclass
class Assembly:
    """Gathers rows and faults of one data set.

    Args:
        format: the reader's name.
        root: what the user named.
    """

    format: str
    root: Path
    faults: list[Fault] = field(default_factory=list)

    def fault(self, kind: str, message: str, file: Path, line: int | None = None, *, fatal: bool = False) -> None:
        """Note a fault."""
        self.faults.append(Fault(kind, message, file, line, fatal))

    def dataset(self, rows: Iterable[Row]) -> Dataset:
        """Group rows by picture, in the order first seen, and check them.

        Harmless: a picture that is missing, a caption without words, a picture without captions.
        Fatal: one picture in two splits, one id for two pictures, a split of which nothing is left.
        """
        firsts: dict[str, Row] = {}
        captions: dict[str, list[str]] = {}
        splits: dict[str, str | None] = {}
        for row in rows:
            first = firsts.setdefault(row.id, row)
            if first.media != row.media:
                message = f"id {row.id!r} stands for {first.media} and for {row.media}"
                self.fault("duplicate id", message, row.file, row.line, fatal=True)
                continue
            if row.split and splits.get(row.id) and splits[row.id] != row.split:
                message = f"{row.id!r} is in {splits[row.id]} and in {row.split}"
                self.fault("picture in two splits", message, row.file, row.line, fatal=True)
                continue
            splits[row.id] = splits.get(row.id) or row.split
            known = captions.setdefault(row.id, [])
            if row.caption is not None and not _has_words(row.caption):
                self.fault("empty caption", f"{row.id!r} has a caption without words", row.file, row.line)
            elif row.caption is not None:
                known.append(row.caption)
        self._one_split_each(firsts, splits)
        present = _Present()
        samples = []
        absent: dict[str | None, list[Path]] = {}
        for key, row in firsts.items():
            if row.media not in present:
                self.fault("missing picture", f"{row.media} is not there", row.file, row.line)
                absent.setdefault(splits[key], []).append(row.media)
            elif not captions[key]:
                self.fault("picture without captions", f"{key!r} has none with words", row.file, row.line)
            else:
                samples.append(Sample(key, row.media, tuple(captions[key]), splits[key]))
        if not samples:
            message = (
                f"no picture with a caption was found{_why([path for paths in absent.values() for path in paths])}"
            )
            self.fault("no samples", message, self.root, fatal=True)
        emptied = {s for s in splits.values() if s} - {s.split for s in samples}
        for split in sorted(emptied) if samples else ():
            message = f"nothing usable is left of {split!r}{_why(absent.get(split, []))}"
            self.fault("split without samples", message, self.root, fatal=True)
        return Dataset(self.format, self.root, tuple(samples), tuple(self.faults))

    def _one_split_each(self, firsts: Mapping[str, Row], splits: Mapping[str, str | None]) -> None:
        """One file under two ids must not be in two splits either."""
        owners: dict[Path, str] = {}
        for key, row in firsts.items():
            owner = owners.setdefault(row.media, key)
            if splits[key] and splits[owner] and splits[key] != splits[owner]:
                message = f"{row.media} is {owner!r} in {splits[owner]} and {key!r} in {splits[key]}"
                self.fault("picture in two splits", message, row.file, row.line, fatal=True)


def _has_words(caption: str) -> bool:
    """Whether scoring would see any word; five letters in a row always are one, and save the tokenizer's work."""
    return _FIVE_LETTERS.search(caption) is not None or bool(tokenize(caption))


def _why(absent: list[Path]) -> str:
    return f": {len(absent)} picture(s) are missing, for example {absent[0]}" if absent else ""


class _Present:
    """Whether files exist, listing each folder once."""

    def __init__(self) -> None:
        self._folders: dict[Path, set[str]] = {}

    def __contains__(self, path: Path) -> bool:
        if path.parent not in self._folders:
            try:
                with os.scandir(path.parent) as entries:
                    self._folders[path.parent] = {entry.name for entry in entries if entry.is_file()}
            except (OSError, ValueError):
                self._folders[path.parent] = set()
        names = self._folders[path.parent]
        # A file system may know a name by other letters (case, accents) than its listing gives.
        return path.name in names or (bool(names) and os.path.isfile(path))  # noqa: PTH113 - never raises
