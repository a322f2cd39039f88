"""Captions from files, whatever wrote them: COCO JSON, {id: captions}, CSV, JSON lines, plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seesay.errors import DataError
from seesay.metrics.caption_rows import CaptionRow, Place, json_rows, table_rows
from seesay.text.columns import stem
from seesay.text.decoding import LINE_END
from seesay.text.reading import read_text

_FLICKR = re.compile(r"([^\t\r\n]+)#\d+\t([^\r\n]*)")


@dataclass(frozen=True)
class CaptionFile:
    """Captions of a file.

    Attributes:
        path: where they were read.
        captions: item id to its captions, in the order of the file.
        by_line: whether the ids are line numbers, because the file is plain text.
        rejected: ids whose captions are all marked as not to be used.
        notes: what was odd and read all the same, one line each.
    """

    path: Path
    captions: dict[str, list[str]]
    by_line: bool
    rejected: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass
class _Gathered:
    """What is known of a file while it is read."""

    path: Path
    several: bool
    captions: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, line: int, message: str) -> None:
        self.notes.append(f"{self.path}:{line}: {message}")

    def add(self, rows: Iterable[CaptionRow]) -> CaptionFile:
        """Gather rows; what is marked as not to be used is counted by its mark."""
        marks: dict[str, list[str | Place]] = {}
        rejected: set[str] = set()
        for row in rows:
            if row.mark is not None:
                marks.setdefault(row.mark, []).append(row.place)
                rejected.add(row.item)
                continue
            if row.item in self.captions and not self.several:
                message = "give one for each id, or one list as {id: [captions]}"
                raise DataError(f"{row.place}: a second caption for {row.item!r}; {message}")
            self.captions.setdefault(row.item, []).extend(row.captions)
        for mark, places in marks.items():
            self.notes.append(f"{places[0]}: {len(places)} caption(s) marked {mark} are left out, the first here")
        if not self.captions:
            raise DataError(
                f"{self.path}: holds no captions" + (" but such as are marked to be left out" * bool(marks))
            )
        gone = frozenset(rejected - self.captions.keys())
        return CaptionFile(self.path, self.captions, False, gone, tuple(self.notes))


def read_hypotheses(path: str | Path) -> CaptionFile:
    """One caption for each id, or a list of several where the file gives lists.

    Args:
        path: a file, or `-` for standard input.

    Raises:
        DataError: unreadable, of no known form, or an id twice.
    """
    return _read(Path(path), several=False)


def read_references(paths: Sequence[str | Path]) -> CaptionFile:
    """Any number of captions for each id; several plain text files give one reference for each line each.

    Raises:
        DataError: unreadable, of no known form, or text files of different lengths.
    """
    files = [_read(Path(path), several=True) for path in paths]
    first = files[0]
    for file in files[1:]:
        if file.by_line != first.by_line or (file.by_line and len(file.captions) != len(first.captions)):
            raise DataError(
                f"{file.path}: {_form(file)}, but {first.path} is {_form(first)}; reference files must go together"
            )
    captions: dict[str, list[str]] = {}
    for file in files:
        for item, texts in file.captions.items():
            captions.setdefault(item, []).extend(texts)
    rejected = frozenset(item for file in files for item in file.rejected) - captions.keys()
    return CaptionFile(
        first.path, captions, first.by_line, rejected, tuple(note for file in files for note in file.notes)
    )


def match_items(hypotheses: CaptionFile, references: CaptionFile) -> CaptionFile:
    """The hypotheses under the references' ids, with notes of what was done for that.

    Ids are the same text on both sides. Where they are not, names without their endings, and then without their
    folders, are tried; they must fit one to one. Items whose references are all marked as not to be used are left out.

    Raises:
        DataError: the two do not speak of the same items; one line that says which ids are missing where.
    """
    if hypotheses.by_line != references.by_line:
        raise DataError(
            f"{hypotheses.path} is {_form(hypotheses)}, {references.path} is {_form(references)}: "
            "their items cannot be matched; give both with ids, or both as plain text"
        )
    if hypotheses.by_line and len(hypotheses.captions) != len(references.captions):
        raise DataError(f"{hypotheses.path} has {_form(hypotheses)}, {references.path} has {_form(references)}")
    captions, notes = hypotheses.captions, list(hypotheses.notes)
    unusable = [item for item in captions if item in references.rejected]
    if unusable:
        notes.append(
            f"{hypotheses.path}: {len(unusable)} item(s) are left out, since all their references are marked as not to "
            f"be used ({_named(unusable)})"
        )
        captions = {item: texts for item, texts in captions.items() if item not in references.rejected}
    if captions.keys() != references.captions.keys():
        for what, key in _WAYS.items():
            renamed = _renamed(captions, references.captions, key)
            if renamed is not None:
                pair = next((a, b) for a, b in zip(captions, renamed, strict=True) if a != b)
                notes.append(f"{hypotheses.path}: ids are matched {what}: {pair[0]!r} is {pair[1]!r}")
                captions = renamed
                break
    for here, there, mine, others in (
        (hypotheses, references, captions, references.captions),
        (references, hypotheses, references.captions, captions),
    ):
        missing = [item for item in mine if item not in others]
        if missing:
            example = f"; its own are such as {next(iter(others))!r}" if others else ""
            raise DataError(
                f"{there.path}: lacks {len(missing)} of the {len(mine)} ids in {here.path} ({_named(missing)})"
                f"{example}; both sides need the same ids"
            )
    return replace(hypotheses, captions=captions, notes=tuple(notes))


_WAYS: dict[str, Callable[[str], str]] = {
    "without endings": stem,
    "without folders": lambda item: item.rpartition("/")[2],
    "without folders and endings": lambda item: stem(item.rpartition("/")[2]),
}


def _renamed(
    captions: dict[str, list[str]], references: dict[str, list[str]], key: Callable[[str], str]
) -> dict[str, list[str]] | None:
    """The captions under the references' ids, where these fit one to one by `key`."""
    own = {key(item): item for item in references}
    keys = {key(item) for item in captions}
    if len(own) != len(references) or len(keys) != len(captions) or own.keys() != keys:
        return None
    return {own[key(item)]: texts for item, texts in captions.items()}


def _named(items: Sequence[str]) -> str:
    return ", ".join(map(repr, items[:3])) + (", …" if len(items) > 3 else "")


def _form(file: CaptionFile) -> str:
    return f"plain text of {len(file.captions)} lines" if file.by_line else f"a file of {len(file.captions)} ids"


def _read(path: Path, *, several: bool) -> CaptionFile:
    found = _Gathered(path, several)
    text = read_text(path, found.note)
    if not text.strip():
        raise DataError(f"{path}: is empty; expected JSON, CSV with a header, JSON lines, or a caption on each line")
    if text.lstrip()[0] in "[{":
        return found.add(json_rows(path, text))
    lines = LINE_END.split(text)
    if not lines[-1]:
        lines.pop()
    entries = [_FLICKR.fullmatch(line) for line in lines if line]
    if all(entries):
        rows = (
            CaptionRow(f"{path}:{n}", m[1], [m[2]]) for n, line in enumerate(lines, 1) if (m := _FLICKR.match(line))
        )
        return found.add(rows)
    table = table_rows(path, text, found.note)
    if table is not None:
        return found.add(table)
    return CaptionFile(path, {str(i): [line] for i, line in enumerate(lines, 1)}, True, notes=tuple(found.notes))
