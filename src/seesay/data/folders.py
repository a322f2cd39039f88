"""One's own clips, sounds or texts in folders that are named as their classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seesay.data.assemble import Assembly, Row
from seesay.data.clips import DEV_SHARE, check_share, hold_out_clips
from seesay.data.formats import READERS
from seesay.data.sample import Dataset, normal_split
from seesay.errors import DataError, UsageError
from seesay.media import find_endings, find_media
from seesay.media.modality import SOUND_SUFFIXES, TEXT_SUFFIXES, Modality

ARE: dict[Modality, str] = {
    "clip": "clips are videos, animated pictures, and folders of frames called frame1.png or 00001.png",
    "sound": "sounds are WAV, FLAC, MP3 and the like",
    "text": "texts are files called .txt",
}


@READERS.register("folders")
def read_folders(root: Path, dev: float = DEV_SHARE, test: float = DEV_SHARE, kind: str = "") -> Dataset:
    """`CLASS/clip.mp4`, or `train/CLASS/clip.mp4`, `dev/…`, `test/…`; clips as `seesay caption` finds them.

    Where there is no clip at all, sounds (`CLASS/a.wav`) are taken, and where there is none of these, texts
    (`CLASS/a.txt`); what else lies there is passed over.

    Where there are no folders of splits, `test` and then `dev` are shares of each class, drawn by the hash of the
    clips' names: the same at every reading, and one clip at least of each class that has three or more. Where there is
    train/ but no dev/, dev is such a share of train.

    Args:
        root: the folder of the classes or splits.
        dev: share of the clips that are dev; 0 for none.
        test: share of the clips that are test; 0 for none.
        kind: "clip", "sound" or "text", to take no other.

    Raises:
        DataError: it is no folder, or holds no folders.
        UsageError: a share out of range, or no such kind.
    """
    wanted = [known for known in ARE if known == (kind or known)]
    if not wanted:
        raise UsageError(f"kind={kind}: folders hold one of {', '.join(ARE)}")
    if not root.is_dir():
        raise DataError(f"{root}: is no folder; name the one that holds a folder for each class")
    check_share(dev, "dev")
    check_share(test, "test")
    check_share(dev + test, "dev and test together")
    inside = _folders(root)
    if not inside:
        raise DataError(f"{root}: holds no folders; put the clips, sounds or texts of each class into one of its name")
    for one in wanted:
        into = Assembly("folders", root)
        rows = _rows(into, inside, one, {"test": test, "dev": dev})
        if rows:
            return into.dataset(rows)
    what = "; ".join(ARE[one] for one in wanted)
    raise DataError(f"{root}: none of its {len(inside)} folders holds a {', a '.join(wanted)}; {what}")


def _rows(into: Assembly, inside: list[Path], kind: Modality, shares: dict[str, float]) -> list[Row]:
    """All of one kind; none where there is none."""
    # A class may be called "train" as well: what holds clips rather than folders is one.
    parts = {folder: part for folder in inside if (part := _part(folder.name)) and _folders(folder)}
    if "train" not in parts.values():
        return _drawn([row for folder in inside for row in _class(into, folder, kind, None)], shares)
    for folder in inside:
        if folder not in parts:
            into.fault("folder beside the splits", f"{folder.name!r} is neither train, dev nor test", folder)
    rows = []
    for folder, part in parts.items():
        for inner in _folders(folder):
            rows += list(_class(into, inner, kind, part))
    if "dev" not in parts.values():
        train = _drawn([row for row in rows if row.split == "train"], {"dev": shares["dev"]})
        rows = [*train, *(row for row in rows if row.split != "train")]
    return rows


def _part(name: str) -> str | None:
    try:
        return normal_split(name)
    except ValueError:
        return None


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _class(into: Assembly, folder: Path, kind: Modality, part: str | None) -> Iterator[Row]:
    empty = True
    for found in _found(folder, kind):
        empty = False
        name = found.relative_to(into.root).as_posix()
        yield Row(name, found, None, part, folder, None, folder.name, modality=kind)
    if empty:
        into.fault(f"class without {kind}s", f"{folder.name!r} has none; {ARE[kind]}", folder)


def _found(folder: Path, kind: Modality) -> Iterator[Path]:
    if kind == "clip":
        yield from (found for found, there in find_media([folder]) if there == "clip" and isinstance(found, Path))
        return
    suffixes = SOUND_SUFFIXES if kind == "sound" else TEXT_SUFFIXES
    yield from (found for found in find_endings([folder], suffixes) if isinstance(found, Path) and found != folder)


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
