"""From a picture to an encoder's pixels: the same in training and at use."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.errors import ArtifactError, UsageError
from seesay.media.picture import MAX_PIXELS, open_picture

_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes an encoder's pixels.

    Attributes:
        size: (height, width) of the encoder's input, in pixels.
        fit: "squash" resizes both sides, whatever the aspect ratio; "crop" keeps the ratio and takes the middle.
        crop_ratio: for "crop", the share of the picture that is kept along its tighter side, above 0 up to 1.
        interpolation: "bicubic" or "bilinear", both with anti-aliasing.
        mean: of red, green and blue, for pixels from 0 to 1.
        std: of the same.
        max_pixels: a picture with more is refused before it is decoded; a limit of this machine, not of the model, so
            that it is not stored.

    Raises:
        UsageError: a value outside these.
    """

    size: tuple[int, int]
    fit: Literal["squash", "crop"] = "squash"
    crop_ratio: float = 1.0
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        problems = [
            (len(self.size) != 2 or min(self.size) < 1, f"size {self.size} must be (height, width), 1 or more"),
            (self.fit not in ("squash", "crop"), f"fit {self.fit!r} must be 'squash' or 'crop'"),
            (not 0 < self.crop_ratio <= 1, f"crop_ratio {self.crop_ratio} must be above 0 and at most 1"),
            (self.interpolation not in _FILTERS, f"interpolation {self.interpolation!r} must be one of {[*_FILTERS]}"),
            (len(self.mean) != 3, f"mean {self.mean} must be three numbers"),
            (len(self.std) != 3 or min(self.std) <= 0, f"std {self.std} must be three numbers above 0"),
            (self.max_pixels < 1, f"max_pixels {self.max_pixels} must be 1 or more"),
        ]
        for wrong, message in problems:
            if wrong:
                raise UsageError(f"preprocessing: {message}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 3) of what `load` gives."""
        return (*self.size, 3)

    @property
    def target(self) -> tuple[int, int]:
        """(height, width) to give to `open_picture`: what `pixels` needs of a picture to lose nothing."""
        if self.fit == "squash":
            return self.size
        side = round(max(self.size) / self.crop_ratio)
        return side, side

    def pixels(self, picture: Image.Image) -> NDArray[np.uint8]:
        """A picture as uint8 (H, W, 3), sRGB, of this `size`; one in another mode than RGB as `open_picture` has it."""
        if picture.mode != "RGB":
            picture = open_picture(picture, max_pixels=self.max_pixels)
        height, width = self.size
        box = None if self.fit == "squash" else self._middle(*picture.size)
        return np.array(picture.resize((width, height), _FILTERS[self.interpolation], box=box))

    def _middle(self, width: float, height: float) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what is kept; cut before the resize, so that a very long picture stays small."""
        scale = self.crop_ratio * min(width / self.size[1], height / self.size[0])
        w, h = min(width, scale * self.size[1]), min(height, scale * self.size[0])
        return (width - w) / 2, (height - h) / 2, (width + w) / 2, (height + h) / 2

    def load(self, source: Any) -> NDArray[np.uint8]:
        """Open a picture (see `open_picture`) and give its uint8 (H, W, 3).

        Raises:
            MediaError: the picture cannot be read.
        """
        return self.pixels(open_picture(source, target=self.target, max_pixels=self.max_pixels))

    def normalize(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (B, H, W, 3) → float32 (B, 3, H, W): (pixel / 255 - mean) / std."""
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        scaled = (pixels.astype(np.float32) - 255 * mean) / (255 * std)
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as an artifact stores them."""
        values = dataclasses.asdict(self)
        del values["max_pixels"]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Preprocessing:
        """What `to_json` gave.

        Raises:
            ArtifactError: a value is missing, unknown or out of range.
        """
        try:
            plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
            return cls(**plain)
        except (TypeError, UsageError) as error:
            raise ArtifactError(f"the artifact's preprocessing cannot be read: {error}") from error
