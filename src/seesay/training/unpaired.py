"""Captions without pictures, as if words had been detected in the pictures that they lack.

A model that reads detected words (`decoder.words`) learns from these to speak of things that no training picture shows,
as DCC (Hendricks et al. 2016, arXiv:1511.05284) and ViECap (Fei et al. 2023, arXiv:2307.16525) do. What a detector
would have found is drawn from what it did find: the sentence's own words get probabilities that it gave to pictures
described with them, and a training picture described with one of them lends its other words, right or wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seesay.errors import DataError
from seesay.models.memory import Memory
from seesay.reading import read_file
from seesay.text import Learned, Vocabulary, tokenize
from seesay.text.mentions import Mentions
from seesay.text.reading import MAX_BYTES

Floats = NDArray[np.float32]
LENT = 0.6
"""Chance of each of the picture's other words to be lent."""
LENT_GRIDS, LENT_POSITIONS = 0.6, 16
"""Share of the captions without pictures that get so many positions of the lending picture's grid."""
_KNOWN = 64
"""Pictures kept for each word."""


def read_captions(file: str) -> list[str]:
    """The captions of a file, one a line, perhaps after an image's name and a tab.

    Raises:
        DataError: it cannot be read, or holds no caption.
    """
    try:
        lines = read_file(Path(file).expanduser(), MAX_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise DataError(f"text.unpaired: {file}: cannot be read ({reason})") from error
    captions = [text for line in lines if (text := line.rpartition("\t")[2].strip())]
    if not captions:
        raise DataError(f"text.unpaired: {file}: holds no caption; each line is one, or IMAGE<tab>CAPTION")
    return captions


class Unpaired:
    """Captions without pictures, ready to be drawn from.

    Args:
        files: and how often each one's captions are drawn, in shares.
    """

    def __init__(self, files: dict[str, float]) -> None:
        self.tokens = [[tokenize(text) for text in read_captions(file)] for file in files]
        whole = sum(files.values())
        self.shares = [share / whole for share in files.values()]

    def prepare(self, vocabulary: Vocabulary, learned: Learned, mentions: Mentions) -> None:
        """Know every caption's ids and detectable words; captions whose words are mostly unknown are left out."""
        self.ids: list[list[list[int]]] = []
        self.words: list[list[list[int]]] = []
        for captions in self.tokens:
            ids, words = [], []
            for tokens in captions:
                encoded = vocabulary.encode(tokens[: learned.max_length])
                if encoded and encoded.count(vocabulary.unk) <= 1:
                    ids.append(encoded)
                    words.append(mentions.of(tokens))
            self.ids.append(ids)
            self.words.append(words)

    def draw(self, count: int, seed: Sequence[int]) -> tuple[list[list[int]], list[list[int]]]:
        """`count` captions: their ids, and their detectable words."""
        chance = np.random.default_rng([*seed, 7])
        sources = chance.choice(len(self.ids), count, p=self.shares)
        places = [int(chance.integers(len(self.ids[source]))) for source in sources]
        return (
            [self.ids[source][place] for source, place in zip(sources, places, strict=True)],
            [self.words[source][place] for source, place in zip(sources, places, strict=True)],
        )


class Imagined:
    """Detected words of pictures that are not there.

    Args:
        found: (N, W), the words detected in training pictures by detectors that had not seen them.
        shares: (N, W), how many of each one's captions hold each word.
        pooled: (D,), the training pictures' mean vector: what stands for a picture that is absent.
        word_ids: (W,) int64.
    """

    def __init__(self, found: Floats, shares: Floats, pooled: Floats, word_ids: Tensor) -> None:
        self.found = found
        self.pooled = torch.from_numpy(pooled)
        self.word_ids = word_ids
        chance = np.random.default_rng(0)
        self.pictures = [chance.permutation(np.flatnonzero(column))[:_KNOWN] for column in shares.T]
        # What is given to a word that few pictures have: as to the words that some have, and classes tell.
        rare = [w for w, with_it in enumerate(self.pictures) if 5 <= len(with_it) <= 40]
        self.usual = np.concatenate([found[self.pictures[w], w] for w in rare] or [np.array([0.5], np.float32)])

    def memory(self, words: Sequence[Sequence[int]], seed: Sequence[int]) -> tuple[Memory, list[int]]:
        """What a detector might have found in pictures described with these words, without a grid.

        Returns:
            The words, (B, W), and the training picture that lent each row its other words.
        """
        chance = np.random.default_rng([*seed, 8])
        rows = np.zeros((len(words), self.found.shape[1]), np.float32)
        lenders = []
        for row, own in zip(rows, words, strict=True):
            known = [w for w in own if len(self.pictures[w])]
            like = chance.choice(self.pictures[chance.choice(known)]) if known else chance.integers(len(self.found))
            lenders.append(int(like))
            row[:] = self.found[like] * (chance.random(len(row)) < LENT)
            for w in own:
                with_it = self.pictures[w]
                enough = len(with_it) >= 5
                row[w] = max(row[w], self.found[chance.choice(with_it), w] if enough else chance.choice(self.usual))
        grid = torch.zeros(len(words), 0, len(self.pooled))
        pooled = self.pooled.expand(len(words), -1)
        return Memory(grid, pooled, None, torch.from_numpy(rows), self.word_ids), lenders


def lend_grid(memory: Memory, lenders: Memory, seed: Sequence[int]) -> Memory:
    """Give half of the rows some positions of the pictures that lent them words, and their vectors.

    So a model learns to name a word that is detected for sure beside a grid that shows something else: with a picture's
    grid at hand it would else trust that alone, which its training pictures taught it to read.
    """
    chance = np.random.default_rng([*seed, 9])
    positions = lenders.grid.shape[1]
    places = np.argsort(chance.random((len(memory), positions)), 1)[:, : min(LENT_POSITIONS, positions)]
    has = torch.from_numpy(chance.random(len(memory)) < LENT_GRIDS)
    grid = lenders.grid.gather(1, torch.from_numpy(places)[..., None].expand(-1, -1, lenders.grid.shape[2]))
    pooled = torch.where(has[:, None], lenders.pooled, memory.pooled)
    mask = has[:, None].expand(-1, grid.shape[1])
    return replace(memory, grid=grid, pooled=pooled, mask=mask)
