"""What is in a data set, and what is wrong with its pictures and clips."""

from __future__ import annotations

import statistics
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from seesay.data.sample import Dataset, Fault, Sample, source_of
from seesay.errors import MediaError
from seesay.media import FrameSampling, LogMel, Preprocessing, load_clip, open_picture, read_words
from seesay.progress import ProgressCallback, silent
from seesay.text import tokenize

NO_SPLIT = "no split"
_SMALL = Preprocessing(size=(16, 16))
_SOME = FrameSampling(frames=8)


def check_pictures(dataset: Dataset, workers: int = 4, on_progress: ProgressCallback = silent) -> tuple[Fault, ...]:
    """Open every picture and text whole, eight frames of every clip, and the beginning of every sound, in threads.

    Args:
        dataset: whose pictures, clips, texts and sounds.
        workers: threads.
        on_progress: called with those done and those in all.

    Returns:
        A fault for each that does not open, and a fatal one for each split of which none does.

    Raises:
        MissingPartError: there are videos, and PyAV is not installed.
    """

    def check(sample: Sample) -> Fault | None:
        try:
            if sample.modality == "text":
                read_words(source_of(sample))
            elif sample.modality == "sound":
                LogMel().load(source_of(sample))
            elif sample.modality == "clip":
                load_clip(sample.media, _SMALL, _SOME, sample.start, sample.end, threads=1)
            else:
                open_picture(sample.media)
        except MediaError as error:
            return Fault(f"{sample.modality} that does not open", str(error), sample.media)
        return None

    faults: list[Fault] = []
    left: Counter[str | None] = Counter()
    pool = ThreadPoolExecutor(workers)
    try:
        for done, (sample, fault) in enumerate(zip(dataset.samples, pool.map(check, dataset.samples), strict=True), 1):
            if fault:
                faults.append(fault)
            else:
                left[sample.split] += 1
            on_progress(done, len(dataset.samples))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for thousands of pictures
    for split in dataset.splits:
        if not left[split]:
            message = f"not one {dataset.modality} of {split!r} opens"
            faults.append(Fault("split without samples", message, dataset.root, fatal=True))
    return tuple(faults)


def dataset_statistics(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """For each split: pictures or clips; classes, and the fewest and most clips of one; captions and their words.

    Classes are counted where there are labels, captions where there are captions: words in one, distinct words, and
    those seen 2, 5 and 10 times.
    """
    captioned = any(sample.references for sample in dataset.samples) or not dataset.classes
    found: dict[str, dict[str, Any]] = {}
    for split in (*dataset.splits, *([None] if any(s.split is None for s in dataset.samples) else [])):
        samples = [s for s in dataset.samples if s.split == split]
        values: dict[str, Any] = {f"{dataset.modality}s": len(samples)}
        if dataset.classes:
            members = Counter(s.label for s in samples if s.label is not None)
            most = max(members.values(), default=0)
            values |= {"classes": len(members), "fewest": min(members.values(), default=0), "most": most}
        if captioned:
            values |= _captions(samples)
        found[split or NO_SPLIT] = values
    return found


def _captions(samples: list[Sample]) -> dict[str, Any]:
    captions = [tokenize(text) for sample in samples for text in sample.references]
    lengths = [len(caption) for caption in captions]
    counts = Counter(token for caption in captions for token in caption)
    return {
        "captions": len(captions),
        "mean words": round(statistics.fmean(lengths), 2) if lengths else 0.0,
        "longest": max(lengths, default=0),
        "distinct words": len(counts),
        **{f"words seen {n} times": sum(c >= n for c in counts.values()) for n in (2, 5, 10)},
    }


def class_counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    """For each class, in order, its samples in each split."""
    counts = Counter((sample.label, sample.split or NO_SPLIT) for sample in dataset.samples)
    splits = [*dataset.splits, *([NO_SPLIT] if any(s.split is None for s in dataset.samples) else [])]
    return {label: {split: counts[label, split] for split in splits} for label in dataset.classes}
