"""`seesay export`: a trained artifact in, an exported one out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx

from seesay.artifact import (
    ENCODER,
    NEIGHBORS,
    TEXTS,
    WEIGHTS,
    Artifact,
    find_artifact,
    read_artifact,
    replace_atomically,
    write_manifest,
)
from seesay.data import Dataset, read_dataset
from seesay.errors import ArtifactError, UsageError
from seesay.exporting.calibration import GUIDED, Beams, find_beams, fit_selection
from seesay.exporting.classifier_graphs import check_recognition, export_classifier_graphs
from seesay.exporting.graphs import export_graphs, inline, refer
from seesay.exporting.neighbors import BEAM, CONSENSUS, add_neighbors
from seesay.exporting.parity import TorchNetworks
from seesay.exporting.texts import add_texts
from seesay.exporting.weights import dequantized, load_any_model, quantized, weights_of, write_weights
from seesay.media import FrameSampling, Preprocessing
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.progress import ProgressCallback, silent
from seesay.runtime.networks import OnnxNetworks

Quantize = Literal["none", "float16", "int8"]
_STEPS = 4
_STORAGE = {"none": "float32", "float16": "float16", "int8": "int8"}


def export_artifact(
    model: str | PathLike[str] | None,
    out: str | PathLike[str],
    *,
    quantize: Quantize = "float16",
    calibration: Iterable[Any] | None = None,
    neighbors: str | Sequence[str] | None = None,
    texts: Sequence[str] = (),
    fit_to: Sequence[str] = (),
    force: bool = False,
    on_progress: ProgressCallback = silent,
    warn: Callable[[str], None] = lambda line: None,
) -> Artifact:
    """Write `model` with its networks, ready for use without PyTorch, and check what they compute.

    Args:
        model: an artifact or a run's folder, trained or exported before.
        out: a new folder, or a file name ending in .zip.
        quantize: how weights are kept. `none`: float32. `float16`: half the bytes, the same speed and, but for ties,
            the same captions. `int8`: a quarter of the bytes, computed with as float32.
        calibration: pictures, for int8 only: the encoder then computes in int8, about twice as fast, and its weights
            are inside `encoder.onnx` alone, so that such an artifact cannot be trained or exported again.
        neighbors: `FORMAT:PATH`, the data it was trained on, or several: what people said of the training parts is kept
            beside the model, which from then on chooses what agrees with it (`seesay.runtime.neighbors`), by
            `consensus` 2 and a `beam` of 5 or more among its search settings. None keeps those that an exported model
            has.
        texts: files of `IMAGE<tab>CAPTION` lines, for a model that detects words: what people said where the same
            words come is kept beside the model too.
        fit_to: `FORMAT:PATH`, data whose dev parts it has not learned from: how it chooses among its sentences, and how
            sure it is of them, is fitted to these (`seesay.exporting.calibration`).
        force: write over a .zip that is there.
        on_progress: called with pictures done and pictures in all, for the neighbors and for what is fitted.
        warn: given a line where some of these do not open, which are passed over.

    Raises:
        UsageError: an unknown `quantize`, or calibration pictures for another one. Or neighbors for a recognizer.
        DataError: the data cannot be read, has no training part, or fewer than two pictures of it open.
        ArtifactError: `model` is damaged, `out` holds something else or is a .zip that is there, or the networks do not
            compute the same.
    """
    if quantize not in _STORAGE:
        raise UsageError(f"--quantize {quantize}: choose one of {', '.join(_STORAGE)}")
    if calibration is not None and quantize != "int8":
        raise UsageError(f"calibration pictures are for --quantize int8, not {quantize}")
    source = find_artifact(model)
    sources = [neighbors] if isinstance(neighbors, str) else list(neighbors or ())
    if sources and source.manifest.task != "caption":
        raise UsageError(f"{source.source}: recognizes, and neighbors are for captions; leave out --neighbors")
    datasets = [read_dataset(one, default_splits=True) for one in sources]
    with replace_atomically(Path(out), force=force) as folder:
        built = load_any_model(source)
        if calibration is not None and not isinstance(built.preprocessing, Preprocessing):
            raise UsageError("calibration is of CNNs that look at pictures; leave it out")
        weights = quantized(weights_of(built), _STORAGE[quantize])
        clip = source.manifest.clip
        frames = None if clip is None else FrameSampling.from_json(clip).frames
        graphs = export_classifier_graphs(built) if isinstance(built, ClassifyModel) else export_graphs(built, frames)
        if calibration is not None:
            from seesay.exporting.quantize import quantize_encoder

            assert isinstance(built.preprocessing, Preprocessing)
            pixels = [built.preprocessing.load(picture) for picture in calibration]
            graphs[ENCODER] = quantize_encoder(inline(graphs[ENCODER], weights_of(built)), pixels)
            weights = {name: value for name, value in weights.items() if not name.startswith("encoder.")}
        write_weights(folder / WEIGHTS, weights)
        for name, graph in graphs.items():
            onnx.save(refer(graph, folder / WEIGHTS), folder / name)
        artifact = write_manifest(folder, replace(source.manifest, storage=_STORAGE[quantize]))
        built.load_state_dict({**built.state_dict(), **dequantized(weights)})
        if isinstance(built, ClassifyModel):
            check_recognition(artifact, built, frames or 1, exact=calibration is None)
        else:
            _check(artifact, built, exact=calibration is None)
        if datasets:
            add_neighbors(artifact, datasets, on_progress, warn)
            search = artifact.manifest.search
            wide = max(BEAM, search.get("beam", 1))
            write_manifest(folder, replace(artifact.manifest, search={**search, "beam": wide, "consensus": CONSENSUS}))
        elif NEIGHBORS in source.files:
            shutil.copyfile(source.file(NEIGHBORS), folder / NEIGHBORS)
            write_manifest(folder, artifact.manifest)
        if texts:
            add_texts(read_artifact(folder), texts)
        elif TEXTS in source.files:
            shutil.copyfile(source.file(TEXTS), folder / TEXTS)
        manifest = read_artifact(folder).manifest
        if manifest.model.get("detector") and not manifest.selection:
            manifest = replace(manifest, selection=dict(GUIDED))
        write_manifest(folder, manifest)
        if fit_to:
            _fit(folder, [read_dataset(one, default_splits=True) for one in fit_to], on_progress)
    return read_artifact(out)


def _fit(folder: Path, datasets: Sequence[Dataset], on_progress: Callable[[int, int], None]) -> None:
    """Fit how the model in `folder` chooses, and keep it in its manifest."""
    plain = replace(read_artifact(folder).manifest, selection=GUIDED)
    artifact = write_manifest(folder, plain)
    beams = [find_beams(artifact, dataset, "dev", on_progress) for dataset in datasets]
    every = Beams.joined(beams)
    write_manifest(folder, replace(plain, selection=fit_selection(every).to_json()))


def _check(artifact: Artifact, model: CaptionModel, *, exact: bool) -> None:
    """Run the networks on noise for a few words: they load, take any number of pictures, and agree with PyTorch."""
    height, width = model.preprocessing.size
    frames = () if artifact.manifest.clip is None else (FrameSampling.from_json(artifact.manifest.clip).frames,)
    pixels = np.random.default_rng(0).integers(0, 256, (3, *frames, height, width, 3), np.uint8)
    networks, torch_networks = OnnxNetworks(artifact), TorchNetworks(model)
    state, expected_state = networks.start(pixels), torch_networks.start(pixels)
    tokens = np.full(3, model.vocabulary.start, np.int64)
    for _ in range(_STEPS):
        logits, state = networks.step(tokens, state)
        expected, expected_state = torch_networks.step(tokens, expected_state)
        gap = float(np.abs(logits - expected).max())
        if not np.isfinite(logits).all() or (exact and gap > 1e-3 * max(1.0, float(np.abs(expected).max()))):
            raise ArtifactError(f"the exported networks do not compute what PyTorch does (logits differ by {gap:.3g})")
        tokens = expected.argmax(1)
