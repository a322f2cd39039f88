"""COCO's annotation files, and Karpathy's one file with splits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seesay.data.assemble import Assembly, Row
from seesay.data.files import entries, first_folder, malformed, read_json, string
from seesay.data.formats import READERS
from seesay.data.sample import Dataset, normal_split
from seesay.errors import DataError


@READERS.register("coco")
def read_coco(root: Path, images: Path | None = None) -> Dataset:
    """COCO captions: a folder with `annotations/captions_{train,val}*.json` and picture folders; or one such file.

    `captions_val*` is the dev split; an image may name its own in `split`. Pictures lie in the folder of the file's
    stem (`train2014/`), in `images/` or beside it.
    """
    into = Assembly("coco", root)
    files = (
        [root]
        if root.is_file()
        else sorted(root.glob("annotations/captions_*.json")) or sorted(root.glob("captions_*.json"))
    )
    if not files:
        raise DataError(f"{root}: holds no annotations/captions_*.json")
    return into.dataset([row for file in files for row in _coco_rows(into, file, images)])


def _coco_rows(into: Assembly, file: Path, images: Path | None) -> Iterator[Row]:
    content = read_json(file)
    stem = file.stem.removeprefix("captions_")
    base = file.parent.parent if file.parent.name == "annotations" else file.parent
    folder = first_folder(images, stem, default=images) if images else None
    folder = folder or first_folder(base, stem, f"images/{stem}", "images", default=base)
    split = next((s for s in ("train", "val", "test") if stem.startswith(s)), None)
    pictures: dict[Any, Row] = {}
    for place, entry in entries(content, "images", file):
        try:
            key, name = entry["id"], string(entry["file_name"])
            row = Row(str(key), folder / name, None, normal_split(entry.get("split", split)), file)
            known = pictures.setdefault(key, row)
        except (KeyError, TypeError, ValueError) as error:
            raise malformed(file, place, error) from None
        if known is row:
            yield row
        elif known == row:
            into.fault("repeated image", f"{place}: image {key} is listed twice, the same", file)
        else:
            into.fault("duplicate id", f"{place}: image id {key} stands for two images", file, fatal=True)
    for place, note in entries(content, "annotations", file):
        try:
            key, caption = note["image_id"], string(note["caption"])
            picture = pictures.get(key)
        except (KeyError, TypeError, ValueError) as error:
            raise malformed(file, place, error) from None
        if picture is None:
            into.fault("unknown picture", f"{place}: a caption of image {key}, which is not listed", file)
        else:
            yield Row(picture.id, picture.media, caption, picture.split, file)


@READERS.register("karpathy")
def read_karpathy(root: Path, images: Path | None = None) -> Dataset:
    """Karpathy's `dataset_*.json` with its splits.

    Pictures lie in `filepath/` below the file or below `images=`, else in `images/`, `imgs/` or beside it. An image's
    id is its `cocoid` where it has one, so that predictions fit COCO's own annotations, else its file's name.
    """
    file = root if root.is_file() else next(iter(sorted(root.glob("dataset*.json"))), root / "dataset.json")
    content = read_json(file)
    into = Assembly("karpathy", root)
    base = images or file.parent
    plain = images or first_folder(base, "images", "Images", "imgs", "Flicker8k_Dataset", default=base)
    rows: list[Row] = []
    known: dict[str, Any] = {}
    for place, entry in entries(content, "images", file):
        try:
            below, name = string(entry.get("filepath") or ""), string(entry["filename"])
            key = str(entry["cocoid"]) if "cocoid" in entry else f"{below}/{name}".lstrip("/")
            folder = first_folder(base, below, f"images/{below}") if below else plain
            split = normal_split(entry.get("split"))
            texts = [
                string(s["raw"]) if s.get("raw") else " ".join(map(string, s["tokens"])) for s in entry["sentences"]
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise malformed(file, place, error) from None
        content_of_entry = (below, name, split, texts)
        if known.setdefault(key, content_of_entry) is content_of_entry:
            rows.append(Row(key, folder / name, None, split, file))
            rows += [Row(key, folder / name, text, split, file) for text in texts]
        elif known[key] == content_of_entry:
            into.fault("repeated image", f"{place}: {key!r} is listed twice, the same", file)
        elif known[key][2] != split:
            message = f"{place}: {key!r} is in {known[key][2]} and in {split}"
            into.fault("picture in two splits", message, file, fatal=True)
        else:
            into.fault("duplicate id", f"{place}: {key!r} is listed twice, and not the same", file, fatal=True)
    return into.dataset(rows)
