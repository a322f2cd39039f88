"""`FORMAT:PATH` to a data set."""

from __future__ import annotations

from pathlib import Path

from seesay.data import activities, coco, descriptions, flickr8k, folders, tables  # noqa: F401 - each makes its readers known
from seesay.data.formats import READERS, read_options, split_options
from seesay.data.sample import Dataset
from seesay.errors import DataError, UsageError

__all__ = ["READERS", "read_dataset"]


def read_dataset(spec: str, *, strict: bool = True) -> Dataset:
    """Read `FORMAT:PATH` or `FORMAT:PATH,key=value,…`.

    Args:
        spec: a reader's name and what it reads, for example `flickr8k:/data/flickr8k`, and its options: `images` and
            `clips` name the folder that names of pictures and clips start from, where it is not the format's usual one;
            others are the format's own (`ucf101:/data/ucf101,split=2`).
        strict: raise on fatal faults; otherwise they are in the result's `faults`.

    Raises:
        UsageError: not of that form, an unknown format or option, or a value out of range.
        DataError: nothing there, or fatal faults.
    """
    name, colon, path = spec.partition(":")
    if not colon or not path:
        raise UsageError(
            f"{spec!r}: data is given as FORMAT:PATH, for example flickr8k:FOLDER. Formats: {', '.join(READERS)}"
        )
    reader = READERS[name]
    place, given = split_options(path)
    root = Path(place).expanduser()
    if not root.exists():
        raise DataError(f"{root}: no such file or folder")
    dataset = reader(root, **read_options(name, reader, given))
    if strict:
        dataset.raise_for_faults()
    return dataset
