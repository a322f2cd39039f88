"""Does the exported artifact say what the PyTorch model says?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seesay.artifact import Artifact
from seesay.exporting.weights import load_model
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.models.memory import Memory
from seesay.runtime.captioner import Captioner
from seesay.runtime.networks import Array, OnnxNetworks, State


class TorchNetworks:
    """A PyTorch model behind the interface of the runtime, so that a `Captioner` can run it before it is exported."""

    def __init__(self, model: CaptionModel) -> None:
        self.model = model.eval()
        self.constant: frozenset[str] = frozenset()
        self._device = next(model.decoder.parameters()).device

    @torch.inference_mode()
    def start(self, pixels: NDArray[np.uint8]) -> dict[str, Array]:
        """See `Networks.start`."""
        return self.start_with_features(pixels)[0]

    @torch.inference_mode()
    def start_with_features(self, pixels: NDArray[np.uint8]) -> tuple[dict[str, Array], Array]:
        """See `Networks.start_with_features`."""
        memory = self._memory(pixels)
        state = self.model.decoder.start(memory)
        self.constant = frozenset(self.model.decoder.constant(state))
        return {name: value.cpu().numpy() for name, value in state.items()}, memory.pooled.float().cpu().numpy()

    def _memory(self, pixels: NDArray[np.uint8]) -> Memory:
        if pixels.ndim == 4:
            return self.model.encode(pixels)
        clips = [self.model.encode(clip[None]) for clip in pixels]  # all frames of a batch at once would be too many
        return Memory(torch.cat([clip.grid for clip in clips]), torch.cat([clip.pooled for clip in clips]))

    @torch.inference_mode()
    def step(self, tokens: Array, state: State) -> tuple[Array, dict[str, Array]]:
        """See `Networks.step`."""
        tensors = {name: torch.as_tensor(value).to(self._device) for name, value in state.items()}
        logits, after = self.model.decoder.step(torch.as_tensor(tokens).to(self._device), tensors)
        return logits.cpu().numpy(), {name: value.cpu().numpy() for name, value in after.items()}


class TorchRecognition:
    """A PyTorch recognizer behind the interface of `RecognitionNetworks`, so that a `Recognizer` can run it; whole
    clips only, no state is carried."""

    carried: tuple[str, ...] = ()

    def __init__(self, model: ClassifyModel) -> None:
        self.model = model.eval()
        self._device = next(model.classifier.parameters()).device

    @torch.inference_mode()
    def frames(self, pixels: NDArray[Any]) -> Array:
        """See `RecognitionNetworks.frames`."""
        grids = [self.model.encode(clip[None]).grid for clip in pixels]  # all frames of a batch at once are too many
        found: Array = torch.cat(grids).float().cpu().numpy()
        return found

    @torch.inference_mode()
    def classify(self, grid: Array, state: Mapping[str, Array] | None = None) -> tuple[Array, dict[str, Array]]:
        """See `RecognitionNetworks.classify`; `state` is not gone on from."""
        seen = torch.as_tensor(grid).to(self._device)
        logits, _ = self.model.classifier(Memory(seen, seen.mean(1)))
        return logits.float().cpu().numpy(), {}


@dataclass(frozen=True)
class Parity:
    """What a comparison found.

    Attributes:
        pictures: how many were captioned.
        differing: index, exported caption and PyTorch caption, where the two are not the same.
        largest_score_gap: over the pictures with the same caption.
    """

    pictures: int
    differing: tuple[tuple[int, str, str], ...]
    largest_score_gap: float


def check_parity(artifact: Artifact, pictures: Sequence[Any], model: CaptionModel | None = None) -> Parity:
    """Caption pictures with the exported networks and with PyTorch, by the artifact's own search settings.

    Args:
        artifact: exported.
        pictures: what the artifact captions: see `Captioner`.
        model: the PyTorch model; None builds it from the artifact's own weights.
    """
    exported = Captioner(artifact, OnnxNetworks(artifact)).caption(pictures)
    expected = Captioner(artifact, TorchNetworks(model or load_model(artifact))).caption(pictures)
    differing, gap = [], 0.0
    for index, ((ours, *_), (theirs, *_)) in enumerate(zip(exported, expected, strict=True)):
        if ours.text != theirs.text:
            differing.append((index, ours.text, theirs.text))
        else:
            gap = max(gap, abs(ours.score - theirs.score))
    return Parity(len(exported), tuple(differing), gap)
