"""Transfer functions of ITU-T H.273 as linear light, and high dynamic range brought to sRGB's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

WHITE_NITS, PEAK_NITS = 203.0, 1000.0
"""What PQ and HLG show as white and as brightest, in candela per square meter (BT.2408-7, table 1; BT.2100-2, 5)."""
KNEE = 0.9
"""Light up to this share of white is kept as it is; what is brighter, up to the peak, is drawn together above it."""
PQ, HLG = 16, 18
Floats = NDArray[np.float64]


def srgb_to_linear(values: Floats) -> Floats:
    """sRGB (IEC 61966-2-1), 0 … 1 → linear light."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(light: Floats) -> Floats:
    """Linear light, 0 … 1 → sRGB."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


def pq_to_nits(values: Floats) -> Floats:
    """SMPTE ST 2084 (PQ), 0 … 1 → candela per square meter."""
    root = np.clip(values, 0, 1) ** (32 / 2523)
    return 10000 * (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610)


def hlg_to_nits(values: Floats) -> Floats:
    """Hybrid log-gamma (BT.2100), 0 … 1 → candela per square meter on a screen of `PEAK_NITS`.

    The screen's gamma of 1.2 is of red, green and blue each, as zimg has it, not of their luminance.
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    return PEAK_NITS * scene**1.2


# By their number in H.273. Those of video (BT.709 and its like) are not here: screens show them as they are.
TRANSFERS: dict[int, Callable[[Floats], Floats]] = {
    4: lambda v: v**2.2,
    5: lambda v: v**2.8,
    8: lambda v: v,
    9: lambda v: 10 ** (2 * (v - 1)),
    10: lambda v: 10 ** (2.5 * (v - 1)),
    13: srgb_to_linear,
    PQ: lambda v: pq_to_nits(v) / WHITE_NITS,
    17: lambda v: v**2.6 * (52.37 / 48),
    HLG: lambda v: hlg_to_nits(v) / WHITE_NITS,
}


def roll_off(brightest: NDArray[np.float32]) -> NDArray[np.float32]:
    """What HDR pixels are scaled by so that none is brighter than white: 1 up to the knee.

    Red, green and blue scaled alike keep the hue. Above `KNEE` it is a hyperbola of the same slope that reaches white
    at `PEAK_NITS`: the shape of BT.2446-1's method C, the curve of FFmpeg's tonemap=mobius.

    Args:
        brightest: the brightest of red, green and blue of each pixel, as linear light; 1 is white.
    """
    peak = PEAK_NITS / WHITE_NITS
    a = -KNEE * KNEE * (peak - 1) / (KNEE * KNEE - 2 * KNEE + peak)
    b = (KNEE * KNEE - 2 * KNEE * peak + peak) / (peak - 1)
    scale = (b * b + 2 * b * KNEE + KNEE * KNEE) / (b - a)
    bright = np.maximum(brightest, np.float32(KNEE))
    mapped = np.float32(scale) * (bright + np.float32(a)) / (bright + np.float32(b))
    return np.asarray(mapped / bright, np.float32)
