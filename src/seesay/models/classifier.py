"""The whole recognizer: an encoder, a classifier and the names of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seesay.media import LogMel, Preprocessing, TextPreprocessing
from seesay.models.captioner import encode, frame_dim
from seesay.models.classifiers import CLASSIFIERS, Classifier, ClassifierConfig, average
from seesay.models.encoders import Encoder, EncoderConfig
from seesay.models.memory import Memory
from seesay.models.sequences import SequenceConfig, SequenceEncoder, build_sequence_encoder
from seesay.text import Vocabulary


class ClassifyModel(nn.Module):
    """Encoder and classifier under one roof; `encode` and `probabilities` are how it is used.

    Attributes:
        encoder: pixels, tokens or log-mel frames to `Memory`.
        classifier: `Memory` to logits.
        labels: names of the classes, in the order of the logits.
        flow: whether each frame comes with its optical flow as a second picture.
    """

    def __init__(
        self,
        encoder: Encoder | SequenceEncoder,
        classifier: Classifier,
        labels: Sequence[str],
        *,
        flow: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = classifier
        self.labels = tuple(labels)
        self.flow = flow

    @classmethod
    def build(
        cls,
        encoder: EncoderConfig | SequenceConfig,
        classifier: ClassifierConfig,
        labels: Sequence[str],
        *,
        flow: bool = False,
        load_weights: bool = True,
        vocabulary: Vocabulary | None = None,
    ) -> ClassifyModel:
        """A fresh model; `load_weights=False` leaves the backbone random for a caller that loads its own.

        A model of texts needs a vocabulary, others take none.
        """
        eyes: Encoder | SequenceEncoder
        if isinstance(encoder, SequenceConfig):
            eyes = build_sequence_encoder(encoder, vocabulary)
            size = eyes.dim
        else:
            eyes = Encoder(encoder, load_weights=load_weights)
            size = frame_dim(eyes, flow=flow)
        classifier_head: Classifier = CLASSIFIERS[classifier.name](classifier, len(labels), size, eyes.grid_size)
        return cls(eyes, classifier_head, labels, flow=flow)

    @property
    def preprocessing(self) -> Preprocessing | TextPreprocessing | LogMel:
        """How a frame becomes pixels for this model, a text tokens, or a sound log-mel frames."""
        return self.encoder.preprocessing

    @property
    def vocabulary(self) -> Vocabulary | None:
        """Of a model of texts."""
        reads = self.encoder.preprocessing
        return reads.vocabulary if isinstance(reads, TextPreprocessing) else None

    @property
    def dim(self) -> int:
        """D of what `encode` gives."""
        return (
            self.encoder.dim if isinstance(self.encoder, SequenceEncoder) else frame_dim(self.encoder, flow=self.flow)
        )

    def encode(self, pixels: np.ndarray[Any, Any] | Tensor) -> Memory:
        """uint8 pixels of clips (B, F, H, W, 3), with flow (B, F, H, W, 6) → Memory; see `encode`.

        Texts are tokens (B, L) int64, sounds log-mel frames (B, T, M) float32.
        """
        given = torch.as_tensor(pixels).to(next(self.classifier.parameters()).device)
        if isinstance(self.encoder, SequenceEncoder):
            memory: Memory = self.encoder(given)
            return memory
        return encode(self.encoder, given, positions=self.classifier.positions)

    def probabilities(self, memory: Memory) -> Tensor:
        """Probabilities (B, C) of whole clips, float32."""
        logits, _ = self.classifier(memory)
        return average(logits)
