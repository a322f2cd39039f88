"""The whole model: an encoder, a decoder and the vocabulary between ids and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from seesay.media import Preprocessing
from seesay.models.decoders import DECODERS, Decoder, DecoderConfig
from seesay.models.detector import WordDetector
from seesay.models.encoders import Encoder, EncoderConfig
from seesay.models.memory import Memory
from seesay.search import Hypothesis, SearchOptions, decode
from seesay.text import Vocabulary


class CaptionModel(nn.Module):
    """Encoder and decoder under one roof; `encode` and `caption` are how it is used.

    Attributes:
        encoder: pixels to `Memory`.
        decoder: `Memory` to words, by the step contract.
        vocabulary: ids and words.
        detector: of words that a caption would hold, for decoders that read them; None for none.
    """

    def __init__(
        self, encoder: Encoder, decoder: Decoder, vocabulary: Vocabulary, detector: WordDetector | None = None
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.vocabulary = vocabulary
        self.detector = detector

    @classmethod
    def build(
        cls, encoder: EncoderConfig, decoder: DecoderConfig, vocabulary: Vocabulary, *, load_weights: bool = True
    ) -> CaptionModel:
        """A fresh model; `load_weights=False` leaves the backbone random for a caller that loads its own."""
        eyes = Encoder(encoder, load_weights=load_weights)
        words: Decoder = DECODERS[decoder.name](decoder, len(vocabulary), eyes.dim)
        return cls(eyes, words, vocabulary)

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes pixels for this model."""
        return self.encoder.preprocessing

    def encode(self, pixels: np.ndarray[Any, Any] | Tensor) -> Memory:
        """uint8 pixels of pictures (B, H, W, 3), or of clips (B, F, H, W, 3) → Memory; see `encode`."""
        device = next(self.decoder.parameters()).device
        return self.with_words(encode(self.encoder, torch.as_tensor(pixels).to(device)))

    def with_words(self, memory: Memory) -> Memory:
        """The memory with the words that the detector finds in it; as it is, where it has words or nothing detects."""
        if self.detector is None or memory.words is not None:
            return memory
        return self.detector.detect(memory)

    def add_detector(self, words: Sequence[str], classes: int) -> WordDetector:
        """A detector of these words of the vocabulary, yet to be fitted."""
        self.detector = WordDetector(self.encoder.dim, words, self.vocabulary.encode(words), classes)
        return self.detector.to(next(self.decoder.parameters()).device)

    @torch.no_grad()
    def caption(self, memory: Memory, options: SearchOptions) -> list[list[Hypothesis]]:
        """Decode for real: the best hypotheses of each picture, or sampled ones. Turns dropout off while it runs."""
        was_training = self.training
        self.eval()
        try:
            state = self.decoder.start(self.with_words(memory))
            return decode(
                self.decoder.step,
                state,
                batch=len(memory),
                start=self.vocabulary.start,
                end=self.vocabulary.end,
                options=options,
                constant=self.decoder.constant(state),
            )
        finally:
            self.train(was_training)

    def words(self, hypothesis: Hypothesis) -> Sequence[str]:
        """A hypothesis as words."""
        return self.vocabulary.decode(hypothesis.tokens)


def encode(encoder: Encoder, pixels: Tensor, *, positions: bool = False) -> Memory:
    """uint8 pixels → Memory: the same normalization in training, at use and in the exported graph.

    A picture (B, H, W, 3) has its grid. Of a clip (B, F, H, W, 3) each frame goes through the same CNN, and the grid is
    the frames' pooled vectors, (B, F, D): the CNN "distributed over time" of LRCN (Donahue et al. 2015); or, with
    `positions`, every position of every frame, (B, F·P, D). Where a frame is several pictures, (B, F, H, W, 3·K), as
    with its flow, each goes through that CNN, and their vectors are side by side, K·D wide.

    Where the encoder has `frames_at_once`, what it computes of a clip is not kept for the backward pass but computed
    again there, so many frames at a time (gradient checkpointing, Chen et al. 2016, arXiv:1604.06174).
    """
    if pixels.ndim == 4:
        memory: Memory = encoder(normalize(pixels, encoder.preprocessing))
        return memory

    def encode_frames(part: Tensor) -> Tensor:
        memory: Memory = encoder(normalize(part.flatten(0, 1), encoder.preprocessing))
        seen = memory.grid if positions else memory.pooled[:, None]
        return seen.reshape(*part.shape[:2], *seen.shape[1:]).transpose(1, 2).flatten(2)

    flat = pixels.flatten(0, 1)
    frames = flat.reshape(*flat.shape[:3], -1, 3).movedim(3, 1)  # (B · F, K, H, W, 3)
    if encoder.frames_at_once and torch.is_grad_enabled():
        parts = torch.split(frames, encoder.frames_at_once)
        seen = torch.cat([checkpoint(encode_frames, part, use_reentrant=False) for part in parts])
    else:
        seen = encode_frames(frames)
    grid = seen.view(pixels.shape[0], -1, seen.shape[-1])
    return Memory(grid, grid.mean(1))


def frame_dim(encoder: Encoder, *, flow: bool = False) -> int:
    """D of what `encode` gives of a clip; with flow a frame is two pictures."""
    return encoder.dim * (2 if flow else 1)


def normalize(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 (B, H, W, 3) → float32 (B, 3, H, W), channels last in memory: what `Preprocessing.normalize` gives."""
    mean = torch.tensor(preprocessing.mean, device=pixels.device) * 255
    std = torch.tensor(preprocessing.std, device=pixels.device) * 255
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)
