"""Encoded pictures and clips, cached while the CNN is fixed."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from lightning.fabric import Fabric

from seesay.data import FeatureCache, Sample, read_dataset
from seesay.errors import UsageError
from seesay.models.captioner import frame_dim
from seesay.models.encoders import Encoder, EncoderConfig
from seesay.models.memory import Memory
from seesay.models.sequences import SEQUENCES, SequenceEncoder
from seesay.progress import ProgressCallback, silent
from seesay.training.inputs import NEVER_KEPT, CachedSource, Clips, InputSource, Pictures
from seesay.training.sections import ClipSettings

log = logging.getLogger("seesay.training")


def has_bf16() -> bool:
    """Whether this machine computes in bfloat16 rather than imitates it."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def open_cache(directory: Path, encoder: Encoder, inputs: CachedSource) -> FeatureCache:
    """The cache of this very encoder, weights and preprocessing, and of this way of looking."""
    key = {
        "encoder": encoder.config.name,
        "weights": encoder.fingerprint(),
        "preprocessing": encoder.preprocessing.to_json(),
        **({"layer": encoder.config.layer} if encoder.config.layer else {}),
        **inputs.key(),
    }
    return FeatureCache(directory, key, **inputs.shapes(encoder))


@torch.no_grad()
def extract(
    samples: Sequence[Sample],
    encoder: Encoder,
    cache: FeatureCache,
    fabric: Fabric,
    inputs: CachedSource,
    on_progress: ProgressCallback = silent,
) -> int:
    """Encode the samples that the cache lacks; decoding runs ahead of the network.

    A picture or clip that does not open is passed over, with a warning that counts them.

    Args:
        samples: pictures or clips.
        encoder: in evaluation mode, on the fabric's device.
        cache: written to; safe to kill at any moment.
        fabric: device and precision.
        inputs: whether they are pictures or clips.
        on_progress: called with samples done and samples to do.

    Returns:
        How many samples were encoded.
    """
    missing = cache.missing(samples)
    if missing:
        cache.claim()
        missing = cache.missing(samples)  # another process may have filled it meanwhile
    encoder.eval()
    done, failed = 0, []
    for indexes, features, errors in inputs.encoded(missing, encoder, fabric):
        failed += errors
        if indexes:
            cache.write([missing[i] for i in indexes], **features)
            done += len(indexes)
        on_progress(done + len(failed), len(missing))
    if failed:
        log.warning("%d that do not open are passed over, the first: %s", len(failed), failed[0])
    return done


class FeatureStore:
    """Memories by sample id, from a cache that is filled when it has to be.

    Args:
        directory: of all feature caches.
        fabric: with several processes the first one encodes and the others wait.
        inputs: whether samples are pictures or clips.
    """

    def __init__(self, directory: Path, fabric: Fabric, inputs: InputSource | None = None) -> None:
        self.directory = directory
        self.fabric = fabric
        self.inputs: InputSource = inputs or Pictures()
        self._cache: FeatureCache | None = None
        self._encoder_weights = ""

    def prepare(
        self,
        encoder: Encoder | SequenceEncoder,
        samples: Sequence[Sample],
        on_progress: ProgressCallback = silent,
    ) -> None:
        """Have every sample's features at hand, for the encoder as it is now."""
        assert isinstance(encoder, Encoder), NEVER_KEPT
        inputs = self._cached_source()
        weights = encoder.fingerprint()
        if self._cache is not None and weights == self._encoder_weights:
            return
        if self.fabric.is_global_zero:
            with open_cache(self.directory, encoder, inputs) as cache:
                extract(samples, encoder, cache, self.fabric, inputs, on_progress)
        self.fabric.barrier()
        self._cache, self._encoder_weights = open_cache(self.directory, encoder, inputs), weights

    def lacking(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples that `prepare` could not encode, because their pictures do not open."""
        assert self._cache is not None, "prepare() comes first"
        return self._cache.missing(samples)

    def memory(self, samples: Sequence[Sample], seed: Sequence[int] | None = None) -> Memory:
        """The Memory of these samples, float32 on the CPU; `seed` draws which frames of a clip."""
        assert self._cache is not None, "prepare() comes first"
        return self._cached_source().memory(self._cache, samples, seed)

    def _cached_source(self) -> CachedSource:
        assert isinstance(self.inputs, CachedSource), NEVER_KEPT
        return self.inputs


def extract_dataset(
    data: str,
    encoder: EncoderConfig,
    out: Path,
    on_progress: ProgressCallback = silent,
    frames: int | None = None,
    flow: bool = False,
    positions: bool = False,
    max_pixels: int | None = None,
) -> dict[str, object]:
    """Encode every picture or clip of a data set into `out`, where `train` finds it again; what is there is kept.

    Args:
        data: `FORMAT:PATH`.
        encoder: the backbone, its weights, input size and layer.
        out: the cache folder; give it to `train` as `SEESAY_CACHE` does, or as its `features`.
        on_progress: called with pictures done and pictures to do.
        frames: how many of each clip, as the setting `clip.kept` of a recipe; None for pictures.
        flow: whether clips come with their optical flow, as the setting `clip.flow`.
        positions: whether every position of each frame is kept, as the setting `clip.positions`.
        max_pixels: pictures with more are passed over; None for `MAX_PIXELS`.

    Returns:
        encoder, layer, grid (rows, columns), dimension, pictures (or clips) in all, encoded now.

    Raises:
        UsageError: no such encoder, it has no such layer, or is one of texts or sounds; clips without `frames`; flow
            or positions of pictures.
        DataError: the data set has fatal faults.
        MissingPartError: flow, and OpenCV is not installed.
    """
    if encoder.name in SEQUENCES:
        raise UsageError(f"encoder {encoder.name}: {NEVER_KEPT}; use seesay train")
    if (flow or positions) and frames is None:
        raise UsageError("--flow and --positions are of clips; say how many frames of each are encoded: --frames 32")
    dataset = read_dataset(data)
    if dataset.modality in ("text", "sound"):
        raise UsageError(f"{data} holds {dataset.modality}s: {NEVER_KEPT}; use seesay train")
    if frames is None and dataset.modality == "clip":
        raise UsageError(f"{data} holds clips; say how many frames of each are encoded: --frames 32")
    fabric = Fabric(accelerator="auto", devices=1, precision="bf16-mixed" if has_bf16() else "32-true")
    network = Encoder(encoder)
    fabric.to_device(network)
    if max_pixels is not None:
        network.preprocessing = dataclasses.replace(network.preprocessing, max_pixels=max_pixels)
    inputs: CachedSource = Pictures()
    if frames is not None:
        inputs = Clips(ClipSettings(frames=frames, kept=frames, flow=flow, positions=positions))
    with open_cache(out, network, inputs) as cache:
        encoded = extract(dataset.samples, network, cache, fabric, inputs, on_progress)
    return {
        "encoder": encoder.name,
        "layer": encoder.layer or "last feature map",
        "grid": list(network.grid_size),
        "dimension": frame_dim(network, flow=flow),
        **({} if frames is None else {"frames": frames}),
        "pictures" if frames is None else "clips": len(dataset.samples),
        "encoded": encoded,
    }
