"""Flickr8k and Flickr30k, in the layouts in which they go about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from seesay.data.assemble import Assembly, Row
from seesay.data.files import first_folder, read_lines
from seesay.data.formats import READERS
from seesay.data.sample import SPLITS, Dataset, normal_split
from seesay.errors import DataError

IMAGES = ("Flicker8k_Dataset", "Flickr8k_Dataset", "Images", "images", "flickr30k_images", "flickr30k-images")
SPLIT_LIST = re.compile(r"(?:.*[._ -])?(train|dev|val|test)(?:[._ -]?(?:images|imgs|set|split|list))?\.txt", re.I)


@READERS.register("flickr8k")
def read_flickr8k(root: Path, images: Path | None = None) -> Dataset:
    """The corpus's own layout (`Flickr8k.token.txt`, `Flicker8k_Dataset/`), or `captions.txt` with `Images/`.

    Split lists are files such as `Flickr_8k.trainImages.txt`, `dev.txt` or `flickr30k_test.txt`, one picture a line.
    Flickr30k comes in these layouts too. Pictures that no list names (Flickr8k has 91) belong to no split.
    """
    into = Assembly("flickr8k", root)
    # The corpus also has `Flickr8k.lemma.token.txt`, which is no text that people wrote.
    tokens = [p for p in sorted((*root.glob("*.token.txt"), *root.glob("*.token"))) if ".lemma." not in p.name]
    images = images or first_folder(root, *IMAGES)
    if tokens:
        captions = _token_lines(into, tokens[0])
    elif (root / "captions.txt").is_file():
        captions = _comma_lines(into, root / "captions.txt")
    else:
        raise DataError(f"{root}: holds neither Flickr8k.token.txt nor captions.txt; name the folder that does")
    splits = _split_lists(into, root)
    if not splits:
        message = "there are no Flickr_8k.trainImages.txt, .devImages.txt, .testImages.txt; put them in this folder"
        into.fault("no split lists", message, root)
    rows = [
        Row(name, images / name, text, splits[name].split if name in splits else None, file, line)
        for name, text, file, line in captions
    ]
    captioned = {row.id for row in rows}
    for name, listed in splits.items():
        if name not in captioned:
            rows.append(Row(name, images / name, None, listed.split, listed.file, listed.line))
    return into.dataset(rows)


def _token_lines(into: Assembly, file: Path) -> Iterator[tuple[str, str, Path, int]]:
    known: dict[str, str] = {}
    for number, line in read_lines(file):
        key, tab, text = line.partition("\t")
        name, _, order = key.rpartition("#")
        if not tab or not name or not order.strip().isdigit():
            into.fault("malformed line", "expected NAME.jpg#N, a tab, and a caption", file, number, fatal=True)
        elif key not in known:
            known[key] = text
            yield name, text, file, number
        elif known[key] == text:
            into.fault("repeated line", f"{key} is here twice, the same", file, number)
        else:
            into.fault("duplicate id", f"{key} is here twice, with two captions", file, number, fatal=True)


def _comma_lines(into: Assembly, file: Path) -> Iterator[tuple[str, str, Path, int]]:
    for number, line in read_lines(file):
        name, comma, text = line.partition(",")
        if number == 1 and name.strip().lower() in ("image", "image_name"):
            continue
        if not comma or not name.strip():
            into.fault("malformed line", "expected NAME.jpg, a comma, and a caption", file, number, fatal=True)
            continue
        text = text.strip()
        if text.startswith('"') and text.endswith('"') and len(text) > 1:
            text = text[1:-1].replace('""', '"')
        yield name.strip(), text, file, number


def _split_lists(into: Assembly, root: Path) -> dict[str, Row]:
    """What each listed picture's split is, and where that is said."""
    listed: dict[str, Row] = {}
    files = [(normal_split(match[1]), p) for p in root.glob("*.txt") if (match := SPLIT_LIST.fullmatch(p.name))]
    for split, file in sorted(files, key=lambda pair: (SPLITS.index(pair[0] or ""), pair[1])):
        for number, line in read_lines(file):
            name = line.strip()
            first = listed.setdefault(name, Row(name, root / name, None, split, file, number))
            if first.split != split:
                message = f"{name!r} is in {first.split} ({first.file.name}:{first.line}) and in {split}"
                into.fault("picture in two splits", message, file, number, fatal=True)
            elif (first.file, first.line) != (file, number):
                into.fault("repeated line", f"{name!r} is listed twice", file, number)
    return listed
