"""Fitting how a model chooses among its sentences, and how sure it is, on photos that it has not learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seesay.artifact import Artifact
from seesay.data import Dataset, source_of
from seesay.errors import DataError
from seesay.media import decode_ahead
from seesay.metrics import CiderD
from seesay.metrics.certainty import calibration_error, is_accepted
from seesay.runtime.captioner import Captioner
from seesay.runtime.networks import OnnxNetworks
from seesay.runtime.selection import OF_PICTURES, OF_SENTENCES, Selection

Floats = NDArray[np.float64]
GUIDANCE = 0.4
"""How much detected words guide the search: of 0 to 0.5, on Flickr8k's dev and everyday photos, about the best."""
PEOPLE_FROM = 0.6
"""Words for people are held back where all are detected with less."""
GENDER_FROM = 0.5
"""Words for men, and those for women, likewise."""
GUIDED = {"guide": GUIDANCE, "people": PEOPLE_FROM, "gender": GENDER_FROM}
"""Of a manifest's selection, before anything is fitted."""
ORDERED_BY = ("consensus", "texts", "support", "weakest", "subject", "length")
SURE_OF = ("likelihood", "consensus", "texts", "support", "weakest", "subject", "margin", "nearness", "found")
"""What confidence is made of. Plainness is a rule of its own: no photo that is learned from is a drawing."""
_SHARPNESS = 6.0
"""Sentences of a beam are chosen with exp(score · this) while weights are fitted, so that their choice has a slope."""
_STEPS, _RATE = 400, 0.05


@dataclass(frozen=True)
class Beams:
    """What a model found of some photos, and how good it is.

    Attributes:
        known: of each photo what is known of its sentences; see `seesay.runtime.selection.Evidence`.
        cider: of each photo CIDEr-D of each sentence.
        right: of each photo whether a sentence names nothing wrong and is like what people said.
        texts: the sentences.
        ids: the photos.
        counts: how much each photo counts.
    """

    known: list[dict[str, Floats]]
    cider: list[Floats]
    right: list[NDArray[np.bool_]]
    texts: list[list[str]]
    ids: list[str]
    counts: list[float]

    @classmethod
    def joined(cls, parts: Sequence[Beams]) -> Beams:
        """Those of several sets of photos; each set counts the same, whatever its size."""
        whole = sum(len(part.ids) for part in parts)
        counts = [whole / len(parts) / len(part.ids) for part in parts for _ in part.ids]
        return cls(
            [one for part in parts for one in part.known],
            [one for part in parts for one in part.cider],
            [one for part in parts for one in part.right],
            [one for part in parts for one in part.texts],
            [one for part in parts for one in part.ids],
            counts,
        )


def find_beams(artifact: Artifact, dataset: Dataset, split: str, on_progress: Callable[[int, int], None]) -> Beams:
    """What an exported model finds of a split's photos.

    Raises:
        DataError: there are fewer than two that open.
    """
    captioner = Captioner(artifact, OnnxNetworks(artifact))
    samples = dataset.split(split)
    options = captioner.options()
    options = replace(options, num=options.beam)
    cider = CiderD({sample.id: sample.references for sample in samples})
    found = Beams([], [], [], [], [], [])
    for indices, pixels, _ in decode_ahead(map(source_of, samples), captioner.preprocessing, 8, on_error="yield"):
        if not len(indices):
            continue
        words = captioner.vocabulary
        state, pooled, beams = captioner.find(pixels, options)
        known = captioner.chooser.known(state, pooled, beams, pixels)
        for index, one, about in zip(indices, beams, known, strict=True):
            sample = samples[index]
            texts = [" ".join(words.decode(h.tokens)) for h in one]
            scores = np.asarray(cider.score_items([(sample.id, text.split()) for text in texts]), np.float64)
            found.known.append(about)
            found.cider.append(scores)
            right = [is_accepted(text, sample.references, value) for text, value in zip(texts, scores, strict=True)]
            found.right.append(np.array(right))
            found.texts.append(texts)
            found.ids.append(sample.id)
            found.counts.append(1.0)
        on_progress(len(found.ids), len(samples))
    if len(found.ids) < 2:
        raise DataError(f"{dataset.root}: {len(found.ids)} photos of {split} open; two or more are needed to fit to")
    return found


def fit_selection(beams: Beams, sure: float = 0.4, part: Sequence[int] | None = None) -> Selection:
    """Weights of what is known: list-wise, for the CIDEr-D that is chosen; then logistic regression of what is right.

    Args:
        beams: of dev photos.
        sure: the confidence from which a sentence is stated without doubt.
        part: the photos to fit to; None for all.
    """
    rows = range(len(beams.ids)) if part is None else part
    width = max(len(beams.cider[i]) for i in rows)
    shape = (len(rows), width)
    real = np.array([[j < len(beams.cider[i]) for j in range(width)] for i in rows])
    count = np.array([beams.counts[i] for i in rows])[:, None]
    cider, first = np.zeros(shape), np.full(shape, -1e9)
    signals = np.zeros((len(ORDERED_BY), *shape))
    for row, i in enumerate(rows):
        n = len(beams.cider[i])
        cider[row, :n] = beams.cider[i]
        first[row, :n] = beams.known[i]["likelihood"]
        for k, name in enumerate(ORDERED_BY):
            signals[k, row, :n] = beams.known[i][name]
    scale = signals[:, real].std(1) + 1e-9
    signals = signals / scale[:, None, None]
    weights, moment, power = np.zeros(len(ORDERED_BY)), np.zeros(len(ORDERED_BY)), np.zeros(len(ORDERED_BY))
    for turn in range(1, _STEPS + 1):
        scores = _SHARPNESS * (first + np.einsum("k,knw->nw", weights, signals))
        chosen = np.exp(scores - scores.max(1, keepdims=True)) * real
        chosen /= chosen.sum(1, keepdims=True)
        expected = (chosen * cider).sum(1, keepdims=True)
        better = count * chosen * (cider - expected)
        slope = _SHARPNESS * np.einsum("knw,nw->k", signals, better) / count.sum() - 0.002 * weights
        moment, power = 0.9 * moment + 0.1 * slope, 0.99 * power + 0.01 * slope**2
        weights += _RATE * (moment / (1 - 0.9**turn)) / (np.sqrt(power / (1 - 0.99**turn)) + 1e-9) * (1 - turn / _STEPS)
    fitted = {n: float(w / s) for n, w, s in zip(ORDERED_BY, weights, scale, strict=True)}
    ordered = Selection(fitted, {}, sure, guide=GUIDANCE, people=PEOPLE_FROM, gender=GENDER_FROM)
    return replace(ordered, confidence=_fit_confidence(beams, ordered, rows))


def _fit_confidence(beams: Beams, selection: Selection, rows: Sequence[int]) -> dict[str, float]:
    """Logistic regression (Newton's steps, a little ridge) of whether the chosen sentence is right."""
    seen, right = [], []
    for i in rows:
        place = int(np.argmax(selection.scores(beams.known[i], 1.0)))
        seen.append(evidence_of(beams.known[i], place))
        right.append(bool(beams.right[i][place]))
    x, y = np.array(seen), np.array(right, np.float64)
    count = np.array([beams.counts[i] for i in rows])
    center, scale = x.mean(0), x.std(0) + 1e-9
    z = np.concatenate([np.ones((len(x), 1)), (x - center) / scale], 1)
    weights = np.zeros(z.shape[1])
    ridge = np.diag([0.0, *[2.0] * len(SURE_OF)])
    for _ in range(20):
        p = 1 / (1 + np.exp(-z @ weights))
        slope = z.T @ (count * (p - y)) + ridge @ weights
        curve = (z * (count * p * (1 - p))[:, None]).T @ z + ridge + 1e-6 * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    own = weights[1:] / scale
    return {"bias": float(weights[0] - own @ center), **dict(zip(SURE_OF, map(float, own), strict=True))}


def evidence_of(known: dict[str, Floats], place: int) -> list[float]:
    """What confidence in a sentence is made of, in the order of `SURE_OF`."""
    assert set(SURE_OF) <= {*OF_SENTENCES, *OF_PICTURES}
    return [float(known[name][place if name in OF_SENTENCES else 0]) for name in SURE_OF]


@dataclass(frozen=True)
class Chosen:
    """What is chosen of some photos, by weights fitted to others of them.

    Attributes:
        cider: CIDEr-D of each.
        right: whether it is right.
        confidence: in it.
        texts: by photo.
    """

    cider: Floats
    right: NDArray[np.bool_]
    confidence: Floats
    texts: dict[str, str]

    @property
    def calibration_error(self) -> float:
        """See `seesay.metrics.certainty.calibration_error`."""
        return calibration_error(self.confidence, self.right)


def cross_validated(beams: Beams, folds: int = 5) -> Chosen:
    """What would be chosen of each photo by weights fitted to the other folds' photos."""
    count = len(beams.ids)
    fold = np.random.default_rng(0).permutation(count) % folds
    cider, right, confidence = np.zeros(count), np.zeros(count, bool), np.zeros(count)
    texts = {}
    for part in range(folds):
        selection = fit_selection(beams, part=np.flatnonzero(fold != part).tolist())
        for i in np.flatnonzero(fold == part):
            place = int(np.argmax(selection.scores(beams.known[i], 1.0)))
            cider[i], right[i] = beams.cider[i][place], beams.right[i][place]
            confidence[i] = selection.probability(beams.known[i], place)
            texts[beams.ids[i]] = beams.texts[i][place]
    return Chosen(cider, right, confidence, texts)
