"""Where a model without attention looked: Grad-CAM on its encoder's last feature map. Needs PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from seesay.artifact import Artifact
from seesay.exporting.weights import load_model
from seesay.models.captioner import CaptionModel, normalize
from seesay.models.encoders import Encoder
from seesay.models.memory import Memory


class GradCam:
    """Heat maps of a model, or the mean of those of an ensemble's members.

    Args:
        artifacts: the models, with their weights.

    Raises:
        ArtifactError: a model's weights are not there (a calibrated int8 artifact has none of its encoder).
    """

    def __init__(self, artifacts: Sequence[Artifact]) -> None:
        self.models = [load_model(artifact) for artifact in artifacts]

    def __call__(self, photo: Image.Image, words: Sequence[str]) -> NDArray[np.float32]:
        """One map for each word of a photo's caption, (T, rows, columns), each summing to 1 or, all zero, to 0."""
        tokens = self.models[0].vocabulary.encode(words)
        maps = [grad_cam(model, model.preprocessing.pixels(photo), tokens) for model in self.models]
        largest = max((m.shape[1:] for m in maps), key=lambda shape: shape[0] * shape[1])
        return np.asarray(np.mean([_resized(m, *largest) for m in maps], axis=0), np.float32)


def grad_cam(model: CaptionModel, pixels: NDArray[np.uint8], tokens: Sequence[int]) -> NDArray[np.float32]:
    """Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391, eq. 1 and 2) of each word's log-probability.

    The slope of the log-probability over the feature map, averaged over positions, weighs the map's channels; what is
    left of their sum above zero is where the picture made the word likelier. Where the encoder gives one vector of the
    whole picture, as fc7 does, the map is the last one before that vector, as in the paper.

    Args:
        model: in `eval`.
        pixels: (H, W, 3) uint8, as the model's preprocessing gives them.
        tokens: T ids of words, without start and end.

    Returns:
        (T, rows, columns) float32, each map summing to 1; all zero where nothing in the picture speaks for the word.
    """
    # The encoder's weights may be fixed, so the slope is asked for at the pixels; it is followed to the map only.
    raw = normalize(torch.as_tensor(pixels)[None], model.preprocessing).requires_grad_()
    memory, seen, flat, (rows, columns) = _encode(model.encoder, raw)
    inputs = torch.tensor([[model.vocabulary.start, *tokens[:-1]]])
    logprobs = model.decoder(memory, inputs)[0].log_softmax(-1)
    maps = []
    for place, token in enumerate(tokens):
        (slopes,) = torch.autograd.grad(logprobs[place, token], seen, retain_graph=True)
        heat = (flat(seen)[0] @ flat(slopes)[0].mean(0)).relu()
        maps.append(heat / heat.sum().clamp(min=1e-12))
    return np.asarray(torch.stack(maps).detach().view(len(tokens), rows, columns), np.float32)


def _encode(encoder: Encoder, pixels: Tensor) -> tuple[Memory, Tensor, Callable[[Tensor], Tensor], tuple[int, int]]:
    """A picture's memory; its map; what makes the map, or slopes over it, (1, N, D); the map's rows and columns."""
    if encoder.grid_size != (1, 1):
        memory = encoder(pixels)
        return memory, memory.grid, lambda values: values, encoder.grid_size
    maps: list[Tensor] = []
    sides = slice(1, 3) if encoder.channels_last else slice(2, 4)

    def keep(module: nn.Module, given: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[sides].numel() > 1:
            maps.append(output)

    watched = [module.register_forward_hook(keep) for module in encoder.backbone.modules()]
    try:
        memory = encoder(pixels)
    finally:
        for each in watched:
            each.remove()
    if not maps:
        return memory, memory.grid, lambda values: values, encoder.grid_size
    last = maps[-1]
    rows, columns = last.shape[sides]

    def flat(values: Tensor) -> Tensor:
        return values.flatten(1, 2) if encoder.channels_last else values.flatten(2).transpose(1, 2)

    return memory, last, flat, (rows, columns)


def _resized(maps: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    if maps.shape[1:] == (rows, columns):
        return maps
    sized = [Image.fromarray(m).resize((columns, rows), Image.Resampling.BILINEAR) for m in maps]
    whole = np.stack([np.asarray(m, np.float32) for m in sized])
    return np.asarray(whole / np.maximum(whole.sum((1, 2), keepdims=True), 1e-12), np.float32)
