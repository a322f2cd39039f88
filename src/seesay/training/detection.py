"""Fitting a `WordDetector` to training pictures, and what it would have found in them had it not seen them before."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seesay.models.class_words import class_head, class_words
from seesay.models.detector import WordDetector, weigh
from seesay.text import STOP_WORDS
from seesay.text.mentions import Mentions, singular
from seesay.training.sections import DetectorSettings

log = logging.getLogger("seesay.training")

Floats = NDArray[np.float32]
_UNSEEN_TEXT = (
    "front back next near side top behind beside another together something someone others different past way "
    "part one lot bunch close view photo picture image ready getting trying going seen looks nearby various "
    "every toward towards onto inside outside across along among within upon also like 's n't "
)
UNSEEN = frozenset(_UNSEEN_TEXT.split())
"""Common words of captions that no picture shows by itself."""
_AXES = 320
"""Directions of the pictures' vectors that the probe learns in."""
_STEPS, _DECAY, _NEWTON = 30, 1e-2, 8
_BY_CLASSES = (-6.5, 0.8, 0.0)


def common_words(counts: Counter[str], most: int) -> list[str]:
    """The commonest words that pictures may show, plurals counted to their singulars."""
    plain: Counter[str] = Counter()
    for word, count in counts.items():
        if word.isalpha() and len(word) > 1 and word not in STOP_WORDS and word not in UNSEEN:
            plain[singular(word, counts)] += count
    return [word for word, _ in sorted(plain.items(), key=lambda item: (-item[1], item[0]))[:most]]


def detectable_words(
    counts: Counter[str], pictures: Sequence[Sequence[Sequence[str]]], settings: DetectorSettings, encoder: str
) -> tuple[list[str], int]:
    """The words that can be learned: common ones that enough training pictures have, and those that classes mean.

    Returns:
        The words, and how many classes the CNN's own head has (0 where it is not at hand).
    """
    head = class_head(encoder)
    meant = {word for words in class_words() for word in words if counts[word]} if head is not None else set()
    common = common_words(counts, settings.words)
    if not common:
        return [], 0
    seen = (Mentions(common, counts).shares(pictures) > 0).sum(0)
    learned = [word for word, times in zip(common, seen, strict=True) if times >= settings.positives]
    return list(dict.fromkeys([*learned, *sorted(meant)])), len(class_words()) if head is not None else 0


@torch.no_grad()
def fit_detector(
    detector: WordDetector,
    encoder: str,
    pooled: Floats,
    shares: Floats,
    settings: DetectorSettings,
    same: Sequence[object] | None = None,
) -> Floats:
    """Fit a detector to training pictures.

    Args:
        detector: changed in place.
        encoder: the CNN's name, whose own head is taken.
        pooled: (N, D), the pictures' vectors.
        shares: (N, W), how many of each picture's captions hold each word.
        same: what tells which picture it is, where one is there several times; None for all different.

    Returns:
        (N, W) float32, the words of each training picture by a probe that has not learned from it.
    """
    vectors, wanted = torch.from_numpy(pooled), torch.from_numpy(shares)
    head = class_head(encoder)
    if detector.classes is not None and head is not None:
        detector.classes.weight.copy_(head[0])
        detector.classes.bias.copy_(head[1])
        for number, words in enumerate(class_words()):
            for word in words:
                if word in detector.words:
                    detector.links[number, detector.words.index(word)] = 1
    of_classes = torch.cat([detector.class_evidence(part) for part in torch.split(vectors, 1024)])
    places: dict[object, int] = {}
    picture = np.array([places.setdefault(one, len(places)) for one in same or range(len(vectors))])
    fold = (np.random.default_rng(0).permutation(len(places)) % settings.folds)[picture]
    of_probe = torch.zeros_like(wanted)
    for part in range(settings.folds if len(vectors) >= 2 * settings.folds else 0):
        held = torch.from_numpy(fold == part)
        weight, bias = _fit_probe(vectors[~held], wanted[~held])
        of_probe[held] = vectors[held] @ weight.T + bias
    weight, bias = _fit_probe(vectors, wanted)
    detector.probe.weight.copy_(weight)
    detector.probe.bias.copy_(bias)
    if len(vectors) < 2 * settings.folds:
        of_probe = vectors @ weight.T + bias
    learned = (wanted > 0).sum(0) >= settings.positives
    detector.mix.copy_(_fit_mix(of_classes, of_probe, wanted, learned, detector.links.sum(0) > 0))
    found = weigh(detector.mix, of_classes, of_probe)
    log.info("%d words can be detected in pictures, %d of them learned from captions", len(learned), int(learned.sum()))
    return np.asarray(found.numpy(), np.float32)


def _fit_probe(vectors: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Logistic regression of every word at once, in the main directions of the vectors: weight (W, D), bias (W,)."""
    center = vectors.mean(0)
    spread, axes = torch.linalg.eigh((vectors - center).T @ (vectors - center) / len(vectors))
    kept = min(_AXES, len(vectors) - 1, vectors.shape[1])
    spread, axes = spread[-kept:], axes[:, -kept:]
    # Directions of little spread are noise: they are whitened only so far.
    into = axes / (spread + 0.02 * spread.mean()).sqrt()
    seen = (vectors - center) @ into
    rate = wanted.mean(0).clamp(1e-4, 1 - 1e-4)
    bias, weight = torch.logit(rate), torch.zeros(kept, wanted.shape[1])
    before, ahead_weight = weight, weight
    # Nesterov's gradient with steps by the bound on the curvature (Böhning 1992): p (1 - p) ≤ 1/4.
    step = 1 / (0.25 * torch.linalg.eigvalsh(seen.T @ seen / len(seen))[-1] + _DECAY)
    for turn in range(_STEPS):
        miss = (seen @ ahead_weight + bias).sigmoid() - wanted
        weight = ahead_weight - step * (seen.T @ miss / len(seen) + _DECAY * ahead_weight)
        bias = bias - 2 * miss.mean(0)
        ahead_weight, before = weight + turn / (turn + 3) * (weight - before), weight
    return (into @ weight).T.contiguous(), bias - center @ into @ weight


def _fit_mix(of_classes: Tensor, of_probe: Tensor, wanted: Tensor, learned: Tensor, linked: Tensor) -> Tensor:
    """How evidence is weighed, (3, W): logistic regression for each word by Newton's steps, held near a common one.

    Words that too few pictures have rest on their classes alone: at a tenth of the classes' probability the word is
    as likely as not, which is what words that are learned show.
    """
    prior = torch.zeros(3, len(learned))
    prior[1, linked], prior[2] = 0.3, 0.8
    held = torch.tensor([0.1, 5.0, 5.0])
    mix = prior.clone()
    evidence = torch.stack([torch.ones_like(of_probe), of_classes, of_probe])  # (3, N, W)
    for _ in range(_NEWTON):
        found = weigh(mix, of_classes, of_probe)
        slope = torch.einsum("inw,nw->iw", evidence, found - wanted) + held[:, None] * (mix - prior)
        curve = torch.stack([torch.einsum("inw,nw->iw", evidence, found * (1 - found) * e) for e in evidence])
        curve = curve.permute(2, 0, 1) + torch.diag(held)
        step = torch.linalg.solve(curve, slope.T).T
        mix = mix - step.clamp(-1, 1)
    mix[:, ~learned] = torch.tensor([-12.0, 0.0, 0.0])[:, None]
    mix[:, ~learned & linked] = torch.tensor(_BY_CLASSES)[:, None]
    return mix
