"""Consensus with the captions of similar training pictures, against figures worked out the long way."""

from collections import Counter
from dataclasses import fields, replace
from math import log, sqrt

import numpy as np
import pytest

from seesay.errors import ArtifactError, UsageError
from seesay.runtime.neighbors import KERNEL, Neighbors
from seesay.search import Hypothesis

# Word ids of the captions of four pictures; two are alike, and so are the other two.
CAPTIONS = [[[5, 6, 7], [5, 6, 8, 9]], [[5, 6, 7, 10]], [[11, 12, 13]], [[11, 12, 13, 14], [11, 12]]]
VECTORS = np.array([[1.0, 0, 0.1], [1, 0.1, 0], [0, 1, 0.1], [0.1, 1, 0]], np.float32)


def grams(words):
    return Counter(tuple(words[i : i + n]) for n in range(1, 5) for i in range(len(words) - n + 1))


def tf_idf(words):
    """One vector for each order, of length 1, as CIDEr has them."""
    documents = [set().union(*(grams(c) for c in told)) for told in CAPTIONS]
    weight = {g: n * log(4 / max(1, sum(g in d for d in documents))) for g, n in grams(words).items()}
    norm = {n: sqrt(sum(w * w for g, w in weight.items() if len(g) == n)) for n in range(1, 5)}
    return {g: w / norm[len(g)] for g, w in weight.items() if w}


def cider(words, picture):
    documents = [set().union(*(grams(c) for c in told)) for told in CAPTIONS]
    shared = {g for g in tf_idf(words) if sum(g in d for d in documents) > 1}
    theirs = [tf_idf(c) for c in CAPTIONS[picture]]
    return 10 / 4 * np.mean([sum(tf_idf(words)[g] * t.get(g, 0) for g in shared) for t in theirs])


@pytest.fixture
def neighbors():
    return Neighbors.of(VECTORS, CAPTIONS)


def hypothesis(words, score, satisfied=True):
    return Hypothesis(tuple(words), (score / 2,) * 2, score, True, None, satisfied)


def whitened(vectors):
    """About their mean, by the inverse root of their spread, to which 0.3 of its mean eigenvalue is added."""
    centred = (vectors - vectors.mean(0)).astype(np.float64)
    spread = centred.T @ centred
    values, axes = np.linalg.eigh(spread + 0.3 * np.trace(spread) / len(spread) * np.eye(len(spread)))
    return axes @ np.diag(values**-0.5) @ axes.T


def test_nearest_by_cosine_of_whitened_vectors(neighbors):
    whiten = whitened(VECTORS)
    centred = (VECTORS - VECTORS.mean(0)) @ whiten
    asked = np.array([[0.9, 0.3, 0.2]], np.float32)
    seen = (asked - VECTORS.mean(0)) @ whiten
    cosine = (centred @ seen[0]) / np.linalg.norm(centred, axis=1) / np.linalg.norm(seen)
    nearest, weight = neighbors.nearest(asked)
    assert nearest[0].tolist() == np.argsort(-cosine).tolist()
    wanted = np.exp(cosine / KERNEL) / np.exp(cosine / KERNEL).sum()
    assert weight[0] == pytest.approx(wanted[nearest[0]], abs=5e-3)
    assert weight.sum() == pytest.approx(1)
    first, _ = neighbors.nearest(VECTORS)
    assert first[:, 0].tolist() == [0, 1, 2, 3]


def test_directions_are_those_that_tell_of_captions(monkeypatch):
    """The left singular vectors of whitened pictures times captions, however many parts these are added up in."""
    pictures = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    documents = [set().union(*(grams(c) for c in told)) for told in CAPTIONS]
    shared = sorted(g for g in set().union(*documents) if sum(g in d for d in documents) > 1)
    told = np.array([[np.mean([tf_idf(c).get(g, 0) for c in of]) for g in shared] for of in CAPTIONS])
    whiten = whitened(pictures)
    centred = (pictures - pictures.mean(0)).astype(np.float64)
    left, strength, _ = np.linalg.svd(whiten @ centred.T @ told)
    assert strength[1] > 1e-3
    monkeypatch.setattr("seesay.runtime.neighbors.DIMENSIONS", 2)
    for part in (2, 2048):
        monkeypatch.setattr("seesay.runtime.neighbors._PART", part)
        found = Neighbors.of(pictures, CAPTIONS).projection
        cosines = np.abs(np.sum(found * (whiten @ left[:, :2]), 0)) / np.linalg.norm(found, axis=0)
        assert cosines / np.linalg.norm(whiten @ left[:, :2], axis=0) == pytest.approx(1, abs=1e-4)


def test_what_captions_do_not_tell_is_not_near(monkeypatch):
    """Pictures differ most in what nobody speaks of."""
    monkeypatch.setattr("seesay.runtime.neighbors.DIMENSIONS", 1)
    random = np.random.default_rng(0)
    kinds = np.arange(600) % 2
    vectors = np.concatenate([1.5 * (2 * kinds[:, None] - 1), 5 * random.normal(size=(600, 30))], 1)
    told = [[[5, 6, 7 + int(i) % 4]] if kind else [[11, 12, 13 + int(i) % 4]] for i, kind in enumerate(kinds)]
    learned = Neighbors.of(vectors[:500], told[:500])
    nearest, weight = learned.nearest(vectors[500:])
    assert ((kinds[nearest] == kinds[500:, None]) * weight).sum(1).mean() > 0.8
    plain = vectors[500:] @ vectors[:500].T
    assert (kinds[plain.argmax(1)] == kinds[500:]).mean() < 0.65


def test_consensus_is_the_weighted_mean_of_cider(neighbors):
    asked = np.array([[0.8, 0.5, 0.2], [0.2, 0.7, 0.1]], np.float32)
    told = [[[5, 6, 7], [5, 6, 6, 11, 12]], [[11, 12, 13, 14]]]
    nearest, weight = neighbors.nearest(asked)
    found = neighbors.consensus(asked, told)
    for row, captions in enumerate(told):
        for words, value in zip(captions, found[row], strict=True):
            wanted = sum(w * cider(words, p) for p, w in zip(nearest[row], weight[row], strict=True))
            assert value == pytest.approx(wanted, rel=2e-3)
            assert value > 0


def test_rerank_adds_it_and_sorts(neighbors):
    asked = VECTORS[:1]
    found = [[hypothesis([11, 12, 13], -1.0), hypothesis([5, 6, 7], -1.1), hypothesis([20], -5.0)]]
    (agreed,) = neighbors.consensus(asked, [[h.tokens for h in found[0]]])
    (ranked,) = neighbors.rerank(asked, found, 2.0)
    assert [h.tokens for h in ranked] == [(5, 6, 7), (11, 12, 13), (20,)]
    assert ranked[0].score == pytest.approx(-1.1 + 2 * agreed[1])
    assert ranked[0].logprobs == found[0][1].logprobs
    assert ranked[2].score == -5  # no n-gram is known
    assert neighbors.rerank(asked, found, 0.0) == found


def test_what_is_required_stays_first(neighbors):
    found = [[hypothesis([11, 12, 13], -1.0), hypothesis([5, 6, 7], -1.1, satisfied=False)]]
    (ranked,) = neighbors.rerank(VECTORS[:1], found, 100.0)
    assert [h.satisfied for h in ranked] == [True, False]


def test_empty_captions_and_a_picture_beside_others(neighbors):
    alone = neighbors.consensus(VECTORS[:1], [[[5, 6, 7]]])[0]
    beside = neighbors.consensus(VECTORS, [[[5, 6, 7]], [[]], [[], [11, 12]], [[20, 21]]])
    assert [len(values) for values in beside] == [1, 1, 2, 1]
    assert beside[0] == pytest.approx(alone, rel=1e-6)
    assert beside[1][0] == beside[2][0] == beside[3][0] == 0


def test_captions_are_not_kept(neighbors):
    """Of an n-gram that one picture alone is described with, nothing is left."""
    assert len(neighbors.grams) == len(set(grams([5, 6, 7]) + grams([11, 12, 13])))
    kept = np.diff(neighbors.starts)
    assert kept.tolist() == [6, 6, 6, 6]


def test_saved_and_loaded(neighbors, tmp_path):
    neighbors.save(tmp_path / "a.npz")
    neighbors.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    read = Neighbors.load(tmp_path / "a.npz")
    for field in fields(Neighbors):
        assert np.array_equal(getattr(read, field.name), getattr(neighbors, field.name))


@pytest.mark.parametrize("harm", ["cut", "text", "shape", "index", "missing", "order"])
def test_a_damaged_file_is_one_line(neighbors, tmp_path, harm):
    file = tmp_path / "neighbours.npz"
    changed = neighbors
    if harm == "shape":
        changed = replace(neighbors, idf=neighbors.idf[1:])
    if harm == "index":
        changed = replace(neighbors, gram=neighbors.gram + np.uint32(100))
    if harm == "order":
        changed = replace(neighbors, starts=neighbors.starts[::-1].copy())
    changed.save(file)
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-40])
    if harm == "text":
        file.write_text("no arrays")
    if harm == "missing":
        np.savez(file, centre=neighbors.centre)
    with pytest.raises(ArtifactError, match=r"neighbours\.npz: is damaged .*; get the artifact again"):
        Neighbors.load(file)


def test_pickled_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "neighbours.npz", centre=np.array([print], dtype=object))
    with pytest.raises(ArtifactError, match="damaged"):
        Neighbors.load(tmp_path / "neighbours.npz")


def test_one_picture_has_no_neighbors():
    with pytest.raises(UsageError, match="two or more"):
        Neighbors.of(VECTORS[:1], CAPTIONS[:1])


def test_vectors_of_another_cnn_are_refused(neighbors):
    with pytest.raises(ArtifactError, match=r"vectors have 3 numbers, its own have 4; make the model anew"):
        neighbors.nearest(np.ones((2, 4), np.float32))


def test_as_many_dimensions_as_there_are_pictures():
    wide = np.random.default_rng(0).normal(size=(3, 700)).astype(np.float32)
    few = Neighbors.of(wide, [[[5, 6]], [[5, 6]], [[7, 8]]])
    assert few.vectors.shape == (3, 3)
    assert few.nearest(wide)[0][:, 0].tolist() == [0, 1, 2]
