"""Flickr8k and Flickr30k, in the layouts in which they go about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from seesay.data.assemble import Assembly, Row
from seesay.data.files import first_folder, read_lines
from seesay.data.formats import READERS
from seesay.data.records import csv_records, local_name
from seesay.data.sample import SPLITS, Dataset, normal_split
from seesay.errors import DataError
from seesay.text.columns import media_name, stem

IMAGES = ("Flicker8k_Dataset", "Flickr8k_Dataset", "Images", "images", "flickr30k_images", "flickr30k-images")
SPLIT_LIST = re.compile(r"(?:.*[._ -])?(train|dev|val|test)(?:[._ -]?(?:images|imgs|set|split|list))?\.txt", re.I)
TABLES = ("captions.txt", "results.csv", "captions.csv")

Captions = Iterator[tuple[str, str, Path, int]]
"""Of each: the picture's name, the caption, the file and the line."""


@READERS.register("flickr8k")
def read_flickr8k(root: Path, images: Path | None = None) -> Dataset:
    """The corpus's own layout (`Flickr8k.token.txt`, `Flicker8k_Dataset/`), or a table as Kaggle has it.

    Kaggle's are `captions.txt` with `Images/` (Flickr8k) and `results.csv` with `flickr30k_images/` (Flickr30k).
    Split lists are files such as `Flickr_8k.trainImages.txt`, `dev.txt` or `flickr30k_test.txt`, one picture a line,
    with or without its ending. Pictures that no list names (Flickr8k has 91) belong to no split.
    """
    into = Assembly("flickr8k", root)
    if root.is_file():
        files, base = [root], root.parent
    else:
        base = next((b for b in (root, root / "Flickr8k_text", root / "text") if _caption_files(b)), root)
        files = _caption_files(base)
    if not files:
        raise DataError(f"{root}: holds neither Flickr8k.token.txt nor captions.txt; name the folder that does")
    captions = (_token_lines if ".token" in files[0].name else _table_rows)(into, files[0])
    images = images or _images(base if base == root or root.is_file() else root)
    found = list(captions)
    splits = _split_lists(into, base, _names_by_stem(name for name, *_ in found))
    if not splits:
        message = "there are no Flickr_8k.trainImages.txt, .devImages.txt, .testImages.txt; put them in this folder"
        into.fault("no split lists", message, root)
    rows = [
        Row(name, images / local_name(name, images), text, splits[name].split if name in splits else None, file, line)
        for name, text, file, line in found
    ]
    captioned = {row.id for row in rows}
    for name, listed in splits.items():
        if name not in captioned:
            rows.append(Row(name, images / name, None, listed.split, listed.file, listed.line))
    return into.dataset(rows)


def _caption_files(folder: Path) -> list[Path]:
    """The files of captions, that which is read first."""
    # The corpus also has `Flickr8k.lemma.token.txt`, which is no text that people wrote.
    tokens = [p for p in sorted((*folder.glob("*.token.txt"), *folder.glob("*.token"))) if ".lemma." not in p.name]
    return tokens or [folder / name for name in TABLES if (folder / name).is_file()]


def _images(root: Path) -> Path:
    """The folder of the pictures; some archives hold one such folder in another of the same name."""
    beside = root if any(root.glob("*.jp*g")) else None
    folder = first_folder(root, *IMAGES, default=beside)
    inner = first_folder(folder, *IMAGES, default=folder)
    return inner if inner.is_dir() else folder


def _token_lines(into: Assembly, file: Path) -> Captions:
    known: dict[str, str] = {}
    for number, line in read_lines(file, into.on_note(file)):
        key, tab, text = line.partition("\t")
        name, _, order = key.rpartition("#")
        if not tab or not name or not order.strip().isdigit():
            into.fault("malformed line", "expected NAME.jpg#N, a tab, and a caption", file, number, fatal=True)
        elif key not in known:
            known[key] = text
            yield media_name(name), text, file, number
        elif known[key] == text:
            into.fault("repeated line", f"{key} is here twice, the same", file, number)
        else:
            into.fault("duplicate id", f"{key} is here twice, with two captions", file, number, fatal=True)


def _table_rows(into: Assembly, file: Path) -> Captions:
    """Rows of a table of pictures and captions; the heading may be missing, and captions may hold bare commas."""
    for number, record in csv_records(into, file, join=True):
        name, text = record.get("image") or record.get("file"), record.get("caption")
        if not isinstance(name, str) or not name.strip() or text is None:
            into.fault("malformed line", "expected NAME.jpg, a comma, and a caption", file, number, fatal=True)
        else:
            yield media_name(name), text, file, number


def _names_by_stem(names: Iterator[str]) -> dict[str, str]:
    """Names of pictures, by themselves and without ending where that means one of them alone."""
    own = dict.fromkeys(names)
    stems: dict[str, set[str]] = {}
    for name in own:
        stems.setdefault(stem(name), set()).add(name)
    return {**{short: next(iter(full)) for short, full in stems.items() if len(full) == 1}, **{n: n for n in own}}


def _split_lists(into: Assembly, root: Path, names: Mapping[str, str]) -> dict[str, Row]:
    """What each listed picture's split is, and where that is said.

    Args:
        into: for faults.
        root: the folder of the lists.
        names: of pictures with captions, and by what these are called in lists too.
    """
    listed: dict[str, Row] = {}
    files = [(normal_split(match[1]), p) for p in root.glob("*.txt") if (match := SPLIT_LIST.fullmatch(p.name))]
    for split, file in sorted(files, key=lambda pair: (SPLITS.index(pair[0] or ""), pair[1])):
        for number, line in read_lines(file, into.on_note(file)):
            name = media_name(line.strip().strip('"'))
            name = names.get(name) or (stem(name) if names.get(stem(name)) == stem(name) else name)
            first = listed.setdefault(name, Row(name, root / name, None, split, file, number))
            if first.split != split:
                message = f"{name!r} is in {first.split} ({first.file.name}:{first.line}) and in {split}"
                into.fault("picture in two splits", message, file, number, fatal=True)
            elif (first.file, first.line) != (file, number):
                into.fault("repeated line", f"{name!r} is listed twice", file, number)
    return listed
