"""One model whose weights are the mean of several models' weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

import torch

from seesay.artifact import Artifact, find_artifact, read_artifact, replace_atomically
from seesay.errors import UsageError
from seesay.exporting.weights import load_any_model, save_model, weights_of


def average_artifacts(
    models: Sequence[str | PathLike[str]], out: str | PathLike[str], shares: Sequence[float] | None = None
) -> Artifact:
    """Average the weights of models that come of one ancestor: "model soups" (Wortsman et al. 2022, arXiv:2203.05482).

    It costs nothing when the model is used, which an ensemble does. Models that began with different random weights
    have nothing in common place by place, and their mean says nothing.

    Args:
        models: artifacts or runs' folders, of the same make and vocabulary; the result is described as the first one.
        out: a new folder, or a file name ending in .zip; without networks, `export_artifact` adds them.
        shares: of each model; None for equal ones. They need not add up to one.

    Raises:
        UsageError: fewer than two models, shares that do not fit, or models of different make.
        ArtifactError: a model is damaged, or `out` holds something else.
    """
    if len(models) < 2:
        raise UsageError("average: give two models or more")
    given = [1.0] * len(models) if shares is None else list(shares)
    if len(given) != len(models):
        raise UsageError(f"--shares: {len(given)} for {len(models)} models; give one for each, in their order")
    total = sum(given)
    if not all(0 <= share < float("inf") for share in given) or not total:
        raise UsageError("--shares: numbers from 0 up, not all 0")
    parts = [share / total for share in given]
    with replace_atomically(Path(out)) as folder:
        first = find_artifact(models[0])
        result = load_any_model(first)
        mean = {name: value * parts[0] for name, value in weights_of(result).items()}
        for source, part in zip(models[1:], parts[1:], strict=True):
            other = find_artifact(source)
            weights = weights_of(load_any_model(other))
            if {name: value.shape for name, value in weights.items()} != {n: value.shape for n, value in mean.items()}:
                raise UsageError(
                    f"{source}: its weights are not those of {models[0]}; average models of the same settings"
                )
            for what in ("vocabulary", "labels", "preprocessing", "clip", "carried"):
                if getattr(other.manifest, what) != getattr(first.manifest, what):
                    raise UsageError(f"{source}: its {what} is not that of {models[0]}; average models of one make")
            for name, value in weights.items():
                mean[name] += value * part
        with torch.no_grad():
            result.load_state_dict({**result.state_dict(), **mean})
        origin = [{"model": str(model), "share": part} for model, part in zip(models, parts, strict=True)]
        described = first.manifest
        about = replace(described, storage="float32", scores={}, training={**described.training, "average_of": origin})
        save_model(result, about, folder)
    return read_artifact(out)
