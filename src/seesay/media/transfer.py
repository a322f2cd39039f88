"""Transfer functions of ITU-T H.273 as linear light, and high dynamic range brought to sRGB's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

WHITE_NITS = 203.0
"""Diffuse white of PQ and HLG (ITU-R BT.2408), in candela per square meter."""
PEAK_NITS = 1000.0
"""The brightest light that is kept apart from white; an HLG screen's peak (BT.2100)."""
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


def nits_to_pq(nits: Floats) -> Floats:
    """Candela per square meter → SMPTE ST 2084."""
    root = np.clip(nits / 10000, 0, 1) ** (2610 / 16384)
    return ((107 / 128 + 2413 / 128 * root) / (1 + 2392 / 128 * root)) ** (2523 / 32)


def hlg_to_scene(values: Floats) -> Floats:
    """Hybrid log-gamma (BT.2100), 0 … 1 → linear scene light, 0 … 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)


# By their number in H.273. Those of video (BT.709 and its like) are not here: screens show them as they are.
TRANSFERS: dict[int, Callable[[Floats], Floats]] = {
    4: lambda v: v**2.2,
    5: lambda v: v**2.8,
    8: lambda v: v,
    13: srgb_to_linear,
    16: lambda v: pq_to_nits(v) / WHITE_NITS,
    17: lambda v: v**2.6 * (52.37 / 48),
    18: hlg_to_scene,
}


def hdr_to_sdr(hlg: bool) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """A tone mapping for linear RGB (N, 3): BT.2390's EETF (section 5.4.1) from `PEAK_NITS` down to sRGB's white.

    The brightest channel is mapped and the others keep their ratio to it, so that hues stay.

    Args:
        hlg: the light is an HLG scene's, 0 … 1 (its OOTF is applied first); else 1 is `WHITE_NITS`.
    """
    luminance = np.array([0.2627, 0.6780, 0.0593], np.float32)
    nits = np.geomspace(1e-4, 10000, 4096)
    mapped = _eetf(nits) / WHITE_NITS

    def tone(light: NDArray[np.float32]) -> NDArray[np.float32]:
        if hlg:
            scene = np.maximum(light @ luminance, np.float32(1e-6))[:, None]
            light = light * scene ** np.float32(0.2) * np.float32(PEAK_NITS / WHITE_NITS)
        brightest = light.max(axis=1)
        lower = np.interp(brightest * WHITE_NITS, nits, mapped)
        ratio = lower / np.maximum(brightest, 1e-9)
        scaled: NDArray[np.float32] = (light * ratio[:, None]).astype(np.float32)
        return scaled

    return tone


def _eetf(nits: Floats) -> Floats:
    """Nits of a screen of `PEAK_NITS` → nits of one whose peak is `WHITE_NITS` (BT.2390-10, 5.4.1; black is 0)."""
    peak = float(nits_to_pq(np.array(PEAK_NITS)))
    e = np.minimum(nits_to_pq(nits) / peak, 1.0)
    top = float(nits_to_pq(np.array(WHITE_NITS))) / peak
    knee = 1.5 * top - 0.5
    t = np.maximum(e - knee, 0) / (1 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * top
    return pq_to_nits(np.where(e < knee, e, spline) * peak)
