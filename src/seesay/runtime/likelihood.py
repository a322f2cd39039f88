"""How likely a model holds what people said: teacher forcing by the step contract, with or without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from seesay.runtime.networks import Array, Networks
from seesay.text import Learned, Vocabulary


def cross_entropy(
    networks: Networks,
    state: Mapping[str, Array],
    references: Sequence[Sequence[str]],
    vocabulary: Vocabulary,
    learned: Learned,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The references' sum of -ln p for each picture, and how many tokens that is; the end of each is counted.

    Words outside of the vocabulary count as the unknown word, unless they are left out. `exp(sum / tokens)` is the
    perplexity.

    Args:
        networks: what is judged.
        state: as `networks.start` makes it, one row for each picture.
        references: captions of each picture, B lists of any number of them.
        vocabulary: words to ids.
        learned: what of each caption the model learned; the rest is left out.

    Returns:
        Nats (B,) and tokens (B,).
    """
    pictures, most = len(references), max(map(len, references))
    ids = [[[*learned.ids(text, vocabulary), vocabulary.end] for text in texts] for texts in references]
    length = max((len(row) for rows in ids for row in rows), default=0)
    targets = np.full((pictures * most, length), vocabulary.pad, np.int64)
    for picture, rows in enumerate(ids):
        for place, row in enumerate(rows):
            if len(row) > 1:  # a caption without a word is no caption
                targets[picture * most + place, : len(row)] = row
    values = {n: v if n in networks.constant else np.repeat(v, most, axis=0) for n, v in state.items()}
    nats, tokens = np.zeros(len(targets)), np.full(len(targets), vocabulary.start, np.int64)
    for position in range(length):
        logits, values = networks.step(tokens, values)
        tokens = targets[:, position]
        real = np.flatnonzero(tokens != vocabulary.pad)
        scores = logits[real].astype(np.float64)
        scores -= scores.max(1, keepdims=True)
        nats[real] += np.log(np.exp(scores).sum(1)) - scores[np.arange(len(real)), tokens[real]]
    counts = (targets != vocabulary.pad).sum(1)
    return nats.reshape(pictures, most).sum(1), counts.reshape(pictures, most).sum(1)
