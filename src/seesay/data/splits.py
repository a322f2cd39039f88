"""Splits for data that names none: drawn by hash, so that the same data is split the same way at every reading."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from seesay.data.clips import check_share
from seesay.data.sample import Dataset, Fault, Sample
from seesay.errors import DataError, UsageError

DEFAULT_SHARE = 0.1
"""Share of dev, and of test, where neither data nor user says anything; more of fewer than 20 samples."""


DRAWN = "splits drawn"
"""Kind of the note, among the faults, that says so of drawn splits; nothing is wrong with the data."""


def draw_splits(dataset: Dataset, dev: float = 0.0, test: float = 0.0) -> Dataset:
    """The data set with shares of its samples as dev and test, and the rest as train.

    What belongs together is never parted: samples of one group, of one file, of one text. In a data set with labels
    the shares are of each class. Where a data set has train already, the parts that it lacks are taken out of train;
    where all of it is in one split, that split's name says nothing, and the whole is split anew.

    Args:
        dataset: of any reader.
        dev: share of the samples, 0 or more and below 1; at least one group where it is above 0.
        test: likewise.

    Raises:
        UsageError: a share is out of range, or the data set has such a part already.
        DataError: there are too few groups.
    """
    for name, share in (("dev", dev), ("test", test), ("dev and test together", dev + test)):
        check_share(share, name)
    shares = {name: share for name, share in (("test", test), ("dev", dev)) if share}
    if not shares:
        return dataset
    there = dataset.splits
    if len(there) > 1 or (there == ("train",) and any(s.split is None for s in dataset.samples)):
        for name in shares:
            if name in there:
                raise UsageError(f"{dataset.root}: has a split {name!r} already; leave {name}= out")
        if "train" not in there:
            raise UsageError(f"{dataset.root}: has the splits {', '.join(there)}, and no 'train' to take others from")
        pool = [s for s in dataset.samples if s.split == "train"]
    else:
        pool = [s for s in dataset.samples if s.split is not None] if there else list(dataset.samples)
    drawn = _drawn(pool, shares)
    for name in shares:
        if pool and name not in drawn.values():
            raise DataError(f"{dataset.root}: too few {dataset.modality}s or groups to draw {name} from")
    samples = tuple(replace(s, split=drawn.get(s.id, s.split)) for s in dataset.samples)
    return replace(dataset, samples=samples)


def with_default_splits(dataset: Dataset) -> tuple[Dataset, str | None]:
    """The data set itself and nothing, or, where it names no splits, with drawn ones, and one line that says so."""
    if dataset.splits or not dataset.samples:
        return dataset, None
    # Two of each at least, where there are enough: the scores of captions compare items.
    share = max(DEFAULT_SHARE, min(0.25, 2 / len(dataset.samples)))
    drawn = draw_splits(dataset, share, share)
    counts = ", ".join(f"{len(drawn.split(name))} {name}" for name in drawn.splits)
    message = (
        f"names no splits: drawn by hash, the same at every reading ({counts}); for others add a split for each "
        f"{dataset.modality}, or dev={DEFAULT_SHARE},test={DEFAULT_SHARE} after the path"
    )
    faults = (*dataset.faults, Fault(DRAWN, message, dataset.root))
    return replace(drawn, faults=faults), f"{dataset.root}: {message}"


def cannot_be_trained(dataset: Dataset) -> str | None:
    """Why a data set cannot be trained on as it is, and what to do; None where it can."""
    if not dataset.samples:
        return "nothing in it can be used"
    if not dataset.splits:
        share = DEFAULT_SHARE
        return (
            f"no {dataset.modality} is in a split. seesay train draws {share:.0%} for dev and {share:.0%} for test; "
            f"choose with dev={share},test={share} after the path, or name a split (train, dev, test) for each"
        )
    lacking = [name for name in ("train", "dev") if name not in dataset.splits]
    if not lacking:
        return None
    if dataset.splits == ("train",) or "train" in dataset.splits:
        mend = f"add dev={DEFAULT_SHARE} after the path, which takes it out of train"
    elif len(dataset.splits) == 1:
        mend = f"add dev={DEFAULT_SHARE},test={DEFAULT_SHARE} after the path, which splits it anew"
    else:
        mend = "name a split (train, dev, test) for each"
    return f"it has no {' and no '.join(repr(name) for name in lacking)} split: {mend}"


def _drawn(samples: Sequence[Sample], shares: dict[str, float]) -> dict[str, str]:
    """The split of each sample, by its id."""
    classes: dict[str | None, list[list[Sample]]] = {}
    for members in _together(samples):
        classes.setdefault(members[0].label, []).append(members)
    drawn: dict[str, str] = {}
    small: list[list[Sample]] = []
    for parts in classes.values():
        if len(classes) > 1 and len(parts) <= len(shares):  # train and each of the others need theirs
            small += parts
            drawn |= {s.id: "train" for members in parts for s in members}
            continue
        drawn |= _of_one_class(parts, shares)
    if len(small) == len([p for parts in classes.values() for p in parts]):
        drawn = _of_one_class(small, shares)  # every class is too small for its own shares
    return drawn


def _of_one_class(parts: list[list[Sample]], shares: dict[str, float]) -> dict[str, str]:
    total = sum(map(len, parts))
    left = sorted(parts, key=_hash)
    drawn: dict[str, str] = {}
    for number, (name, share) in enumerate(shares.items()):
        taken = 0
        # One group at least of each part, and one left for each part that is still to be drawn, train included.
        while len(left) > len(shares) - number and (not taken or taken + len(left[-1]) / 2 <= share * total):
            members = left.pop()
            taken += len(members)
            drawn |= {s.id: name for s in members}
    return drawn | {s.id: "train" for members in left for s in members}


def _hash(members: list[Sample]) -> bytes:
    """Of what belongs together: by names alone, so that it is the same on another machine and in another order."""
    name = min(f"group {s.group}" if s.group is not None else s.id for s in members)
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _together(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples in lists of what must not be parted: of one group, one file or one text."""
    root: dict[object, object] = {}

    def find(key: object) -> object:
        root.setdefault(key, key)
        while root[key] != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for sample in samples:
        own = ("id", sample.id)
        root[find(("text", sample.text) if sample.text is not None else ("media", str(sample.media)))] = find(own)
        if sample.group is not None:
            root[find(("group", sample.group))] = find(own)
    found: dict[object, list[Sample]] = {}
    for sample in samples:
        found.setdefault(find(("id", sample.id)), []).append(sample)
    return list(found.values())
