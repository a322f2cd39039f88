"""What a model looks at, pictures or clips: encoded and kept while the CNN is fixed, as pixels while it learns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from torch import Tensor

from seesay.cores import usable_cores
from seesay.data import FeatureCache, Sample
from seesay.data.sample import source_of
from seesay.errors import MediaError
from seesay.media import (
    FrameSampling,
    Preprocessing,
    Preprocessor,
    Section,
    clips_ahead,
    decode_ahead,
    load_clip,
    open_picture,
)
from seesay.media.flow import CODING
from seesay.media.sampling import spaced
from seesay.models.captioner import encode, frame_dim, normalize
from seesay.models.encoders import Encoder
from seesay.models.memory import Memory
from seesay.training.config import Config
from seesay.training.sections import ClipSettings

BATCH = 32
NEVER_KEPT = "the CNN of texts and sounds begins with random weights and learns: nothing is encoded once and kept"
Half = NDArray[np.float16]
Encoded = tuple[list[int], dict[str, Half], list[MediaError]]
"""Indexes of samples, what the cache keeps of them by name, and errors of those that cannot be read."""


class InputSource(ABC):
    """Pictures, clips, texts or sounds."""

    @abstractmethod
    def pixels(self, samples: Sequence[Sample], preprocessing: Any, seed: Sequence[int] | None) -> Tensor:
        """Decode samples in threads, as the model's `encode` takes them: uint8 of pictures and clips.

        Args:
            samples: pictures, clips, texts or sounds.
            preprocessing: the encoder's.
            seed: of the random crop, mirror image and brightness, and the choice of frames; None for none of these.
        """


class CachedSource(InputSource):
    """Pictures or clips, which a fixed CNN encodes once; what it gives is kept."""

    @abstractmethod
    def key(self) -> dict[str, Any]:
        """What the kept features depend on beside the encoder."""

    @abstractmethod
    def shapes(self, encoder: Encoder) -> dict[str, Any]:
        """`grid_shape` and `pooled_dim` of the cache."""

    @abstractmethod
    def encoded(self, samples: Sequence[Sample], encoder: Encoder, fabric: Fabric) -> Iterator[Encoded]:
        """Encode samples, some at a time; decoding runs ahead of the network."""

    @abstractmethod
    def memory(self, cache: FeatureCache, samples: Sequence[Sample], seed: Sequence[int] | None) -> Memory:
        """What the cache keeps of these samples, float32 on the CPU; `seed` draws where there is a choice."""


class Pictures(CachedSource):
    """One picture each.

    Args:
        copies: versions of each that are encoded and kept: as it is, and changed (`vary`) in copies - 1 ways.
    """

    def __init__(self, copies: int = 1) -> None:
        self.copies = copies

    def key(self) -> dict[str, Any]:
        """See `CachedSource.key`."""
        return {"copies": self.copies} if self.copies > 1 else {}

    def shapes(self, encoder: Encoder) -> dict[str, Any]:
        """See `CachedSource.shapes`."""
        positions = int(np.prod(encoder.grid_size))
        return {"grid_shape": (self.copies * positions, encoder.dim), "pooled_dim": self.copies * encoder.dim}

    def encoded(self, samples: Sequence[Sample], encoder: Encoder, fabric: Fabric) -> Iterator[Encoded]:
        """See `CachedSource.encoded`."""
        preprocessor = encoder.preprocessing if self.copies == 1 else _Copies(encoder.preprocessing, self.copies)
        batches = decode_ahead([s.media for s in samples], preprocessor, max(1, BATCH // self.copies), on_error="yield")
        for indexes, pixels, faults in batches:
            errors = [error for _, error in faults]
            if not indexes:
                yield [], {}, errors
                continue
            memory = _encode(encoder, pixels.reshape(-1, *pixels.shape[-3:]), fabric)
            grid, pooled = _half(memory.grid), _half(memory.pooled)
            kept = {"grid": grid.reshape(len(indexes), -1, encoder.dim), "pooled": pooled.reshape(len(indexes), -1)}
            yield indexes, kept, errors

    def memory(self, cache: FeatureCache, samples: Sequence[Sample], seed: Sequence[int] | None) -> Memory:
        """See `CachedSource.memory`: `seed` draws one of the copies, None takes the picture as it is."""
        grid, pooled = cache.grid(samples), cache.pooled(samples)
        if self.copies > 1:
            copies = [0 if seed is None else int(_draws(seed, sample).integers(self.copies)) for sample in samples]
            rows = np.arange(len(samples))
            grid = grid.reshape(len(samples), self.copies, -1, grid.shape[-1])[rows, copies]
            pooled = pooled.reshape(len(samples), self.copies, -1)[rows, copies]
        return Memory(torch.from_numpy(grid).float(), torch.from_numpy(pooled).float())

    def pixels(self, samples: Sequence[Sample], preprocessing: Preprocessing, seed: Sequence[int] | None) -> Tensor:
        """See `InputSource.pixels`: (B, H, W, 3)."""

        def load(sample: Sample) -> NDArray[np.uint8]:
            picture = open_picture(sample.media, target=preprocessing.target, max_pixels=preprocessing.max_pixels)
            if seed is not None:
                picture = vary(picture, _draws(seed, sample))
            return preprocessing.pixels(picture)

        return _in_threads(load, samples)


class Clips(CachedSource):
    """A sequence of frames each: a frame is a position of the grid.

    Args:
        settings: how many frames, and whether with flow.
    """

    def __init__(self, settings: ClipSettings) -> None:
        self.settings = settings

    def key(self) -> dict[str, Any]:
        """See `CachedSource.key`."""
        flow = {"flow": CODING} if self.settings.flow else {}
        return {"clip": {"kept": self.settings.kept, "positions": self.settings.positions, **flow}}

    def shapes(self, encoder: Encoder) -> dict[str, Any]:
        """See `CachedSource.shapes`."""
        positions = int(np.prod(encoder.grid_size)) if self.settings.positions else 1
        return {"grid_shape": (self.settings.kept * positions, self._dim(encoder)), "pooled_dim": None}

    def encoded(self, samples: Sequence[Sample], encoder: Encoder, fabric: Fabric) -> Iterator[Encoded]:
        """See `CachedSource.encoded`: a clip at a time."""
        sections = [Section(s.media, s.start, s.end) for s in samples]
        sampling = FrameSampling("uniform", self.settings.kept, flow=self.settings.flow)
        for index, clip in clips_ahead(sections, encoder.preprocessing, sampling, on_error="yield"):
            if isinstance(clip, MediaError):
                yield [], {}, [clip]
                continue
            parts = []
            for first in range(0, len(clip.pixels), BATCH):
                part = torch.from_numpy(clip.pixels[None, first : first + BATCH]).to(fabric.device)
                with fabric.autocast():
                    grid = encode(encoder, part, positions=self.settings.positions).grid
                parts.append(_half(grid).reshape(part.shape[1], -1, self._dim(encoder)))
            frames = np.concatenate(parts)
            kept = frames[spaced(len(frames), self.settings.kept)]
            yield [index], {"grid": kept.reshape(1, -1, self._dim(encoder))}, []

    def memory(self, cache: FeatureCache, samples: Sequence[Sample], seed: Sequence[int] | None) -> Memory:
        """See `CachedSource.memory`: `seed` draws one of the kept frames of each part, None takes the middle one."""
        kept, frames = self.settings.kept, self.settings.frames
        grid = cache.grid(samples)
        grid = grid.reshape(len(samples), kept, -1, grid.shape[-1])
        chosen = np.empty((len(samples), frames, *grid.shape[2:]), np.float32)
        for row, sample in enumerate(samples):
            place = np.full(frames, 0.5) if seed is None else _draws(seed, sample).random(frames)
            chosen[row] = grid[row, ((np.arange(frames) + place) * (kept / frames)).astype(np.int64)]
        whole = torch.from_numpy(chosen).flatten(1, 2)
        return Memory(whole, whole.mean(1))

    def pixels(self, samples: Sequence[Sample], preprocessing: Preprocessing, seed: Sequence[int] | None) -> Tensor:
        """See `InputSource.pixels`: (B, F, H, W, 3), with flow (B, F, H, W, 6); a clip's frames are changed alike."""
        how: Literal["uniform", "random"] = "uniform" if seed is None else "random"
        sampling = FrameSampling(how, self.settings.frames, flow=self.settings.flow)

        def load(sample: Sample) -> NDArray[np.uint8]:
            chance = None if seed is None else _draws(seed, sample)
            change = None if seed is None else lambda picture: vary(picture, _draws((*seed, 1), sample))
            clip = load_clip(
                sample.media, preprocessing, sampling, sample.start, sample.end, chance, threads=1, change=change
            )
            return clip.pixels[spaced(len(clip.pixels), self.settings.frames)]

        return _in_threads(load, samples)

    def _dim(self, encoder: Encoder) -> int:
        return frame_dim(encoder, flow=self.settings.flow)


class Sequences(InputSource):
    """A text or sound each. Their CNN learns from the first epoch on, so that nothing is kept of it."""

    def pixels(self, samples: Sequence[Sample], preprocessing: Preprocessor, seed: Sequence[int] | None) -> Tensor:
        """See `InputSource.pixels`: tokens (B, L) int64, or frames (B, T, M) float32."""
        return _in_threads(lambda sample: preprocessing.load(source_of(sample)), samples)


class _Copies:
    """A picture as pixels, as it is and changed: (copies, H, W, 3)."""

    def __init__(self, preprocessing: Preprocessing, copies: int) -> None:
        self.preprocessing = preprocessing
        self.shape = (copies, *preprocessing.shape)

    def load(self, source: Any) -> NDArray[np.uint8]:
        each = self.preprocessing
        picture = open_picture(source, target=each.target, max_pixels=each.max_pixels)
        chance = np.random.default_rng([len(source.name), *source.name.encode()])
        changed = [vary(picture, chance) for _ in range(self.shape[0] - 1)]
        return np.stack([self.preprocessing.pixels(version) for version in (picture, *changed)])


def input_source(config: Config) -> InputSource:
    """What a run looks at."""
    if config.modality in ("text", "sound"):
        return Sequences()
    return Clips(config.clip) if config.clip else Pictures(config.training.augmented_copies)


def _encode(encoder: Encoder, pixels: NDArray[np.uint8], fabric: Fabric) -> Memory:
    batch = normalize(torch.from_numpy(pixels).to(fabric.device), encoder.preprocessing)
    with fabric.autocast():
        memory: Memory = encoder(batch)
    return memory


def _half(values: Tensor) -> Half:
    return np.asarray(values.half().cpu())


def _draws(seed: Sequence[int], sample: Sample) -> np.random.Generator:
    return np.random.default_rng([*seed, *sample.id.encode()])


def _in_threads(load: Any, samples: Sequence[Sample]) -> Tensor:
    with ThreadPoolExecutor(min(4, usable_cores())) as pool:
        return torch.from_numpy(np.stack(list(pool.map(load, samples))))


def vary(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A crop of 60 to 100 % of the area, perhaps flipped, a little brighter or paler: the caption still holds."""
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
