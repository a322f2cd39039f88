"""What people said of similar pictures, kept beside a model: of the captions found, what agrees most is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.artifact.arrays import NEIGHBOR_ARRAYS, read_arrays
from seesay.errors import ArtifactError, UsageError
from seesay.metrics.ngrams import ORDER, Captions, Counts, add_up, count_ngrams, find, spans
from seesay.search import Hypothesis

NEAREST = 60
"""Training pictures that have a say in one caption."""
KERNEL = 0.07
"""Their weight is exp(cosine / KERNEL), of which all make 1 together."""
DIMENSIONS = 128
"""What pictures' vectors are brought down to: as many directions as tell most of what is said of pictures."""
_RIDGE = 0.3
"""Added to the variance of every direction of the CNN's vectors before they are whitened, in shares of the mean one."""
_PART = 2048
"""N-grams whose vectors are held at a time."""
_IN_FEWEST = 2
"""N-grams of the captions of fewer pictures are left out: what one alone is described with says nothing of others."""


@dataclass(frozen=True)
class Neighbors:
    """Training pictures by the CNN's vectors, and the n-grams that people described each with.

    A caption's consensus with a picture is the mean of its CIDEr (Vedantam et al. 2015, eq. 1 and 2, without length
    penalty) with the captions of the training pictures nearest to it, each weighed by how near. Devlin et al. 2015
    (arXiv:1505.04467, section 3) choose among the neighbors' own captions so, Mao et al. 2015 (arXiv:1412.6632v5,
    section 8) among the ten best of their network.

    What counts as near is learned too. The CNN's vectors are whitened, and of these the directions are kept that vary
    most with the captions' tf-idf vectors: canonical correlation with the captions' side left as it is, which is known
    as orthonormalized partial least squares (Worsley et al. 1997, NeuroImage 6). Hodosh et al. 2013 (JAIR 47, section
    4) match pictures and captions by canonical correlation.

    The captions themselves are not kept: of a picture, the mean of their tf-idf vectors, less the n-grams that no other
    picture's have.

    Attributes:
        centre: (D,) float32, mean of the training pictures' vectors.
        projection: (D, d) float32, from a vector less the centre to what tells of captions.
        vectors: (N, d) float16, the pictures, of length 1.
        grams: (G,) uint64, hashes of n-grams of one to four of the model's words, sorted.
        idf: (G,) float32.
        starts: (N + 1,) int64, where each picture's n-grams begin in the next two.
        gram: (M,) uint32, indexes into `grams`.
        weight: (M,) float16, of each n-gram in the mean of its picture's captions, which are of length 1.
    """

    centre: NDArray[np.float32]
    projection: NDArray[np.float32]
    vectors: NDArray[np.float16]
    grams: NDArray[np.uint64]
    idf: NDArray[np.float32]
    starts: NDArray[np.int64]
    gram: NDArray[np.uint32]
    weight: NDArray[np.float16]

    @classmethod
    def of(
        cls,
        vectors: NDArray[np.floating],
        captions: Sequence[Sequence[Sequence[int]]],
        fewest: int = _IN_FEWEST,
    ) -> Neighbors:
        """Learn them.

        Args:
            vectors: (N, D), the CNN's, one for each picture.
            captions: of each picture one or more, as the model's word ids.
            fewest: n-grams of the captions of fewer pictures are left out.

        Raises:
            UsageError: fewer than two pictures.
        """
        if len(vectors) < 2:
            raise UsageError(f"{len(vectors)} training picture(s) are no neighbors; give two or more")
        wide = np.asarray(vectors, np.float32)
        centre = wide.mean(0)
        wide = wide - centre
        candidates = _as_captions(
            [c for one in captions for c in one], [i for i, one in enumerate(captions) for _ in one]
        )
        counts = count_ngrams(candidates)
        picture = candidates.items[counts.caption]
        # (picture, n-gram) pairs, each once, in order; then the captions' vectors are added up in these.
        pairs, place = np.unique(picture * len(counts.grams) + counts.gram, return_inverse=True)
        owner, gram = np.divmod(pairs, max(1, len(counts.grams)))
        documents = np.bincount(gram, minlength=len(counts.grams))
        idf = np.log(len(captions) / np.maximum(1, documents))
        each = _unit(counts, idf[counts.gram], len(candidates.lengths)) / np.bincount(candidates.items)[picture]
        weight = add_up(place, each, len(pairs))
        shared = documents >= fewest
        kept = shared[gram] & (weight > 0)
        new = np.cumsum(shared) - 1
        projection = _pls_directions(wide, owner[kept], gram[kept], weight[kept])
        return cls(
            centre,
            projection,
            _directions(wide @ projection).astype(np.float16),
            counts.grams[shared],
            idf[shared].astype(np.float32),
            np.searchsorted(owner[kept], np.arange(len(captions) + 1)),
            new[gram[kept]].astype(np.uint32),
            weight[kept].astype(np.float16),
        )

    def nearest(self, pooled: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The CNN's vectors of pictures (B, D) → indexes of the training pictures nearest to each, and weights, (B, K).

        The nearest comes first; weights sum to 1.

        Raises:
            ArtifactError: the vectors are another CNN's.
        """
        if pooled.shape[1] != len(self.centre):
            raise ArtifactError(
                f"the model's neighbors are of a CNN whose vectors have {len(self.centre)} numbers, its own have "
                f"{pooled.shape[1]}; make the model anew: seesay export MODEL --out DIR --neighbors FORMAT:PATH"
            )
        seen = _directions(_products(self._axes, np.asarray(pooled, np.float32) - self.centre))
        cosine = _products(self._rows, seen)
        some = min(NEAREST, cosine.shape[1])
        nearest = np.argpartition(-cosine, some - 1, 1)[:, :some]
        order = np.argsort(-np.take_along_axis(cosine, nearest, 1), 1, kind="stable")
        nearest = np.take_along_axis(nearest, order, 1)
        near = np.take_along_axis(cosine, nearest, 1)
        weight = np.exp((near - near[:, :1]) / KERNEL)
        return nearest, weight / weight.sum(1, keepdims=True)

    def nearness(self, pooled: NDArray[np.floating]) -> NDArray[np.float64]:
        """Cosine of each picture (B, D) and the training picture nearest to it: (B,)."""
        seen = _directions(_products(self._axes, np.asarray(pooled, np.float32) - self.centre))
        return np.asarray(_products(self._rows, seen).max(1), np.float64)

    @cached_property
    def _axes(self) -> NDArray[np.float32]:
        return np.ascontiguousarray(self.projection.T)

    @cached_property
    def _rows(self) -> NDArray[np.float32]:
        return self.vectors.astype(np.float32)  # numpy computes with float16 slowly

    def consensus(
        self, pooled: NDArray[np.floating], captions: Sequence[Sequence[Sequence[int]]]
    ) -> list[NDArray[np.float64]]:
        """How much each caption of each picture is like what people said of pictures near it, from 0 to 10.

        Args:
            pooled: (B, D), the CNN's vectors of the pictures.
            captions: of each picture any number, as the model's word ids.
        """
        candidates = _as_captions(
            [c for one in captions for c in one], [i for i, one in enumerate(captions) for _ in one]
        )
        counts = count_ngrams(candidates)
        gram = find(self.grams, counts.grams)[counts.gram]
        unseen = np.log(len(self.vectors))
        unit = _unit(counts, np.append(self.idf, unseen)[gram], len(candidates.lengths))  # the last is what -1 gives
        mean_ngrams = self._mean_ngrams(*self.nearest(pooled))
        near = (
            np.where(gram >= 0, mean_ngrams[candidates.items[counts.caption], gram], 0) if len(self.grams) else 0 * unit
        )
        found = 10 / ORDER * add_up(counts.caption, unit * near, len(candidates.lengths))
        return np.split(found, np.cumsum([len(one) for one in captions])[:-1])

    def rerank(
        self, pooled: NDArray[np.floating], found: Sequence[Sequence[Hypothesis]], weight: float
    ) -> list[list[Hypothesis]]:
        """The same hypotheses of each picture, best first; to each one's score `weight` times its consensus is added.

        Those that do not hold what is required stay behind those that do.
        """
        agreed = self.consensus(pooled, [[h.tokens for h in one] for one in found])
        scored = [
            [replace(h, score=h.score + weight * float(c)) for h, c in zip(one, values, strict=True)]
            for one, values in zip(found, agreed, strict=True)
        ]
        return [sorted(one, key=lambda h: (h.satisfied, h.score), reverse=True) for one in scored]

    def _mean_ngrams(self, nearest: NDArray[np.int64], weight: NDArray[np.float32]) -> NDArray[np.float64]:
        """Weighted mean of the neighbors' n-grams: (B, G)."""
        row = nearest.reshape(-1)
        owner, place = spans(self.starts[row], np.diff(self.starts)[row])
        picture = owner // nearest.shape[1]
        values = self.weight[place] * weight.reshape(-1)[owner]
        shape = (len(nearest), len(self.grams))
        return add_up(picture * shape[1] + self.gram[place], values, shape[0] * shape[1]).reshape(shape)

    def save(self, file: Path) -> None:
        """Write them, compressed; the same give the same bytes."""
        with file.open("wb") as out:
            np.savez_compressed(out, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, file: Path) -> Neighbors:
        """Read what `save` wrote.

        Raises:
            ArtifactError: the file is damaged.
        """
        try:
            read = cls(**read_arrays(file, NEIGHBOR_ARRAYS))
            read._check()
        except ValueError as error:
            raise ArtifactError(f"{file}: is damaged ({error}); get the artifact again") from error
        return read

    def _check(self) -> None:
        pictures, dimensions = self.vectors.shape
        finite = (self.centre, self.projection, self.vectors, self.idf, self.weight)
        fits = (
            pictures > 0
            and all(bool(np.isfinite(array).all()) for array in finite)
            and self.projection.shape == (*self.centre.shape, dimensions)
            and self.idf.shape == self.grams.shape
            and self.starts.shape == (pictures + 1,)
            and self.gram.shape == self.weight.shape == (int(self.starts[-1]),)
            and self.starts[0] == 0
            and bool((np.diff(self.starts) >= 0).all())
            and (not len(self.gram) or int(self.gram.max()) < len(self.grams))
        )
        if not fits:
            raise ValueError("its arrays do not fit together")


def _as_captions(captions: Sequence[Sequence[int]], items: Sequence[int]) -> Captions:
    lengths = np.array([len(c) for c in captions], np.int64)
    words = np.array([word for caption in captions for word in caption], np.int64)
    return Captions(words, lengths, np.array(items, np.int64))


def _unit(counts: Counts, idf: NDArray[np.floating], captions: int) -> NDArray[np.float64]:
    """Each n-gram's tf-idf, each caption's vector of each order being of length 1."""
    weight = counts.count * idf
    cell = counts.caption * ORDER + counts.order
    norm = np.sqrt(add_up(cell, weight**2, captions * ORDER))[cell]
    unit: NDArray[np.float64] = np.divide(weight, norm, out=np.zeros_like(weight), where=norm > 0)
    return unit


def _pls_directions(
    vectors: NDArray[np.float32], owner: NDArray[np.int64], gram: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Directions of whitened vectors that vary most with captions, by orthonormalized partial least squares.

    Args:
        vectors: (N, D) about their mean.
        owner: (M,) of each entry of the pictures' tf-idf vectors, whose it is.
        gram: (M,) its n-gram.
        weight: (M,) its value.

    Returns:
        (D, d) float32, most telling first: from a vector to its whitened part in these directions.
    """
    spread = (vectors.T @ vectors).astype(np.float64)
    values, axes = np.linalg.eigh(spread)
    whiten = axes / np.sqrt(np.maximum(values, 0) + _RIDGE * values.mean() + 1e-12) @ axes.T
    # Of each n-gram the pictures' vectors are added up, weighed by how much it is said of them: (n-grams, D), in parts.
    order = np.argsort(gram, kind="stable")
    starts = np.flatnonzero(np.diff(gram[order], prepend=-1))
    covary = np.zeros_like(spread)
    for first in range(0, len(starts), _PART):
        begin = starts[first : first + _PART]
        end = starts[first + _PART] if first + _PART < len(starts) else len(order)
        entries = order[begin[0] : end]
        summed = np.add.reduceat(vectors[owner[entries]] * weight[entries, None].astype(np.float32), begin - begin[0])
        covary += summed.T @ summed
    _, directions = np.linalg.eigh(whiten @ covary @ whiten)
    kept = min(DIMENSIONS, *vectors.shape)
    return np.ascontiguousarray((whiten @ directions[:, ::-1][:, :kept]).astype(np.float32))


def _products(rows: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) and (B, D) → (B, N) dot products, without BLAS, whose threads would get in the way of ONNX Runtime's."""
    return np.stack([np.einsum("nd,d->n", rows, vector) for vector in vectors])


def _directions(vectors: NDArray[Any]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(length, 1e-12)
    return unit
