"""What people said of the training pictures, put beside an exported model; see `seesay.runtime.neighbors`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from seesay.artifact import NEIGHBORS, Artifact
from seesay.data import Dataset, source_of
from seesay.errors import DataError
from seesay.media import decode_ahead
from seesay.progress import ProgressCallback
from seesay.runtime.captioner import Captioner
from seesay.runtime.neighbors import Neighbors
from seesay.runtime.networks import OnnxNetworks
from seesay.text import tokenize

SPLIT = "train"
CONSENSUS = 2.0
"""Of a model that has neighbors, among its search settings; 1 to 3 do as well on Flickr8k's dev part."""
BEAM = 5
"""At least so many sentences are found for it to choose among."""


def add_neighbors(
    artifact: Artifact,
    datasets: Sequence[Dataset],
    on_progress: ProgressCallback,
    warn: Callable[[str], None],
) -> None:
    """Look at the training pictures, or clips, with an exported model, and write its `neighbours.npz`.

    Args:
        artifact: exported; its folder gets the file, its manifest is not touched.
        datasets: their training parts are taken.
        on_progress: called with pictures done and pictures in all.
        warn: given a line where pictures do not open, which are passed over.

    Raises:
        DataError: the data has no training part, or fewer than two pictures of it open.
    """
    captioner = Captioner(artifact, OnnxNetworks(artifact))
    samples = [sample for dataset in datasets for sample in dataset.split(SPLIT)]
    vectors, captions, faults = [], [], []
    done = 0
    for indices, pixels, broken in decode_ahead(
        map(source_of, samples), captioner.preprocessing, captioner.batch_size, on_error="yield"
    ):
        faults += [error for _, error in broken]
        if len(indices):
            vectors.append(captioner.networks.start_with_features(pixels)[1])
            captions += [[captioner.vocabulary.encode(tokenize(c)) for c in samples[i].references] for i in indices]
        done += len(indices) + len(broken)
        on_progress(done, len(samples))
    if len(captions) < 2:
        raise DataError(f"{len(captions)} of {len(samples)} training pictures open, for example {faults[0]}")
    if faults:
        warn(f"{len(faults)} of {len(samples)} do not open and are passed over, the first: {faults[0]}")
    Neighbors.of(np.concatenate(vectors), captions).save(artifact.root / NEIGHBORS)
