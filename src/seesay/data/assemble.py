"""From captions as readers find them to Samples; the faults every format shares are found here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from seesay.data.sample import Dataset, Fault, Sample
from seesay.text import tokenize


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
        Fatal: one picture in two splits, one id for two pictures, nothing left.
        """
        media: dict[str, Row] = {}
        captions: dict[str, list[str]] = {}
        splits: dict[str, str | None] = {}
        for row in rows:
            first = media.setdefault(row.id, row)
            if first.media != row.media:
                message = f"id {row.id!r} stands for {first.media.name} and for {row.media.name}"
                self.fault("duplicate id", message, row.file, row.line, fatal=True)
                continue
            if row.split and splits.get(row.id) and splits[row.id] != row.split:
                message = f"{row.id!r} is in {splits[row.id]} and in {row.split}"
                self.fault("picture in two splits", message, row.file, row.line, fatal=True)
                continue
            splits[row.id] = splits.get(row.id) or row.split
            known = captions.setdefault(row.id, [])
            if row.caption is not None and not tokenize(row.caption):
                self.fault("empty caption", f"{row.id!r} has a caption without words", row.file, row.line)
            elif row.caption is not None:
                known.append(row.caption)
        present = _Present()
        samples = []
        for key, row in media.items():
            if row.media not in present:
                self.fault("missing picture", f"{row.media} is not there", row.file, row.line)
            elif not captions[key]:
                self.fault("picture without captions", f"{key!r} has none with words", row.file, row.line)
            else:
                samples.append(Sample(key, row.media, tuple(captions[key]), splits[key]))
        for split in sorted({s for s in splits.values() if s} - {s.split for s in samples if s.split}):
            self.fault("split without samples", f"nothing usable is left of {split!r}", self.root, fatal=True)
        if not samples:
            self.fault("no samples", "no picture with a caption was found", self.root, fatal=True)
        return Dataset(self.format, self.root, tuple(samples), tuple(self.faults))


class _Present:
    """Whether files exist, asking each folder once."""

    def __init__(self) -> None:
        self._folders: dict[Path, set[str]] = {}

    def __contains__(self, path: Path) -> bool:
        if path.parent not in self._folders:
            try:
                self._folders[path.parent] = {entry.name for entry in path.parent.iterdir()}
            except OSError:
                self._folders[path.parent] = set()
        return path.name in self._folders[path.parent]
