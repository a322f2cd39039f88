"""`FORMAT:PATH` to a data set."""

from __future__ import annotations

import inspect
import logging
from pathlib import Path

from seesay.addresses import local_path
from seesay.data import activities, coco, descriptions, flickr8k, folders, shards, tables  # noqa: F401 - each makes its readers known
from seesay.data.formats import READERS, read_options, share_of, split_options
from seesay.data.sample import Dataset
from seesay.data.splits import draw_splits, with_default_splits
from seesay.errors import DataError, UsageError

__all__ = ["READERS", "read_dataset"]


log = logging.getLogger(__name__)


def read_dataset(spec: str, *, strict: bool = True, default_splits: bool = False) -> Dataset:
    """Read `FORMAT:PATH` or `FORMAT:PATH,key=value,…`.

    Args:
        spec: a reader's name and what it reads, for example `flickr8k:/data/flickr8k`, and its options: `images` and
            `clips` name the folder that names of pictures and clips start from, where it is not the format's usual one;
            others are the format's own (`ucf101:/data/ucf101,split=2`). `dev` and `test` are shares that are drawn
            where the data has no such split (`csv:mine.csv,dev=0.1,test=0.1`), or as the format says itself.
        strict: raise on fatal faults; otherwise they are in the result's `faults`.
        default_splits: draw dev and test where the data names no splits at all; one line in the log says so.

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
    remote = getattr(reader, "takes_addresses", False) and local_path(place) is None
    root = Path(place).expanduser()
    if not remote and not root.exists():
        raise DataError(f"{root}: no such file or folder")
    own = inspect.signature(reader).parameters
    shares = {key: share_of(key, given.pop(key)) for key in ("dev", "test") if key in given and key not in own}
    dataset = reader(place if remote else root, **read_options(name, reader, given))
    if strict:
        dataset.raise_for_faults()
    if shares and dataset.samples:
        dataset = draw_splits(dataset, **shares)
    if default_splits:
        dataset, message = with_default_splits(dataset)
        if message:
            log.warning("%s", message)
    return dataset
