"""Encoded pictures, cached while the CNN is fixed; and uint8 pixels, changed a little, while it learns."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from lightning.fabric import Fabric
from PIL import Image, ImageEnhance
from torch import Tensor

from seesay.data import FeatureCache, Sample, read_dataset
from seesay.media import Preprocessing, decode_ahead, open_picture
from seesay.models.captioner import normalise
from seesay.models.encoders import Encoder, EncoderConfig
from seesay.models.memory import Memory

BATCH = 32
log = logging.getLogger("seesay.training")


def has_bf16() -> bool:
    """Whether this machine computes in bfloat16 rather than imitates it."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def open_cache(directory: Path, encoder: Encoder) -> FeatureCache:
    """The cache of this very encoder, weights and preprocessing."""
    rows, columns = encoder.grid_size
    key = {
        "encoder": encoder.config.name,
        "weights": encoder.fingerprint(),
        "preprocessing": encoder.preprocessing.to_json(),
        **({"layer": encoder.config.layer} if encoder.config.layer else {}),
    }
    return FeatureCache(directory, key, grid_shape=(rows * columns, encoder.dim), pooled_dim=encoder.dim)


@torch.no_grad()
def extract(
    samples: Sequence[Sample],
    encoder: Encoder,
    cache: FeatureCache,
    fabric: Fabric,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Encode the samples that the cache lacks; decoding runs ahead of the network.

    A picture that does not open is passed over, with a warning that counts them.

    Args:
        samples: pictures.
        encoder: in evaluation mode, on the fabric's device.
        cache: written to; safe to kill at any moment.
        fabric: device and precision.
        on_progress: called with pictures done and pictures to do.

    Returns:
        How many pictures were encoded.
    """
    missing = cache.missing(samples)
    encoder.eval()
    done, failed = 0, []
    for indexes, pixels, faults in decode_ahead(
        [s.media for s in missing], encoder.preprocessing, BATCH, on_error="yield"
    ):
        failed += [error for _, error in faults]
        if not indexes:
            continue
        batch = normalise(torch.from_numpy(pixels).to(fabric.device), encoder.preprocessing)
        with fabric.autocast():
            memory = encoder(batch)
        cache.write(
            [missing[i] for i in indexes],
            grid=memory.grid.half().cpu().numpy(),
            pooled=memory.pooled.half().cpu().numpy(),
        )
        done += len(indexes)
        if on_progress:
            on_progress(done + len(failed), len(missing))
    if failed:
        log.warning("%d picture(s) that do not open are passed over, the first: %s", len(failed), failed[0])
    return done


class Features:
    """Memories by sample id, from a cache that is filled when it has to be.

    Args:
        directory: of all feature caches.
        fabric: with several processes the first one encodes and the others wait.
    """

    def __init__(self, directory: Path, fabric: Fabric) -> None:
        self.directory = directory
        self.fabric = fabric
        self._cache: FeatureCache | None = None
        self._encoder_weights = ""

    def prepare(
        self, encoder: Encoder, samples: Sequence[Sample], on_progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Have every sample's features at hand, for the encoder as it is now."""
        weights = encoder.fingerprint()
        if self._cache is not None and weights == self._encoder_weights:
            return
        if self.fabric.is_global_zero:
            with open_cache(self.directory, encoder) as cache:
                extract(samples, encoder, cache, self.fabric, on_progress)
        self.fabric.barrier()
        self._cache, self._encoder_weights = open_cache(self.directory, encoder), weights

    def lacking(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples that `prepare` could not encode, because their pictures do not open."""
        assert self._cache is not None, "prepare() comes first"
        return self._cache.missing(samples)

    def memory(self, samples: Sequence[Sample]) -> Memory:
        """The Memory of these samples, float32 on the CPU."""
        assert self._cache is not None, "prepare() comes first"
        grid, pooled = self._cache.grid(samples), self._cache.pooled(samples)
        return Memory(torch.from_numpy(grid).float(), torch.from_numpy(pooled).float())


def load_pixels(samples: Sequence[Sample], preprocessing: Preprocessing, augment: Sequence[int] | None) -> Tensor:
    """Decode pictures in threads: uint8 (B, H, W, 3).

    Args:
        samples: pictures.
        preprocessing: the encoder's.
        augment: seed of the random crop, mirror image and brightness; None for the picture as it is.
    """

    def load(sample: Sample) -> np.ndarray:
        picture = open_picture(sample.media, target=preprocessing.target)
        if augment is not None:
            picture = vary(picture, np.random.default_rng([*augment, *sample.id.encode()]))
        return preprocessing.pixels(picture)

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return torch.from_numpy(np.stack(list(pool.map(load, samples))))


def vary(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A crop of 60 to 100 % of the area, perhaps mirrored, a little brighter or paler: the caption still holds."""
    width, height = picture.size
    area, aspect = rng.uniform(0.6, 1.0), np.exp(rng.uniform(-0.15, 0.15))
    w = min(width, max(1, round(width * np.sqrt(area * aspect))))
    h = min(height, max(1, round(height * np.sqrt(area / aspect))))
    left, top = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
    picture = picture.crop((int(left), int(top), int(left) + w, int(top) + h))
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = change(picture).enhance(float(rng.uniform(0.75, 1.25)))
    return picture


def extract_dataset(
    data: str,
    encoder: EncoderConfig,
    out: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, object]:
    """Encode every picture of a data set into `out`, where `train` finds them again; what is there already is kept.

    Args:
        data: `FORMAT:PATH`.
        encoder: the backbone, its weights, input size and layer.
        out: the cache folder; give it to `train` as `SEESAY_CACHE` does, or as its `features`.
        on_progress: called with pictures done and pictures to do.

    Returns:
        encoder, layer, grid (rows, columns), dimension, pictures in all, pictures encoded now.

    Raises:
        UsageError: no such encoder, or it has no such layer.
        DataError: the data set has fatal faults.
    """
    dataset = read_dataset(data)
    fabric = Fabric(accelerator="auto", devices=1, precision="bf16-mixed" if has_bf16() else "32-true")
    network = Encoder(encoder)
    fabric.to_device(network)
    with open_cache(out, network) as cache:
        encoded = extract(dataset.samples, network, cache, fabric, on_progress)
    return {
        "encoder": encoder.name,
        "layer": encoder.layer or "last feature map",
        "grid": list(network.grid_size),
        "dimension": network.dim,
        "pictures": len(dataset.samples),
        "encoded": encoded,
    }
