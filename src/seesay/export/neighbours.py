"""What people said of the training pictures, put beside an exported model; see `seesay.runtime.neighbours`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seesay.artefact import NEIGHBOURS, Artefact
from seesay.data import Dataset, source_of
from seesay.errors import DataError
from seesay.media import decode_ahead
from seesay.runtime.captioner import Captioner
from seesay.runtime.neighbours import Neighbours
from seesay.runtime.networks import OnnxNetworks
from seesay.text import tokenize

SPLIT = "train"
CONSENSUS = 2.0
"""Of a model that has neighbours, among its search settings; 1 to 3 do as well on Flickr8k's dev part."""
BEAM = 5
"""At least so many sentences are found for it to choose among."""


def add_neighbours(
    artefact: Artefact, dataset: Dataset, on_progress: Callable[[int, int], None], tell: Callable[[str], None]
) -> None:
    """Look at the training pictures, or clips, with an exported model, and write its `neighbours.npz`.

    Args:
        artefact: exported; its folder gets the file, its manifest is not touched.
        dataset: its training part is taken.
        on_progress: told pictures done and pictures in all.
        tell: given a line where pictures do not open, which are passed over.

    Raises:
        DataError: the data has no training part, or fewer than two pictures of it open.
    """
    captioner = Captioner(artefact, OnnxNetworks(artefact))
    samples = dataset.split(SPLIT)
    vectors, told, faults = [], [], []
    done = 0
    for indices, pixels, broken in decode_ahead(
        map(source_of, samples), captioner.preprocessing, captioner.batch_size, on_error="yield"
    ):
        faults += [error for _, error in broken]
        if len(indices):
            vectors.append(captioner.networks.look(pixels)[1])
            told += [[captioner.vocabulary.encode(tokenize(c)) for c in samples[i].references] for i in indices]
        done += len(indices) + len(broken)
        on_progress(done, len(samples))
    if len(told) < 2:
        raise DataError(f"{len(told)} of {len(samples)} training pictures open, for example {faults[0]}")
    if faults:
        tell(f"{len(faults)} of {len(samples)} do not open and are passed over, the first: {faults[0]}")
    Neighbours.of(np.concatenate(vectors), told).save(artefact.root / NEIGHBOURS)
