"""The whole recogniser: an encoder, a classifier and the names of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seesay.media import Preprocessing
from seesay.models.captioner import frame_dim, look
from seesay.models.classifiers import CLASSIFIERS, Classifier, ClassifierConfig, average
from seesay.models.encoders import Encoder, EncoderConfig
from seesay.models.memory import Memory


class ClassifyModel(nn.Module):
    """Encoder and classifier under one roof; `encode` and `probabilities` are how it is used.

    Attributes:
        encoder: pixels to `Memory`.
        classifier: `Memory` to logits.
        labels: names of the classes, in the order of the logits.
        flow: whether each frame comes with its optical flow as a second picture.
    """

    def __init__(self, encoder: Encoder, classifier: Classifier, labels: Sequence[str], *, flow: bool = False) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = classifier
        self.labels = tuple(labels)
        self.flow = flow

    @classmethod
    def build(
        cls,
        encoder: EncoderConfig,
        classifier: ClassifierConfig,
        labels: Sequence[str],
        *,
        flow: bool = False,
        load_weights: bool = True,
    ) -> ClassifyModel:
        """A fresh model; `load_weights=False` leaves the backbone random for a caller that loads its own."""
        eyes = Encoder(encoder, load_weights=load_weights)
        judge: Classifier = CLASSIFIERS[classifier.name](
            classifier, len(labels), frame_dim(eyes, flow=flow), eyes.grid_size
        )
        return cls(eyes, judge, labels, flow=flow)

    @property
    def preprocessing(self) -> Preprocessing:
        """How a frame becomes pixels for this model."""
        return self.encoder.preprocessing

    @property
    def dim(self) -> int:
        """D of what `encode` gives."""
        return frame_dim(self.encoder, flow=self.flow)

    def encode(self, pixels: np.ndarray[Any, Any] | Tensor) -> Memory:
        """uint8 pixels of clips (B, F, H, W, 3), with flow (B, F, H, W, 6) → Memory; see `look`."""
        device = next(self.classifier.parameters()).device
        return look(self.encoder, torch.as_tensor(pixels).to(device), positions=self.classifier.positions)

    def probabilities(self, memory: Memory) -> Tensor:
        """Probabilities (B, C) of whole clips, float32."""
        logits, _ = self.classifier(memory)
        return average(logits)
