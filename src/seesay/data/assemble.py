"""From captions as readers find them to Samples; the faults every format shares are found here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seesay.data.sample import Dataset, Fault, Sample
from seesay.media.modality import Modality
from seesay.text import tokenize
from seesay.text.columns import stem
from seesay.text.decoding import OnNote

_DRIVE = re.compile(r"[A-Za-z]:")
_FIVE_LETTERS = re.compile(r"(?<!\S)[A-Za-z]{5,}(?!\S)")


@dataclass
class Row:
    """One caption or label of one picture, clip, text or sound, and where it was read.

    Attributes:
        text: the text itself, where it stands in the table that was read.
        group: what must not be in two splits: clips of one recording, one person.
    """

    id: str
    media: Path
    caption: str | None
    split: str | None
    file: Path
    line: int | None = None
    label: str | None = None
    start: float | None = None
    end: float | None = None
    modality: Modality = "picture"
    group: str | None = None
    text: str | None = None


@dataclass
class Assembly:
    """Gathers rows and faults of one data set.

    Args:
        format: the reader's name.
        root: what the user named.
        published: whether the splits are as published, so that nobody can mend a group that is in two of them.
    """

    format: str
    root: Path
    published: bool = False
    faults: list[Fault] = field(default_factory=list)

    def fault(self, kind: str, message: str, file: Path, line: int | None = None, *, fatal: bool = False) -> None:
        """Note a fault."""
        self.faults.append(Fault(kind, message, file, line, fatal))

    def on_note(self, file: Path) -> OnNote:
        """For readers of text: what is odd in `file` becomes a fault that stops nothing."""
        return lambda line, message: self.fault("odd text", message, file, line)

    def dataset(self, rows: Iterable[Row]) -> Dataset:
        """Group rows by picture or clip, in the order first seen, and check them.

        Harmless: one that is missing, a caption without words, one without captions or label.
        Fatal: one in two splits, a group in two splits, one id for two, two labels for one, a split of which nothing is
        left.
        """
        firsts: dict[str, Row] = {}
        captions: dict[str, list[str]] = {}
        splits: dict[str, str | None] = {}
        labels: dict[str, str | None] = {}
        for row in rows:
            first = firsts.setdefault(row.id, row)
            if (first.media, first.start, first.end) != (row.media, row.start, row.end):
                message = f"id {row.id!r} stands for {first.media} and for {row.media}"
                self.fault("duplicate id", message, row.file, row.line, fatal=True)
                continue
            if row.label and labels.get(row.id) and labels[row.id] != row.label:
                message = f"{row.id!r} is {labels[row.id]!r} and {row.label!r}"
                self.fault("two labels", message, row.file, row.line, fatal=True)
                continue
            if row.split and splits.get(row.id) and splits[row.id] != row.split:
                message = f"{row.id!r} is in {splits[row.id]} and in {row.split}"
                self.fault(f"{row.modality} in two splits", message, row.file, row.line, fatal=True)
                continue
            splits[row.id] = splits.get(row.id) or row.split
            labels[row.id] = labels.get(row.id) or row.label
            known = captions.setdefault(row.id, [])
            if row.caption is not None and not _has_words(row.caption):
                self.fault("empty caption", f"{row.id!r} has a caption without words", row.file, row.line)
            elif row.caption is not None:
                known.append(row.caption)
        present = _Present()
        missing = set()
        for key, row in firsts.items():
            found = row.media if row.text is not None else present.find(row.media, folders=row.modality == "clip")
            if found is None:
                missing.add(key)
            row.media = found or row.media
        self._one_split_each(firsts, splits)
        samples = []
        absent: dict[str | None, list[Path]] = {}
        for key, row in firsts.items():
            if key in missing:
                self.fault(f"missing {row.modality}", f"{row.media} is not there", row.file, row.line)
                absent.setdefault(splits[key], []).append(row.media)
            elif not captions[key] and labels[key] is None:
                self.fault(f"{row.modality} without captions", f"{key!r} has none with words", row.file, row.line)
            else:
                annotation = tuple(captions[key])
                part = (row.start, row.end)
                of = splits[key], labels[key], *part, row.modality, row.text, row.group
                samples.append(Sample(key, row.media, annotation, *of))
        self._check_enough(samples, firsts, splits, absent)
        return Dataset(self.format, self.root, tuple(samples), tuple(self.faults))

    def _check_enough(
        self,
        samples: list[Sample],
        firsts: Mapping[str, Row],
        splits: Mapping[str, str | None],
        absent: Mapping[str | None, list[Path]],
    ) -> None:
        kind: Modality = next((row.modality for row in firsts.values() if row.modality != "picture"), "picture")
        if not samples:
            annotation = (
                "a label" if kind in ("text", "sound") else "a caption" if kind == "picture" else "a caption or a label"
            )
            why = _why([path for paths in absent.values() for path in paths], kind)
            self.fault("no samples", f"no {kind} with {annotation} was found{why}", self.root, fatal=True)
        emptied = {s for s in splits.values() if s} - {s.split for s in samples}
        for split in sorted(emptied) if samples else ():
            message = f"nothing usable is left of {split!r}{_why(absent.get(split, []), kind)}"
            self.fault("split without samples", message, self.root, fatal=True)

    def _one_split_each(self, firsts: Mapping[str, Row], splits: Mapping[str, str | None]) -> None:
        """One file under two ids must not be in two splits either, nor must a group."""
        files: dict[Path | str, str] = {}
        groups: dict[str, str] = {}
        for key, row in firsts.items():
            if splits[key] is None:
                continue
            owner = files.setdefault(row.media if row.text is None else row.text, key)
            if splits[key] != splits[owner]:
                what = row.media if row.text is None else "one text"
                message = f"{what} is {owner!r} in {splits[owner]} and {key!r} in {splits[key]}"
                self.fault(f"{row.modality} in two splits", message, row.file, row.line, fatal=True)
            owner = groups.setdefault(row.group, key) if row.group is not None else key
            if splits[key] != splits[owner]:
                message = f"of {row.group!r} {owner!r} is in {splits[owner]} and {key!r} in {splits[key]}"
                self.fault("group in two splits", message, row.file, row.line, fatal=not self.published)


def _has_words(caption: str) -> bool:
    """Whether scoring would see any word; five letters in a row always are one, and save the tokenizer's work."""
    return _FIVE_LETTERS.search(caption) is not None or bool(tokenize(caption))


def _why(absent: list[Path], kind: Modality) -> str:
    return f": {len(absent)} {kind}(s) are missing, for example {absent[0]}" if absent else ""


class _Present:
    """Where files are, listing each folder once."""

    def __init__(self) -> None:
        self._files: dict[Path, set[str]] = {}
        self._folders: dict[Path, set[str]] = {}
        self._stems: dict[Path, dict[str, list[str]]] = {}

    def find(self, path: Path, folders: bool) -> Path | None:
        """This file, or a folder where that is as good; else the only file that differs from it by an ending alone.

        A path of a Windows drive is tried by its last parts below the folder that it was joined to.
        """
        if self._holds(path, folders):
            return path
        drive = next((place for place, part in enumerate(path.parts) if _DRIVE.fullmatch(part)), None)
        for start in range(drive + 1, len(path.parts)) if drive is not None else ():
            inner = Path(*path.parts[:drive], *path.parts[start:])
            if self._holds(inner, folders):
                return inner
        if stem(path.name) != path.name:
            return None
        if path.parent not in self._stems:
            stems = self._stems.setdefault(path.parent, {})
            for name in self._files[path.parent]:
                stems.setdefault(stem(name), []).append(name)
        named = self._stems[path.parent].get(path.name, [])
        return path.parent / named[0] if len(named) == 1 else None

    def _holds(self, path: Path, folders: bool) -> bool:
        parent = path.parent
        if parent not in self._files:
            files, inner = self._files.setdefault(parent, set()), self._folders.setdefault(parent, set())
            try:
                with os.scandir(parent) as entries:
                    for entry in entries:
                        if entry.is_file():
                            files.add(entry.name)
                        elif entry.is_dir():
                            inner.add(entry.name)
            except (OSError, ValueError):
                files.clear()
        files = self._files[parent]
        if path.name in files or (folders and path.name in self._folders[parent]):
            return True
        # A file system may know a name by other letters (case, accents) than its listing gives.
        return bool(files) and os.path.isfile(path)  # noqa: PTH113 - never raises
