"""ICC profiles: pictures brought to sRGB by LittleCMS, through Pillow."""

from __future__ import annotations

import functools
import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from seesay.media.matrix_space import MatrixSpace

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
_NAMES = {"RGB": "RGB", "L": "gray", "CMYK": "CMYK", "LAB": "Lab"}
# Linear sRGB → XYZ as ICC profiles have it: adapted to D50 (IEC 61966-2-1, annex F).
_SRGB_D50 = np.array([[0.43606, 0.38512, 0.14308], [0.22249, 0.71690, 0.06061], [0.01392, 0.09708, 0.71410]])
_MAX_PROFILE = 1 << 24


class IccSpace:
    """The space of an ICC profile; its own rendering intent holds.

    Attributes:
        mode: of the pictures that it is for: RGB, L, CMYK or LAB.
        is_srgb: whether a conversion would change no channel by more than one level.

    Raises:
        ImageCms.PyCMSError, OSError, ValueError: the profile is broken, or of another kind of colors.
    """

    def __init__(self, profile: bytes) -> None:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = opened.profile.xcolor_space.strip()
        if space not in _MODES:
            raise ValueError(f"is of {space or 'unnamed'} colors")
        self.mode = _MODES[space]
        intent = ImageCms.Intent(opened.profile.rendering_intent & 3)
        self._transform = ImageCms.buildTransform(opened, _srgb(), self.mode, "RGB", intent)
        self._deep = _matrix_space(profile, self.mode)
        self.is_srgb = self._changes_nothing()

    @property
    def colors(self) -> str:
        """What kind of pictures it is for, in a word."""
        return _NAMES[self.mode]

    def takes(self, mode: str) -> bool:
        """Whether it is for pictures in this mode of Pillow."""
        return mode == self.mode

    def convert(self, image: Image.Image) -> Image.Image:
        """A picture in the profile's mode as sRGB."""
        converted: Image.Image | None = ImageCms.applyTransform(image, self._transform)
        assert converted is not None
        return converted

    def convert_deep(self, samples: NDArray[np.uint16]) -> NDArray[np.uint8] | None:
        """uint16 (..., 1 or 3) → sRGB uint8 (..., 3); None where the profile is more than curves and a matrix."""
        return None if self._deep is None else self._deep.convert_deep(samples)

    def _changes_nothing(self) -> bool:
        if self.mode not in ("RGB", "L"):
            return False
        steps = np.arange(0, 256, 15, dtype=np.uint8)
        if self.mode == "L":
            steps = np.arange(256, dtype=np.uint8)
            before = np.repeat(steps[None, :, None], 3, axis=2)
            image = Image.fromarray(steps[None])
        else:
            before = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
            image = Image.fromarray(before)
        after = np.asarray(self.convert(image))
        return bool(np.abs(after.astype(int) - before).max() <= 1)


@functools.lru_cache(32)
def icc_space(profile: bytes) -> IccSpace | str:
    """The space of a profile, kept for the next picture that has it; what is wrong where there is none."""
    if len(profile) > _MAX_PROFILE:
        return f"has {len(profile) >> 20} MiB"
    try:
        return IccSpace(profile)
    except ValueError as error:
        return str(error)
    except Exception:  # LittleCMS's reasons are not handed on by Pillow
        return "is broken"


@functools.lru_cache(1)
def lab_space() -> IccSpace:
    """CIE L*a*b* relative to D50, of pictures that have no profile of their own."""
    return IccSpace(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())


@functools.lru_cache(1)
def _srgb() -> Any:
    return ImageCms.createProfile("sRGB")


def _matrix_space(profile: bytes, mode: str) -> MatrixSpace | None:
    """The curves and matrix of a profile that has no tables; None of others."""
    try:
        tags = _tags(profile)
        if mode == "L" and b"A2B0" not in tags:
            return MatrixSpace("gray", _curve(tags[b"kTRC"]), np.eye(3))
        if mode != "RGB" or any(name in tags for name in (b"A2B0", b"A2B1", b"A2B2", b"D2B0")):
            return None
        curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")], axis=1)
        columns = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        return MatrixSpace("RGB", curves, np.linalg.solve(_SRGB_D50, np.array(columns).T / 65536))
    except (KeyError, ValueError, struct.error, OverflowError, FloatingPointError):
        return None


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for place in range(min(count, 200)):
        name, offset, length = struct.unpack_from(">4sII", profile, 132 + 12 * place)
        tags[name] = profile[offset : offset + length]
    return tags


def _curve(tag: bytes) -> NDArray[np.float64]:
    """A tone curve as linear light in 4,096 or more even steps of the sample value.

    Raises:
        ValueError: not a curve.
    """
    steps = np.linspace(0, 1, 65536)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        values = np.frombuffer(tag, ">u2", count, 12).astype(float)
        if count < 2:
            return steps ** (values[0] / 256 if count else 1.0)
        return np.interp(steps, np.linspace(0, 1, count), values / 65535)
    if tag[:4] != b"para":
        raise ValueError("not a curve")
    (kind,) = struct.unpack_from(">H", tag, 8)
    numbers = [v / 65536 for v in struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)]
    g, a, b, c, d, e, f = (numbers + [0.0] * 6)[:7]
    if kind == 0:
        return np.asarray(steps**g, np.float64)
    if kind in (1, 2):  # c is what is added, and the line below -b/a is flat
        add = c if kind == 2 else 0.0
        curve = np.where(steps >= -b / a, np.maximum(a * steps + b, 0) ** g + add, add)
    else:
        curve = np.where(steps >= d, np.maximum(a * steps + b, 0) ** g + e, c * steps + f)
    return np.asarray(np.clip(curve, 0, 1), np.float64)
