"""Colors of clips that are not coded as screens show them: HDR, wide gamuts, linear and logarithmic light."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Numbers of ITU-T H.273 (tables 2 and 3), which every container and codec uses.
PQ, HLG = 16, 18
BT2020 = 9
_LINEAR, _LOG_100, _LOG_316, _SMPTE428 = 8, 9, 10, 17
_OWN_TRANSFERS = frozenset({_LINEAR, _LOG_100, _LOG_316, PQ, _SMPTE428, HLG})
_D65, _C, _E, _DCI = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3), (0.314, 0.351)
_BT709_PRIMARIES = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
# x, y of red, green, blue and white. Those of BT.601 and EBU are so near BT.709's that players show all alike.
_PRIMARIES = {
    4: ((0.670, 0.330), (0.210, 0.710), (0.140, 0.080), _C),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    10: ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), _E),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_GAMMA = 2.4  # of a screen, BT.1886
WHITE_NITS, PEAK_NITS = 203.0, 1000.0
"""What an HDR clip shows as white and as brightest, in cd/m² (BT.2408-7, table 1; BT.2100-2, table 5)."""
KNEE = 0.9
"""Light up to this share of white is kept as it is; what is brighter, up to the peak, is drawn together above it."""
_STRIP = 1 << 18  # pixels at a time, so that the copies of a large frame need no memory to speak of
_STEPS = 8191


def is_special(transfer: int, primaries: int) -> bool:
    """Whether a clip's numbers must be converted; BT.601's, BT.709's and sRGB's are shown as they are.

    Args:
        transfer: transfer characteristics, as H.273 numbers them.
        primaries: the same.
    """
    return transfer in _OWN_TRANSFERS or primaries in _PRIMARIES


def to_bt709(pixels: NDArray[np.uint16], transfer: int, primaries: int) -> NDArray[np.uint8]:
    """Pixels in a clip's own color space as BT.709's, which screens show; HDR is tone-mapped.

    PQ and HLG become light (BT.2100-2, tables 4 and 5; HLG for a screen of 1000 cd/m², with its gamma of 1.2 on red,
    green and blue each, as zimg has it, not on their luminance), then BT.709's primaries. Then the brightest of red,
    green and blue is mapped, and the three are scaled with it, which keeps the hue: linear up to `KNEE`, above it a
    hyperbola of the same slope that reaches 1 at `PEAK_NITS`; 1 is `WHITE_NITS`. The shape is that of BT.2446-1's
    method C, the curve that of FFmpeg's tonemap=mobius. It is coded with gamma 2.4 (BT.1886). What lies outside
    BT.709's gamut is clipped.

    Args:
        pixels: (3, H, W), red, green and blue from 0 to 65,535.
        transfer: transfer characteristics, as H.273 numbers them.
        primaries: the same; BT.2020's are assumed of an HDR clip that says none.

    Returns:
        (H, W, 3).
    """
    hdr = transfer in (PQ, HLG)
    matrix = _to_bt709_matrix(BT2020 if hdr and primaries not in _PRIMARIES and primaries != 1 else primaries)
    flat = pixels.reshape(3, -1)
    made = np.empty(flat.T.shape, np.uint8)
    for start in range(0, len(made), _STRIP):
        part = _light(transfer)[flat[:, start : start + _STRIP]]
        if matrix is not None:
            part = matrix @ part
        if hdr:
            part *= _roll_off(part.max(0))
        places = (np.sqrt(np.clip(part, 0, 1, out=part), out=part) * _STEPS + 0.5).astype(np.uint16)
        made[start : start + _STRIP] = _coded()[places].T
    return made.reshape(*pixels.shape[1:], 3)


def _roll_off(brightest: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a pixel is scaled by whose brightest channel this is; 1 up to the knee."""
    peak = PEAK_NITS / WHITE_NITS
    a = -KNEE * KNEE * (peak - 1) / (KNEE * KNEE - 2 * KNEE + peak)
    b = (KNEE * KNEE - 2 * KNEE * peak + peak) / (peak - 1)
    scale = (b * b + 2 * b * KNEE + KNEE * KNEE) / (b - a)
    bright = np.maximum(brightest, np.float32(KNEE))
    mapped = np.float32(scale) * (bright + np.float32(a)) / (bright + np.float32(b))
    return np.asarray(mapped / bright, np.float32)


@lru_cache(maxsize=8)
def _light(transfer: int) -> NDArray[np.float32]:
    """The screen's light for each of 65,536 steps of a transfer function, 1 for white."""
    code = np.arange(65536) / 65535
    if transfer == PQ:
        power = code ** (1 / 78.84375)
        light = (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
        light *= 10_000 / WHITE_NITS
    elif transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)  # of the scene
        light = light**1.2 * (PEAK_NITS / WHITE_NITS)  # of the screen
    elif transfer == _LINEAR:
        light = code
    elif transfer in (_LOG_100, _LOG_316):
        light = 10 ** ((2.0 if transfer == _LOG_100 else 2.5) * (code - 1))
    elif transfer == _SMPTE428:
        light = code**2.6 * (52.37 / 48)
    else:
        light = code**_GAMMA
    return light.astype(np.float32)


@lru_cache(maxsize=1)
def _coded() -> NDArray[np.uint8]:
    """0 to 255 for each step of the square root of light, in which equal steps are about equally visible."""
    return np.rint(255 * (np.arange(_STEPS + 1) / _STEPS) ** (2 / _GAMMA)).astype(np.uint8)


@lru_cache(maxsize=8)
def _to_bt709_matrix(primaries: int) -> NDArray[np.float32] | None:
    """(3, 3), from light in these primaries to light in BT.709's; None where nothing changes."""
    if primaries not in _PRIMARIES:
        return None
    whole = (
        np.linalg.inv(_to_xyz(_BT709_PRIMARIES)) @ _adapted(_PRIMARIES[primaries][3]) @ _to_xyz(_PRIMARIES[primaries])
    )
    return np.asarray(whole, np.float32)


def _xyz(point: tuple[float, float]) -> NDArray[np.float64]:
    x, y = point
    return np.array([x, y, 1 - x - y])


def _to_xyz(points: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """The matrix from RGB of these primaries and white to XYZ (SMPTE RP 177)."""
    columns = np.stack([_xyz(point) for point in points[:3]], 1)
    white = _xyz(points[3]) / points[3][1]
    return np.asarray(columns * np.linalg.solve(columns, white), np.float64)


def _adapted(white: tuple[float, float]) -> NDArray[np.float64]:
    """Bradford's adaptation of XYZ from a white to D65."""
    ratio = (_BRADFORD @ (_xyz(_D65) / _D65[1])) / (_BRADFORD @ (_xyz(white) / white[1]))
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(ratio) @ _BRADFORD, np.float64)
