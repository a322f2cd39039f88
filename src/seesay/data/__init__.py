"""Data sets as Samples, whatever their layout; and the cache of encoded pictures."""

from seesay.data.check import check_pictures, class_counts, dataset_statistics
from seesay.data.features import FeatureCache
from seesay.data.readers import READERS, read_dataset
from seesay.data.sample import Dataset, Fault, Sample, count_faults, source_of
from seesay.data.splits import cannot_be_trained, draw_splits

__all__ = [
    "READERS",
    "Dataset",
    "Fault",
    "FeatureCache",
    "Sample",
    "cannot_be_trained",
    "check_pictures",
    "class_counts",
    "count_faults",
    "dataset_statistics",
    "draw_splits",
    "read_dataset",
    "source_of",
]
