"""A recognizer's two networks as ONNX graphs, in the form of `seesay.exporting.graphs`."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seesay.artifact import CLASSIFIER, ENCODER, Artifact
from seesay.errors import ArtifactError
from seesay.exporting.graphs import _Encoder, _trace
from seesay.models.classifier import ClassifyModel
from seesay.models.memory import Memory
from seesay.models.sequences import SequenceEncoder, example_input
from seesay.runtime.recognition_networks import RecognitionNetworks

_CLIPS, _FRAMES = 2, 3  # so that nothing takes a dimension of one for a constant


class _SequenceEncoder(nn.Module):
    def __init__(self, encoder: SequenceEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        memory: Memory = self.encoder(sequence)
        return memory.grid, memory.pooled


class _Classifier(nn.Module):
    def __init__(self, model: ClassifyModel) -> None:
        super().__init__()
        self.classifier = model.classifier
        self.names = tuple(model.classifier.carried)

    def forward(self, grid: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        before = dict(zip(self.names, state, strict=True)) if self.names else None
        logits, after = self.classifier(Memory(grid, grid.mean(1)), before)
        return (logits, *(after[name].clone() for name in self.names))


def export_classifier_graphs(model: ClassifyModel) -> dict[str, onnx.ModelProto]:
    """Trace the networks, by file name; weights are graph inputs still, for `refer` to put in.

    Signatures, with B clips and F frames, both free, and D twice the encoder's where there is flow:
        encoder: as a captioner's; it takes frames as pictures, and the flow of each as one more. Of texts it takes
            `tokens` int64 (B, L), of sounds `frames` float32 (B, T, M), and gives `grid` (B, N, D) and `pooled` (B, D).
        classifier: `grid` (B, F, D), and `state.NAME` (B, …) for each carried entry, zeros at a clip's beginning →
            `logits` (B, T, C) and `next.NAME`. Where the net goes from frame to frame, `grid` is (B, P, D) or
            (B, 1, D): one frame at a time.
    """
    model = model.eval()
    classifier_head = model.classifier
    positions = model.encoder.grid_size[0] * model.encoder.grid_size[1] if classifier_head.positions else 1
    grid = torch.randn(_CLIPS, positions if classifier_head.stepwise else _FRAMES * positions, model.dim)
    state = tuple(classifier_head.begin(Memory(grid, grid.mean(1))).values())
    clips, frames = torch.export.Dim("clips", min=1, max=2**16), torch.export.Dim("frames", min=1, max=2**16)
    shape = {0: clips} if classifier_head.stepwise else {0: clips, 1: frames * positions if positions > 1 else frames}
    names = list(classifier_head.carried)
    return {
        ENCODER: _encoder_graph(model),
        CLASSIFIER: _trace(
            _Classifier(model),
            (grid, *state),
            ["grid", *(f"state.{name}" for name in names)],
            ["logits", *(f"next.{name}" for name in names)],
            (shape, tuple({0: clips} for _ in names)) if names else (shape,),
        ),
    }


def _encoder_graph(model: ClassifyModel) -> onnx.ModelProto:
    if isinstance(model.encoder, SequenceEncoder):
        network: nn.Module = _SequenceEncoder(model.encoder)
        return _trace(network, (example_input(model.encoder, 2),), [model.encoder.input_name], ["grid", "pooled"])
    height, width = model.encoder.preprocessing.size
    pixels = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    return _trace(_Encoder(model), (pixels,), ["pixels"], ["grid", "pooled"])


def _noise(model: ClassifyModel, frames: int) -> NDArray[Any]:
    """Two clips of so many frames, or three texts or sounds."""
    if isinstance(model.encoder, SequenceEncoder):
        return np.asarray(example_input(model.encoder, 3))
    height, width = model.encoder.preprocessing.size
    return np.random.default_rng(0).integers(0, 256, (2, frames, height, width, 6 if model.flow else 3), np.uint8)


@torch.inference_mode()
def check_recognition(artifact: Artifact, model: ClassifyModel, frames: int, *, exact: bool = True) -> None:
    """Run the networks on noise: whole clips, and a clip in two parts with the state carried; compare with PyTorch.

    Raises:
        ArtifactError: they do not compute the same.
    """
    pixels = _noise(model, frames + 1)
    networks = RecognitionNetworks(artifact)
    found, _ = networks.classify(networks.frames(pixels))
    expected, _ = model.classifier(model.encode(pixels))
    pairs = [(found, expected)]
    if model.classifier.streams and not isinstance(model.encoder, SequenceEncoder):
        state, expected_state = None, None
        for part in (pixels[:, :1], pixels[:, 1:]):
            logits, state = networks.classify(networks.frames(part), state)
            wanted, expected_state = model.classifier(model.encode(part), expected_state)
            pairs.append((logits, wanted))
    for logits, wanted in pairs:
        gap = float(np.abs(logits - wanted.numpy()).max())
        if not np.isfinite(logits).all() or (exact and gap > 1e-3 * max(1.0, float(wanted.abs().max()))):
            raise ArtifactError(f"the exported networks do not compute what PyTorch does (logits differ by {gap:.3g})")
