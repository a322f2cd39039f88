"""`FORMAT:PATH` to a data set."""

from __future__ import annotations

from pathlib import Path

from seesay.data import coco, flickr8k, tables  # noqa: F401 - each makes its readers known
from seesay.data.formats import READERS
from seesay.data.sample import Dataset
from seesay.errors import DataError, UsageError

__all__ = ["READERS", "read_dataset"]


def read_dataset(spec: str, *, strict: bool = True) -> Dataset:
    """Read `FORMAT:PATH` or `FORMAT:PATH,images=DIR`.

    Args:
        spec: a reader's name and what it reads, for example `flickr8k:/data/flickr8k`; `images` names the folder that
            picture names start from, where it is not the format's usual one.
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
    images: Path | None = None
    if not Path(path).expanduser().exists():
        path, option, folder = path.rpartition(",images=")
        if option:
            images = Path(folder).expanduser()
            if not images.is_dir():
                raise DataError(f"{images}: no such folder of pictures (images= in {spec!r})")
        else:
            path = folder
    root = Path(path).expanduser()
    if not root.exists():
        raise DataError(f"{root}: no such file or folder")
    dataset = reader(root, images)
    if strict:
        dataset.raise_for_faults()
    return dataset
