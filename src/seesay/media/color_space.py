"""The color space that a picture says it is in, brought to sRGB: ICC profiles, PNG's and H.273's numbers."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seesay.media.color import NAME
from seesay.media.icc import IccSpace, icc_space
from seesay.media.matrix_space import D65, PRIMARIES, SRGB_PRIMARIES, MatrixSpace, to_linear_srgb
from seesay.media.transfer import HLG, PQ, TRANSFERS, roll_off, srgb_to_linear

log = logging.getLogger("seesay.media")

_ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
_VIDEO_CURVES = (1, 2, 6, 13, 14, 15)  # shown as they are on an sRGB screen, as browsers and players do
_SAME_GAMMA = 0.05  # libpng's own threshold: a smaller difference is not worth a conversion
_SRGB_GAMMA = 0.45455


class ColorSpace(Protocol):
    """A color space other than sRGB."""

    def takes(self, mode: str) -> bool:
        """Whether it is of pictures in this mode of Pillow."""

    def convert(self, image: Image.Image) -> Image.Image:
        """A picture of 8 bits, in a mode that it `takes`, as sRGB in mode RGB."""

    def convert_deep(self, samples: NDArray[np.uint16]) -> NDArray[np.uint8] | None:
        """uint16 (..., 1 or 3) → sRGB uint8 (..., 3); None where only 8 bits can be converted."""


def color_space(image: Image.Image) -> ColorSpace | None:
    """The color space of an open picture; None where it is sRGB, or says nothing.

    Of several statements the strongest holds, as the PNG specification (third edition, 12.1) orders them: cICP, ICC
    profile, sRGB, gAMA and cHRM; in HEIF an ICC profile is stronger than nclx. One that is broken is passed over.

    Args:
        image: its `info` is read: `cicp` and `nclx` are (primaries, transfer) in the numbers of H.273.
    """
    info = image.info
    if "cicp" in info and (space := _cicp(*info["cicp"])) is not _UNKNOWN:
        return space
    if profile := info.get("icc_profile"):
        found = icc_space(bytes(profile))
        if isinstance(found, IccSpace):
            if found.takes(_family(image)):
                return None if found.is_srgb else found
            found = f"is of {found.colors} pictures, and this one is {_family(image)}"
        log.info("%s: the color profile is ignored: it %s", info.get(NAME, "a picture"), found)
    if "srgb" in info:
        return None
    if "gamma" in info or "chromaticity" in info:
        return _gamma_and_chromaticity(info)
    if "nclx" in info and (space := _cicp(*info["nclx"])) is not _UNKNOWN:
        return space
    if image.format in ("JPEG", "MPO") and b"R03\0" in info.get("exif", b"") and "icc_profile" not in info:
        return _power_space(_ADOBE, 563 / 256)  # DCF 2.0: an optional color space file, which is Adobe RGB (1998)
    return None


def _family(image: Image.Image) -> str:
    """The mode that a picture's colors are converted in."""
    if image.mode in ("CMYK", "LAB"):
        return image.mode
    return "L" if image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;16") else "RGB"


_UNKNOWN = MatrixSpace("unknown", np.zeros(2), np.eye(3))


@functools.lru_cache(16)
def _cicp(primaries: int, transfer: int) -> MatrixSpace | None:
    """None is sRGB; `_UNKNOWN` where the numbers say nothing that is known."""
    if transfer == 2 and primaries == 2:
        return _UNKNOWN
    corners = PRIMARIES.get(1 if primaries == 2 else primaries)
    if corners is None or (transfer not in TRANSFERS and transfer not in _VIDEO_CURVES):
        log.info("color primaries %d with transfer function %d are not known; taken for sRGB", primaries, transfer)
        return _UNKNOWN
    if transfer in _VIDEO_CURVES and corners == PRIMARIES[1]:
        return None
    curve: Callable[[NDArray[np.float64]], NDArray[np.float64]] = TRANSFERS.get(transfer, srgb_to_linear)
    return _of_curve(f"H.273 {primaries}, {transfer}", corners, curve, roll_off if transfer in (PQ, HLG) else None)


@functools.lru_cache(16)
def _power_space(corners: tuple[tuple[float, float], ...], exponent: float) -> MatrixSpace:
    return _of_curve(f"gamma {exponent:g}", corners, lambda v: v**exponent)


def _of_curve(name: str, corners: Any, curve: Any, tone: Any = None) -> MatrixSpace:
    return MatrixSpace(name, curve(np.linspace(0, 1, 65536)), to_linear_srgb(corners), tone)


def _gamma_and_chromaticity(info: Mapping[Any, Any]) -> MatrixSpace | None:
    """PNG's gAMA and cHRM; without one of them, sRGB's curve or sRGB's primaries."""
    gamma = float(info.get("gamma", _SRGB_GAMMA))
    if not 0.01 <= gamma <= 100:
        log.info("a gamma of %g is ignored", gamma)
        gamma = _SRGB_GAMMA
    white, red, green, blue = _corners(info.get("chromaticity"))
    corners = (red, green, blue, white)
    like_srgb = abs(gamma / _SRGB_GAMMA - 1) <= _SAME_GAMMA
    if np.abs(np.subtract(corners, (*SRGB_PRIMARIES, D65))).max() < 0.002:
        return None if like_srgb else _power_space((*SRGB_PRIMARIES, D65), 1 / gamma)
    try:
        if "gamma" not in info:
            return _of_curve("cHRM", corners, srgb_to_linear)
        return _power_space(corners, 1 / gamma)
    except np.linalg.LinAlgError:
        log.info("chromaticities that are no colors are ignored")
        return None if like_srgb else _power_space((*SRGB_PRIMARIES, D65), 1 / gamma)


def _corners(values: Any) -> list[tuple[float, float]]:
    if values is None:
        return [D65, *SRGB_PRIMARIES]
    return [(values[i], values[i + 1]) for i in range(0, 8, 2)]
