"""What every reader gives and everything downstream takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seesay.errors import DataError
from seesay.media import Section
from seesay.media.modality import Modality
from seesay.registry import nearest

MODALITIES: tuple[Modality, ...] = ("picture", "clip", "text", "sound")
SPLITS = ("train", "dev", "test")
_OTHER_NAMES = {
    "val": "dev",
    "valid": "dev",
    "validate": "dev",
    "validation": "dev",
    "restval": "train",
    "training": "train",
    "testing": "test",
}


@dataclass(frozen=True)
class Sample:
    """One picture, clip, text or sound and what is known of it.

    Attributes:
        id: unique in its data set.
        media: path of the file.
        references: captions, as written.
        split: `train`, `dev` or `test`; None where the data says nothing.
        label: class name, for recognition.
        start: seconds into the clip; None is its beginning.
        end: seconds into the clip; None is its end.
        modality: "picture", "clip", "text" or "sound".
        text: the text itself, where `media` is a table that it stands in.
        group: what must not be in two splits: clips of one recording, one person.
    """

    id: str
    media: Path
    references: tuple[str, ...] = ()
    split: str | None = None
    label: str | None = None
    start: float | None = None
    end: float | None = None
    modality: Modality = "picture"
    text: str | None = None
    group: str | None = field(default=None, compare=False)


def source_of(sample: Sample) -> Path | Section | bytes:
    """What to open: a picture, a clip, or the section of a clip that a sample is; a sound; a text or its file."""
    if sample.text is not None:
        return sample.text.encode()
    if sample.start is None and sample.end is None:
        return sample.media
    return Section(sample.media, sample.start, sample.end)


@dataclass(frozen=True)
class Fault:
    """Something wrong in a data set.

    Attributes:
        kind: what, in a few words that are the same for all such faults.
        message: what exactly.
        file: where.
        line: 1-based line in `file`, None where lines mean nothing.
        fatal: whether training on it would be wrong; others are passed over with a count.
    """

    kind: str
    message: str
    file: Path
    line: int | None = None
    fatal: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.kind}: {self.message}"


@dataclass(frozen=True)
class Dataset:
    """Samples of one data set, and what was found wrong in it."""

    format: str
    root: Path
    samples: tuple[Sample, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits there are."""
        return tuple(sorted({s.split for s in self.samples if s.split}, key=SPLITS.index))

    @property
    def modality(self) -> Modality:
        """What most samples are."""
        kinds = Counter(s.modality for s in self.samples)
        return max(MODALITIES, key=kinds.__getitem__)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels there are, sorted; none where samples have captions alone."""
        return tuple(sorted({s.label for s in self.samples if s.label is not None}))

    def split(self, name: str) -> tuple[Sample, ...]:
        """The samples of one split.

        Raises:
            DataError: there is none; the message lists those there are.
        """
        name = _OTHER_NAMES.get(name, name)
        found = tuple(s for s in self.samples if s.split == name)
        if not found:
            if not self.splits:
                mend = f"give it split lists, a split (train, dev, test) for each {self.modality}, or dev=0.1,test=0.1"
                raise DataError(f"{self.root}: names no splits; {mend}")
            there = ", ".join(self.splits)
            mend = f" Add {name}=0.1 after the path to take it out of train" if name in ("dev", "test") else ""
            raise DataError(
                f"{self.root}: has no split {name!r}.{nearest(name, self.splits)} There are: {there}.{mend}"
            )
        return found

    def without(self, samples: Sequence[Sample], kind: str) -> Dataset:
        """The data set less some samples, each of which becomes a fault of this kind.

        Raises:
            DataError: nothing is left of a split.
        """
        gone = {s.id for s in samples}
        kept = tuple(s for s in self.samples if s.id not in gone)
        faults = tuple(Fault(kind, f"{s.id!r} is passed over", s.media) for s in samples)
        left = Dataset(self.format, self.root, kept, (*self.faults, *faults))
        for split in set(self.splits) - set(left.splits):
            raise DataError(f"{self.root}: nothing usable is left of {split!r}, for example {faults[0]}")
        return left

    def raise_for_faults(self) -> None:
        """Stop on fatal faults.

        Raises:
            DataError: one line that counts them and gives the first few.
        """
        fatal = [fault for fault in self.faults if fault.fatal]
        if fatal:
            shown = "; ".join(str(fault) for fault in fatal[:3])
            more = f"; and {len(fatal) - 3} more (seesay data check lists all)" if len(fatal) > 3 else ""
            raise DataError(f"{len(fatal)} fault(s) that must be fixed first: {shown}{more}")


def normal_split(name: object) -> str | None:
    """`val` is `dev`, `restval` is `train`, in lower case; None where nothing is said.

    Raises:
        ValueError: it is none of the known names.
    """
    if name is not None and not isinstance(name, str):
        raise ValueError(f"split {name!r} is not text")
    text = (name or "").strip().lower()
    text = _OTHER_NAMES.get(text, text)
    if text and text not in SPLITS:
        raise ValueError(f"split {name!r} is none of train, dev (val), test")
    return text or None


def count_faults(faults: tuple[Fault, ...]) -> dict[str, int]:
    """How many of each kind, most first."""
    return dict(Counter(fault.kind for fault in faults).most_common())
