"""One reader for each public layout of captioned pictures."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from seesay.data.assemble import Assembly, Row
from seesay.data.sample import Dataset, normal_split
from seesay.errors import DataError, UsageError
from seesay.registry import Registry

Reader = Callable[[Path], Dataset]
READERS: Registry[Reader] = Registry("data format", "seesay.readers")


def read_dataset(spec: str, *, strict: bool = True) -> Dataset:
    """Read `FORMAT:PATH`.

    Args:
        spec: a reader's name and what it reads, for example `flickr8k:/data/flickr8k`.
        strict: raise on fatal faults; otherwise they are in the result's `faults`.

    Raises:
        UsageError: not of that form, or an unknown format.
        DataError: nothing there, or fatal faults.
    """
    name, colon, path = spec.partition(":")
    if not colon or not path:
        raise UsageError(
            f"{spec!r}: data is given as FORMAT:PATH, for example flickr8k:FOLDER. Formats: {', '.join(READERS)}"
        )
    reader = READERS[name]
    root = Path(path).expanduser()
    if not root.exists():
        raise DataError(f"{root}: no such file or folder")
    dataset = reader(root)
    if strict:
        dataset.raise_for_faults()
    return dataset


@READERS.register("flickr8k")
def read_flickr8k(root: Path) -> Dataset:
    """The corpus's own layout (`Flickr8k.token.txt`, `Flicker8k_Dataset/`), or `captions.txt` with `Images/`.

    Split lists are `*train*.txt`, `*dev*.txt` and `*test*.txt`, one picture a line. Flickr30k comes in these layouts
    too.
    """
    into = Assembly("flickr8k", root)
    tokens = sorted(root.glob("*.token.txt")) + sorted(root.glob("*.token"))
    images = _first_folder(root, "Flicker8k_Dataset", "Flickr8k_Dataset", "Images", "images", "flickr30k_images")
    if tokens:
        captions = _token_lines(into, tokens[0])
    elif (root / "captions.txt").is_file():
        captions = _comma_lines(into, root / "captions.txt")
    else:
        raise DataError(f"{root}: holds neither Flickr8k.token.txt nor captions.txt; name the folder that does")
    splits = _split_lists(into, root)
    if not splits:
        into.fault("no split lists", "no Flickr_8k.trainImages.txt and so on: only whole-set work is possible", root)
    rows = [Row(name, images / name, text, splits.get(name), file, line) for name, text, file, line in captions]
    captioned = {row.id for row in rows}
    for name in splits:
        if name not in captioned:
            rows.append(Row(name, images / name, None, splits[name], root))
    # Pictures that no list names (Flickr8k has 91) belong to no split.
    return into.dataset(rows)


@READERS.register("coco")
def read_coco(root: Path) -> Dataset:
    """COCO captions: a folder with `annotations/captions_{train,val}*.json` and picture folders; or one such file.

    `captions_val*` is the dev split. A single file's pictures lie in the folder of its own stem, in `images/`, or
    beside it.
    """
    into = Assembly("coco", root)
    files = (
        [root]
        if root.is_file()
        else sorted(root.glob("annotations/captions_*.json")) or sorted(root.glob("captions_*.json"))
    )
    if not files:
        raise DataError(f"{root}: holds no annotations/captions_*.json")
    rows: list[Row] = []
    for file in files:
        content = _json(file)
        stem = file.stem.removeprefix("captions_")
        base = file.parent.parent if file.parent.name == "annotations" else file.parent
        images = _first_folder(base, stem, f"images/{stem}", "images", default=base)
        split = next((s for s in ("train", "val", "test") if stem.startswith(s)), None)
        try:
            pictures = {entry["id"]: entry for entry in content["images"]}
            if len(pictures) < len(content["images"]):
                into.fault("duplicate id", "two images have one id", file, fatal=True)
            for entry in content["images"]:
                own = normal_split(entry.get("split", split))
                rows.append(Row(str(entry["id"]), images / entry["file_name"], None, own, file))
            for note in content["annotations"]:
                entry = pictures.get(note["image_id"])
                if entry is None:
                    into.fault(
                        "unknown picture", f"a caption is of image {note['image_id']}, which is not listed", file
                    )
                    continue
                own = normal_split(entry.get("split", split))
                rows.append(Row(str(entry["id"]), images / entry["file_name"], note["caption"], own, file))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"{file}: is not in COCO's caption format ({type(error).__name__}: {error})") from None
    return into.dataset(rows)


@READERS.register("karpathy")
def read_karpathy(root: Path) -> Dataset:
    """Karpathy's `dataset_*.json` with its splits; pictures lie in `filepath/` below it, in `images/` or beside it."""
    file = root if root.is_file() else next(iter(sorted(root.glob("dataset*.json"))), root / "dataset.json")
    content = _json(file)
    into = Assembly("karpathy", root)
    rows: list[Row] = []
    try:
        for entry in content["images"]:
            folder = (
                file.parent / entry["filepath"]
                if entry.get("filepath")
                else _first_folder(file.parent, "images", "Images", "Flicker8k_Dataset", default=file.parent)
            )
            split = normal_split(entry.get("split"))
            texts = [sentence.get("raw") or " ".join(sentence["tokens"]) for sentence in entry["sentences"]]
            for text in texts or [None]:
                rows.append(Row(entry["filename"], folder / entry["filename"], text, split, file))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{file}: is not in Karpathy's format ({type(error).__name__}: {error})") from None
    return into.dataset(rows)


@READERS.register("csv")
def read_csv(file: Path) -> Dataset:
    """A table with the columns image, caption and perhaps split; image paths are relative to the file."""
    into = Assembly("csv", file)
    lines = _text(file).splitlines(keepends=True)
    table = csv.DictReader(lines)
    names = {name.strip().lower(): name for name in table.fieldnames or ()}
    missing = [name for name in ("image", "caption") if name not in names]
    if missing:
        raise DataError(f"{file}:1: has no column {missing[0]!r}; its first line must name image, caption[, split]")
    return into.dataset(_records(into, file, ((table.line_num, {k: r[v] for k, v in names.items()}) for r in table)))


@READERS.register("jsonl")
def read_jsonl(file: Path) -> Dataset:
    """One JSON object a line: image, caption (or captions, a list), perhaps split; paths are relative to the file."""
    into = Assembly("jsonl", file)

    def records() -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(_text(file).splitlines(), 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                into.fault("not JSON", str(error), file, number, fatal=True)
                continue
            if not isinstance(record, dict):
                into.fault("not an object", 'each line is {"image": …, "caption": …}', file, number, fatal=True)
                continue
            captions = record.get("captions", [record.get("caption")])
            for caption in captions if isinstance(captions, list) else [captions]:
                yield number, {**record, "caption": caption}

    return into.dataset(_records(into, file, records()))


def _records(into: Assembly, file: Path, records: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[Row]:
    for number, record in records:
        image, caption = record.get("image"), record.get("caption")
        if not isinstance(image, str) or not image.strip():
            into.fault("no image", "the row names no image", file, number, fatal=True)
            continue
        if not isinstance(caption, str):
            into.fault("empty caption", f"{image!r} has no caption", file, number)
            caption = None
        try:
            split = normal_split(record.get("split"))
        except (ValueError, AttributeError) as error:
            into.fault("unknown split", str(error), file, number, fatal=True)
            continue
        yield Row(image.strip(), file.parent / image.strip(), caption, split, file, number)


def _token_lines(into: Assembly, file: Path) -> Iterator[tuple[str, str, Path, int]]:
    for number, line in enumerate(_text(file).splitlines(), 1):
        if not line.strip():
            continue
        key, tab, text = line.partition("\t")
        name, hash_sign, _ = key.rpartition("#")
        if not tab or not hash_sign:
            into.fault("malformed line", "expected NAME.jpg#N, a tab, and a caption", file, number, fatal=True)
            continue
        yield name, text, file, number


def _comma_lines(into: Assembly, file: Path) -> Iterator[tuple[str, str, Path, int]]:
    for number, line in enumerate(_text(file).splitlines(), 1):
        name, comma, text = line.partition(",")
        if number == 1 and name.strip().lower() == "image":
            continue
        if not line.strip():
            continue
        if not comma:
            into.fault("malformed line", "expected NAME.jpg, a comma, and a caption", file, number, fatal=True)
            continue
        if text.startswith('"') and text.endswith('"') and len(text) > 1:
            text = text[1:-1].replace('""', '"')
        yield name.strip(), text, file, number


def _split_lists(into: Assembly, root: Path) -> dict[str, str]:
    splits: dict[str, str] = {}
    for split, pattern in (("train", "*train*"), ("dev", "*dev*"), ("dev", "*val*"), ("test", "*test*")):
        for file in sorted(root.glob(f"{pattern}.txt")):
            for number, line in enumerate(_text(file).splitlines(), 1):
                name = line.strip()
                if name and splits.setdefault(name, split) != split:
                    message = f"{name!r} is in {splits[name]} and in {split}"
                    into.fault("picture in two splits", message, file, number, fatal=True)
    return splits


def _first_folder(base: Path, *names: str, default: Path | None = None) -> Path:
    return next((base / name for name in names if (base / name).is_dir()), default or base / names[0])


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(f"{file}:{line}: is not UTF-8 text; save it as UTF-8") from None


def _json(file: Path) -> Any:
    try:
        return json.loads(_text(file))
    except ValueError as error:
        raise DataError(f"{file}: is not JSON ({error})") from None
