"""One's own clips in folders that are named as their activities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seesay.data.assemble import Assembly, Row
from seesay.data.clips import DEV_SHARE, check_share, hold_out_clips
from seesay.data.formats import READERS
from seesay.data.sample import Dataset, normal_split
from seesay.errors import DataError
from seesay.media import find_media

CLIPS_ARE = "clips are videos, animated pictures, and folders of frames called frame1.png or 00001.png"


@READERS.register("folders")
def read_folders(root: Path, dev: float = DEV_SHARE, test: float = DEV_SHARE) -> Dataset:
    """`CLASS/clip.mp4`, or `train/CLASS/clip.mp4`, `dev/…`, `test/…`; clips as `seesay caption` finds them.

    Where there are no folders of splits, `test` and then `dev` are shares of each class, drawn by the hash of the
    clips' names: the same at every reading, and one clip at least of each class that has three or more. Where there is
    train/ but no dev/, dev is such a share of train.

    Args:
        root: the folder of the classes or splits.
        dev: share of the clips that are dev; 0 for none.
        test: share of the clips that are test; 0 for none.

    Raises:
        DataError: it is no folder, or holds no folders.
        UsageError: a share out of range.
    """
    if not root.is_dir():
        raise DataError(f"{root}: is no folder; name the one that holds a folder for each class")
    check_share(dev, "dev")
    check_share(test, "test")
    check_share(dev + test, "dev and test together")
    into = Assembly("folders", root)
    inside = _folders(root)
    # A class may be called "train" as well: what holds clips rather than folders is one.
    parts = {folder: part for folder in inside if (part := _part(folder.name)) and _folders(folder)}
    if "train" not in parts.values():
        if not inside:
            raise DataError(f"{root}: holds no folders; put the clips of each class into a folder of its name")
        rows = [row for folder in inside for row in _class(into, folder, root, None)]
        if not rows:
            raise DataError(f"{root}: none of its {len(inside)} folders holds a clip; {CLIPS_ARE}")
        return into.dataset(_drawn(rows, {"test": test, "dev": dev}))
    for folder in inside:
        if folder not in parts:
            into.fault("folder beside the splits", f"{folder.name!r} is neither train, dev nor test", folder)
    rows = []
    for folder, part in parts.items():
        for inner in _folders(folder):
            rows += list(_class(into, inner, root, part))
    if "dev" not in parts.values():
        train = _drawn([row for row in rows if row.split == "train"], {"dev": dev})
        rows = [*train, *(row for row in rows if row.split != "train")]
    return into.dataset(rows)


def _part(name: str) -> str | None:
    try:
        return normal_split(name)
    except ValueError:
        return None


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _class(into: Assembly, folder: Path, root: Path, part: str | None) -> Iterator[Row]:
    empty = True
    for found, kind in find_media([folder]):
        if kind == "clip" and isinstance(found, Path):
            empty = False
            name = found.relative_to(root).as_posix()
            yield Row(name, found, None, part, folder, None, folder.name, kind="clip")
    if empty:
        into.fault("class without clips", f"{folder.name!r} has none; {CLIPS_ARE}", folder)


def _drawn(rows: list[Row], shares: dict[str, float]) -> list[Row]:
    """The rows, with shares of each class put into splits, and the rest into train."""
    classes: dict[str, list[Row]] = {}
    for row in rows:
        row.split = "train"
        classes.setdefault(row.label or "", []).append(row)
    for members in classes.values():
        for part, share in shares.items():
            left = [row for row in members if row.split == "train"]
            if part == "test" and len(members) < 3:
                continue  # dev and train need theirs
            # A share is of the whole class, also when some of it has gone already.
            held = hold_out_clips((row.id for row in left), share * len(members) / len(left))
            for row in left:
                if row.id in held:
                    row.split = part
    return rows
