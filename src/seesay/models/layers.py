"""What part of a backbone is handed over: the output of a module, by timm's name for it or by the field's."""

from __future__ import annotations

import difflib
import warnings

import timm
from timm.models.vgg import VGG
from torch import nn

from seesay.errors import UsageError


def cut_at(backbone: nn.Module, layer: str) -> nn.Module:
    """A backbone as far as one of its modules: pixels (B, 3, H, W) → {"features": the module's output}.

    Parameters keep their names; modules after the layer are left out. The field's names are known for VGG (Simonyan and
    Zisserman 2015, arXiv:1409.1556): `fc7`, the second fully connected layer, and `convB_C`, convolution C of block B,
    both after their ReLU.

    Args:
        backbone: a timm model with its weights; its modules are taken over.
        layer: a module's path in it, or a name as above.

    Raises:
        UsageError: there is no such module (the nearest names are given), or the backbone cannot be cut there.
    """
    known = {**{path: path for path, _ in backbone.named_modules() if path}, **_vgg_layers(backbone)}
    kind = type(backbone).__name__
    if layer not in known:
        close = difflib.get_close_matches(layer, known, n=3, cutoff=0.4)
        near = f"Nearest: {', '.join(close)}. " if close else ""
        parts = ", ".join(name for name, _ in backbone.named_children())
        raise UsageError(
            f"encoder.layer: {kind} has no module {layer!r}. {near}Its parts: {parts} (and those within, as in part.0)"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            part: nn.Module = timm.models.create_feature_extractor(backbone, {known[layer]: "features"})
    except Exception as error:  # whatever symbolic tracing meets
        raise UsageError(f"encoder.layer: {kind} cannot be cut at {layer}; name the module that holds it") from error
    return part


def _vgg_layers(backbone: nn.Module) -> dict[str, str]:
    if not isinstance(backbone, VGG):
        return {}
    layers = {"fc7": "pre_logits"}
    block, convolution = 1, 0
    for place, module in enumerate(backbone.features):
        if isinstance(module, nn.Conv2d):
            convolution += 1
        elif isinstance(module, nn.ReLU):
            layers[f"conv{block}_{convolution}"] = f"features.{place}"
        elif isinstance(module, nn.MaxPool2d):
            block, convolution = block + 1, 0
    return layers
