"""Data sets of activities with published splits: UCF101, HMDB51 and Weizmann."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from seesay.data.assemble import Assembly, Row
from seesay.data.clips import DEV_SHARE, ClipFolder, hold_out
from seesay.data.files import first_folder, read_lines
from seesay.data.formats import READERS
from seesay.data.records import csv_records, local_name
from seesay.data.sample import Dataset
from seesay.errors import DataError, UsageError
from seesay.registry import nearest
from seesay.text.columns import media_name

_UCF_NAME = re.compile(r"(?P<label>[^/\\]+)/(?P<stem>v_.+_g(?P<group>\d+)_c\d+)\.\w+")


@READERS.register("ucf101")
def read_ucf101(root: Path, clips: Path | None = None, split: int = 1, dev: float = DEV_SHARE) -> Dataset:
    """UCF101: `CLASS/v_CLASS_gNN_cNN.avi` and the official lists in `ucfTrainTestlist/`.

    Classes without a folder are left out, so that any subset can be read. The lists have no dev part: of each class
    the last groups of its training part are dev (`dev`, a share of its groups).

    Args:
        root: the folder of the lists' folder, or the lists' folder.
        clips: the folder of the classes, where it is neither `root` nor one of its usual folders.
        split: 1, 2 or 3.
        dev: share of the training groups that are dev; 0 for none.

    Raises:
        DataError: there are no such lists.
        UsageError: an option out of range.
    """
    into = Assembly("ucf101", root)
    _check_split(split)
    lists = first_folder(root, "ucfTrainTestlist", "UCF101TrainTestSplits-RecognitionTask", default=root)
    files = {part: lists / f"{part}list{split:02}.txt" for part in ("train", "test")}
    if not all(file.is_file() for file in files.values()):
        raise DataError(f"{lists}: holds no trainlist{split:02}.txt and testlist{split:02}.txt")
    base = clips or first_folder(root, "UCF-101", "UCF101", "videos", default=root)
    rows = list(_ucf_rows(into, files, base))
    return into.dataset(_with_dev(rows, dev))


def _ucf_rows(into: Assembly, files: dict[str, Path], base: Path) -> Iterator[Row]:
    folders: dict[str, ClipFolder | None] = {}
    for part, file in files.items():
        for number, line in read_lines(file, into.on_note(file)):
            name = media_name(line.split()[0])
            match = _UCF_NAME.fullmatch(name)
            if match is None:
                message = f"expected CLASS/v_CLASS_gNN_cNN.avi, not {line.strip()!r:.80}"
                into.fault("malformed line", message, file, number, fatal=True)
                continue
            label = match["label"]
            if label not in folders:
                folders[label] = ClipFolder(base / label) if (base / label).is_dir() else None
            folder = folders[label]
            if folder is not None:
                group = f"{label} g{match['group']}"
                media = folder.path(match["stem"])
                yield Row(name, media, None, part, file, number, label=label, modality="clip", group=group)


@READERS.register("hmdb51")
def read_hmdb51(root: Path, clips: Path | None = None, split: int = 1, dev: float = DEV_SHARE) -> Dataset:
    """HMDB51: `CLASS/NAME.avi` and the official `testTrainMulti_7030_splits/CLASS_test_split1.txt`.

    In these, a clip's number is 1 for training, 2 for test and 0 for neither: those are left out. Classes without a
    folder are left out. There is no dev part: of each class the last recordings of its training part are dev; a
    recording is what stands before the class in a clip's name.

    Args:
        root: the folder of the lists' folder, or the lists' folder.
        clips: the folder of the classes, where it is neither `root` nor one of its usual folders.
        split: 1, 2 or 3.
        dev: share of the training recordings that are dev; 0 for none.

    Raises:
        DataError: there are no such lists.
        UsageError: an option out of range.
    """
    into = Assembly("hmdb51", root, published=True)
    _check_split(split)
    lists = first_folder(root, "testTrainMulti_7030_splits", "test_train_splits", "splits", default=root)
    ending = f"_test_split{split}.txt"
    files = sorted(lists.glob(f"*{ending}"))
    if not files:
        raise DataError(f"{lists}: holds no CLASS{ending}")
    base = clips or first_folder(root, "hmdb51_org", "hmdb51", "videos", default=root)
    rows = []
    for file in files:
        label = file.name.removesuffix(ending)
        if (base / label).is_dir():
            rows += list(_hmdb_rows(into, file, label, ClipFolder(base / label)))
    return into.dataset(_with_dev(rows, dev))


def _hmdb_rows(into: Assembly, file: Path, label: str, folder: ClipFolder) -> Iterator[Row]:
    parts = {"1": "train", "2": "test"}
    for number, line in read_lines(file, into.on_note(file)):
        name, _, which = line.strip().rpartition(" ")
        name = name.strip()
        if not name or which not in ("0", "1", "2"):
            message = f"expected NAME.avi and 0, 1 or 2, not {line.strip()!r:.80}"
            into.fault("malformed line", message, file, number, fatal=True)
        elif which in parts:
            stem, dot, ending = name.rpartition(".")
            recording = name.partition(f"_{label}_")[0]
            media = folder.path(stem or name, f"{dot}{ending}" if stem else "")
            key = f"{label}/{name}"
            group = f"{label} {recording}"
            yield Row(key, media, None, parts[which], file, number, label=label, modality="clip", group=group)


def _check_split(split: int) -> None:
    if split not in (1, 2, 3):
        raise UsageError(f"split={split} must be 1, 2 or 3")


def _with_dev(rows: list[Row], share: float) -> list[Row]:
    """The rows with whole groups of the training part as dev; none that the test part has too."""
    tested = {row.group for row in rows if row.split == "test"}
    groups: dict[str, set[str]] = {}
    for row in rows:
        if row.split == "train" and row.group is not None and row.group not in tested:
            groups.setdefault(row.label or "", set()).add(row.group)
    held = hold_out(groups, share)
    return [replace(row, split="dev") if row.split == "train" and row.group in held else row for row in rows]


@READERS.register("weizmann")
def read_weizmann(root: Path, person: str | None = None) -> Dataset:
    """The Weizmann actions: `clips.csv` (path, label, person), or folders of actions with `PERSON_ACTION.avi`.

    One person is left out: `person=daria` makes her clips the test part, those of the next person in alphabetical order
    (after the last comes the first) dev, and all others train. Without it the clips belong to no split.

    Raises:
        DataError: there are no clips.
        UsageError: no such person.
    """
    into = Assembly("weizmann", root)
    table = root / "clips.csv" if root.is_dir() else root
    rows = list(_weizmann_table(into, table) if table.is_file() else _weizmann_folders(root))
    people = sorted({row.group for row in rows if row.group is not None})
    if person is None:
        message = f"name the person to leave out, for example person={people[0]}" if people else "there are no clips"
        into.fault("no person left out", message, root)
        return into.dataset(rows)
    if person not in people:
        raise UsageError(f"weizmann: no person {person!r}.{nearest(person, people)} There are: {', '.join(people)}")
    parts = {person: "test"}
    if len(people) > 2:
        parts[people[(people.index(person) + 1) % len(people)]] = "dev"
    return into.dataset(replace(row, split=parts.get(row.group or "", "train")) for row in rows)


def _weizmann_table(into: Assembly, table: Path) -> Iterator[Row]:
    for line, record in csv_records(into, table, "path", "label", "person"):
        name, label, person = (record.get(column, "").strip() for column in ("path", "label", "person"))
        if not (name and label and person):
            into.fault("malformed line", "expected path, label, person", table, line, fatal=True)
            continue
        name = local_name(name, table.parent)
        yield Row(name, table.parent / name, None, None, table, line, label, modality="clip", group=person)


def _weizmann_folders(root: Path) -> Iterator[Row]:
    base = first_folder(root, "videos", default=root)
    for media in sorted(base.glob("*/*.avi")):
        name, (person, _, rest) = media.relative_to(base).as_posix(), media.stem.partition("_")
        if rest:
            yield Row(name, media, None, None, media, None, media.parent.name, modality="clip", group=person.lower())
