"""What a run with a detector learns from: words beside the training pictures, and captions without pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seesay.data import Sample
from seesay.models.captioner import CaptionModel
from seesay.models.memory import Memory
from seesay.text import SPECIALS
from seesay.text.mentions import Mentions
from seesay.training.batches import Captions, as_captions
from seesay.training.config import Config
from seesay.training.detection import detectable_words, fit_detector
from seesay.training.features import FeatureStore
from seesay.training.unpaired import Imagined, Unpaired, lend_grid

_AT_ONCE = 512
DOUBTED = 0.15
"""A word that a picture's captions lack and that is detected with less than this is unsupported."""


class Detected:
    """Detected words of the training pictures, and of pictures that captions lack.

    Args:
        config: the run's settings.
        words: (N, W), of each training picture.
        word_ids: (W,) int64.
        imagined: of absent pictures.
        unpaired: captions without pictures; None for none.
        model: whose vocabulary they are written in.
        grids: the training pictures of these places, encoded.
        shares: (N, W), how many of each training picture's captions hold each word.
        mentions: which of the words a caption holds.
    """

    def __init__(
        self,
        config: Config,
        words: Tensor,
        imagined: Imagined,
        unpaired: Unpaired | None,
        model: CaptionModel,
        grids: Callable[[Sequence[int]], Memory],
        shares: NDArray[np.float32],
        mentions: Mentions,
    ) -> None:
        self.grids = grids
        self.mentions = mentions
        self.supported = (shares > 0) | (words.numpy() >= DOUBTED)
        self.config = config
        self.words = words
        self.imagined = imagined
        self.unpaired = unpaired
        self.vocabulary = model.vocabulary

    def beside(self, captions: Captions, pictures: Sequence[int], seed: Sequence[int]) -> Captions:
        """The captions with their pictures' words, and captions of absent pictures beside them."""
        own = Captions(captions.inputs, captions.targets, self.words[list(pictures)], self.imagined.word_ids)
        if self.unpaired is not None:
            step = (*seed, *pictures[:2])
            rows, words = self.unpaired.draw(self.config.text.unpaired_per_step, step)
            absent, lenders = self.imagined.memory(words, step)
            own.unpaired = lend_grid(absent, self.grids(lenders), step), as_captions(rows, self.vocabulary)
        return own

    def unsupported(self, pictures: Sequence[int], captions: Sequence[Sequence[Sequence[str]]]) -> NDArray[np.float64]:
        """How many words of each caption neither people nor the detector find in its picture.

        Args:
            pictures: B places of training pictures.
            captions: K captions of each, as tokens.

        Returns:
            (B, K).
        """
        missing = [
            [sum(not self.supported[picture, word] for word in self.mentions.of(tokens)) for tokens in each]
            for picture, each in zip(pictures, captions, strict=True)
        ]
        return np.array(missing, np.float64)


def prepare_detected(
    config: Config,
    model: CaptionModel,
    samples: Sequence[Sample],
    features: FeatureStore | None,
    unpaired: Unpaired | None,
) -> Detected | None:
    """Fit the model's detector where the settings ask for one, and detect words in the training pictures.

    Args:
        config: the run's settings.
        model: gets the detector, in place.
        samples: of training.
        features: their pictures, encoded; None while the CNN learns.
        unpaired: captions without pictures, not yet prepared.

    Returns:
        None where nothing detects words, or words of pictures change with the CNN.
    """
    if features is None or not (config.detector.words or model.detector):
        return None
    parts = [features.memory(samples[i : i + _AT_ONCE]).pooled for i in range(0, len(samples), _AT_ONCE)]
    pooled = torch.cat(parts).numpy()
    references = [[config.text.learned.words(text) for text in sample.references] for sample in samples]
    counts = word_counts(references, unpaired, set(model.vocabulary.tokens) - set(SPECIALS))
    if config.detector.words:
        words, classes = detectable_words(counts, references, config.detector, config.encoder.name)
        if not words:
            return None
        shares = Mentions(words, counts).shares(references)
        detector = model.add_detector(words, classes)
        same = [sample.media for sample in samples]
        found = fit_detector(detector, config.encoder.name, pooled, shares, config.detector, same)
    else:
        assert model.detector is not None
        shares = Mentions(model.detector.words, counts).shares(references)
        with torch.no_grad():
            found = np.asarray(model.detector(torch.from_numpy(pooled).to(model.detector.mix.device)).cpu().numpy())
    assert model.detector is not None
    ids = model.detector.word_ids.cpu()
    imagined = Imagined(found, shares, pooled.mean(0), ids)
    mentions = Mentions(model.detector.words, counts)
    if unpaired is not None:
        unpaired.prepare(model.vocabulary, config.text.learned, mentions)

    def grids(places: Sequence[int]) -> Memory:
        return features.memory([samples[place] for place in places])

    return Detected(config, torch.from_numpy(found), imagined, unpaired, model, grids, shares, mentions)


def word_counts(
    references: Sequence[Sequence[Sequence[str]]], unpaired: Unpaired | None, known: set[str]
) -> Counter[str]:
    """How often the vocabulary's words come in captions, with pictures and without."""
    counts = Counter(word for captions in references for caption in captions for word in caption if word in known)
    for captions in unpaired.tokens if unpaired else ():
        counts.update(word for caption in captions for word in caption if word in known)
    return counts


def with_words(memory: Memory, captions: Captions) -> Memory:
    """A batch's memory with the words that stand beside its captions, if any do."""
    if captions.words is None:
        return memory
    return replace(memory, words=captions.words, word_ids=captions.word_ids)
