"""What is in a data set, and what is wrong with its pictures."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from seesay.data.sample import Dataset, Fault, Sample
from seesay.errors import MediaError
from seesay.media import open_picture
from seesay.text import tokenize


def check_pictures(
    dataset: Dataset, workers: int = 4, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Fault, ...]:
    """Open every picture whole, in threads.

    Args:
        dataset: whose pictures.
        workers: threads.
        on_progress: called with pictures done and pictures in all.

    Returns:
        A fault for each picture that does not open, and a fatal one for each split of which none does.
    """

    def check(sample: Sample) -> Fault | None:
        try:
            open_picture(sample.media)
        except MediaError as error:
            return Fault("picture that does not open", str(error), sample.media)
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
            if on_progress:
                on_progress(done, len(dataset.samples))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for thousands of pictures
    for split in dataset.splits:
        if not left[split]:
            message = f"not one picture of {split!r} opens"
            faults.append(Fault("split without samples", message, dataset.root, fatal=True))
    return tuple(faults)


def dataset_statistics(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """For each split: pictures, captions, words in a caption, distinct words, and those seen 2, 5 and 10 times."""
    found: dict[str, dict[str, Any]] = {}
    for split in (*dataset.splits, *([None] if any(s.split is None for s in dataset.samples) else [])):
        samples = [s for s in dataset.samples if s.split == split]
        captions = [tokenize(text) for sample in samples for text in sample.references]
        lengths = [len(caption) for caption in captions]
        counts = Counter(token for caption in captions for token in caption)
        found[split or "no split"] = {
            "pictures": len(samples),
            "captions": len(captions),
            "mean words": round(statistics.fmean(lengths), 2) if lengths else 0.0,
            "longest": max(lengths, default=0),
            "distinct words": len(counts),
            **{f"words seen {n} times": sum(c >= n for c in counts.values()) for n in (2, 5, 10)},
        }
    return found
