"""COCO's annotation files and those of the data sets that took their form; Karpathy's one file; TextCaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seesay.data.assemble import Assembly, Row
from seesay.data.files import entries, first_folder, malformed, read_json, string
from seesay.data.formats import READERS
from seesay.data.records import local_name
from seesay.data.sample import Dataset, normal_split
from seesay.data.tables import read_jsonl
from seesay.errors import DataError
from seesay.text.columns import do_not_use, item_id

_PATTERNS = ("captions_*.json", "nocaps_*captions*.json", "*_captions*.json", "train.json", "val.json", "test.json")
_SPLIT = re.compile(r"(?:^|[^a-z])(train|val|test)", re.IGNORECASE)


@READERS.register("vizwiz")
@READERS.register("nocaps")
@READERS.register("coco")
def read_coco(root: Path, images: Path | None = None) -> Dataset:
    """COCO captions: a folder with `annotations/captions_{train,val}*.json` and picture folders; or one such file.

    VizWiz-Captions (`annotations/{train,val}.json`) and nocaps (`nocaps_val_4500_captions.json`) have this form too.
    `captions_val*` is the dev split; an image may name its own in `split`. Pictures lie in the folder of the file's
    stem (`train2014/`), in `images/` or beside it. Captions that are marked as not to be used (VizWiz's `is_rejected`
    and `is_precanned`) are left out. Lists of objects that name picture and caption (BLIP's) are read as `json:` does.
    """
    into = Assembly("coco", root)
    files = [root] if root.is_file() else _annotation_files(root)
    if not files:
        raise DataError(f"{root}: holds no annotations/captions_*.json")
    if root.is_file() and isinstance(content := read_json(root), list) and content:
        return read_jsonl(root, images)
    return into.dataset([row for file in files for row in _coco_rows(into, file, images)])


def _annotation_files(root: Path) -> list[Path]:
    for folder in (root / "annotations", root):
        for pattern in _PATTERNS[:3]:
            if files := sorted(folder.glob(pattern)):
                return files
        if files := [folder / name for name in _PATTERNS[3:] if (folder / name).is_file()]:
            return files
    return []


def _coco_rows(into: Assembly, file: Path, images: Path | None) -> Iterator[Row]:
    content = read_json(file, into.on_note(file))
    stem = file.stem.removeprefix("captions_")
    base = file.parent.parent if file.parent.name == "annotations" else file.parent
    folder = first_folder(images, stem, default=images) if images else None
    named = _SPLIT.search(stem)
    split = named[1].lower() if named else None
    usual = [stem, f"images/{stem}", *([f"images/{split}", split] if split else []), "images"]
    folder = folder or first_folder(base, *usual, default=base)
    pictures: dict[str, Row] = {}
    for place, entry in entries(content, "images", file):
        try:
            key, name = item_id(entry["id"]), string(entry["file_name"])
            of = normal_split(entry.get("split", split))
            row = Row(key, folder / local_name(name, folder), None, of, file, place.line)
        except (KeyError, TypeError, ValueError) as error:
            raise malformed(file, place, error) from None
        known = pictures.setdefault(key, row)
        if known is row:
            yield row
        elif (known.media, known.split) == (row.media, row.split):
            into.fault("repeated image", f"{place}: image {key} is listed twice, the same", file, place.line)
        else:
            message = f"{place}: image id {key} stands for two images"
            into.fault("duplicate id", message, file, place.line, fatal=True)
    if isinstance(content, dict) and "annotations" not in content:
        into.fault("no annotations", "the file lists pictures alone, as those of test sets without captions do", file)
        return
    for place, note in entries(content, "annotations", file):
        try:
            key, mark = item_id(note["image_id"]), do_not_use(note)
            caption = string(note["caption"]) if mark is None else ""
        except (KeyError, TypeError, ValueError) as error:
            raise malformed(file, place, error) from None
        picture = pictures.get(key)
        if mark is not None:
            message = f"{place}: a caption of image {key} is marked {mark}"
            into.fault("caption not to be used", message, file, place.line)
        elif picture is None:
            message = f"{place}: a caption of image {key}, which is not listed"
            into.fault("unknown picture", message, file, place.line)
        else:
            yield Row(picture.id, picture.media, caption, picture.split, file, place.line)


@READERS.register("karpathy")
def read_karpathy(root: Path, images: Path | None = None) -> Dataset:
    """Karpathy's `dataset_*.json` with its splits.

    Pictures lie in `filepath/` below the file or below `images=`, else in `images/`, `imgs/` or beside it. An image's
    id is its `cocoid` where it has one, so that predictions fit COCO's own annotations, else its file's name.
    """
    file = root if root.is_file() else next(iter(sorted(root.glob("dataset*.json"))), root / "dataset.json")
    into = Assembly("karpathy", root)
    content = read_json(file, into.on_note(file))
    base = images or file.parent
    plain = images or first_folder(base, "images", "Images", "imgs", "Flicker8k_Dataset", default=base)
    rows: list[Row] = []
    known: dict[str, Any] = {}
    for place, entry in entries(content, "images", file):
        try:
            below, name = string(entry.get("filepath") or ""), string(entry["filename"])
            key = item_id(entry["cocoid"] if "cocoid" in entry else f"{below}/{name}".lstrip("/"))
            folder = first_folder(base, below, f"images/{below}") if below else plain
            split = normal_split(entry.get("split"))
            texts = [
                string(s["raw"]) if s.get("raw") else " ".join(map(string, s["tokens"])) for s in entry["sentences"]
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise malformed(file, place, error) from None
        content_of_entry = (below, name, split, texts)
        if known.setdefault(key, content_of_entry) is content_of_entry:
            media = folder / local_name(name, folder)
            rows += [Row(key, media, text, split, file, place.line) for text in (None, *texts)]
        elif known[key] == content_of_entry:
            into.fault("repeated image", f"{place}: {key!r} is listed twice, the same", file, place.line)
        elif known[key][2] != split:
            message = f"{place}: {key!r} is in {known[key][2]} and in {split}"
            into.fault("picture in two splits", message, file, place.line, fatal=True)
        else:
            message = f"{place}: {key!r} is listed twice, and not the same"
            into.fault("duplicate id", message, file, place.line, fatal=True)
    return into.dataset(rows)


@READERS.register("textcaps")
def read_textcaps(root: Path, images: Path | None = None) -> Dataset:
    """TextCaps: `TextCaps_0.1_{train,val,test}.json`, whose list `data` has an entry for each caption.

    Pictures are `IMAGE_ID.jpg` in `train_images/`, `test_images/`, `images/` or `images=`. The test part has no
    captions. `val` has its pictures in `train_images/`, as published.

    Args:
        root: the folder of such files, all of which are read, or one of them.
        images: the folder of the pictures, or of `train_images/` and `test_images/`.

    Raises:
        DataError: there are no such files, or they are of another form.
    """
    into = Assembly("textcaps", root)
    files = [root] if root.is_file() else sorted(root.glob("TextCaps*.json"))
    if not files:
        raise DataError(f"{root}: holds no TextCaps_0.1_train.json")
    rows: list[Row] = []
    known: set[str] = set()
    for file in files:
        for place, entry in entries(read_json(file, into.on_note(file)), "data", file):
            try:
                key, split = item_id(entry["image_id"]), normal_split(entry.get("set_name"))
                texts = [string(entry["caption_str"])] if entry.get("caption_str") else []
                if not texts and key not in known:  # where there is no `caption_str`, each entry repeats all of them
                    texts = [string(text) for text in entry.get("reference_strs") or ()]
                known.add(key)
                below = string(entry.get("image_path") or "")
            except (KeyError, TypeError, ValueError) as error:
                raise malformed(file, place, error) from None
            part = "test_images" if split == "test" else "train_images"
            base = images or file.parent
            folder = first_folder(base, part, "images", default=base)
            media = base / below if below and (base / below).is_file() else folder / f"{key}.jpg"
            rows += [Row(key, media, text, split, file, place.line) for text in (None, *texts)]
    return into.dataset(rows)
