"""Colors of clips that are not coded as screens show them: HDR, wide gamuts, linear and logarithmic light."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seesay.media.matrix_space import BT2020, PRIMARIES, to_linear_srgb
from seesay.media.transfer import HLG, PQ, TRANSFERS, roll_off

_OWN_TRANSFERS = frozenset({8, 9, 10, PQ, 17, HLG})  # linear, logarithmic, high dynamic range, cinema
# Those of BT.601 and EBU are so near BT.709's that players show all alike.
_WIDE = frozenset({4, 8, BT2020, 10, 11, 12})
_GAMMA = 2.4  # of a screen, BT.1886
_STRIP = 1 << 18  # pixels at a time, so that the copies of a large frame need no memory to speak of
_STEPS = 8191


def is_special(transfer: int, primaries: int) -> bool:
    """Whether a clip's numbers must be converted; BT.601's, BT.709's and sRGB's are shown as they are.

    Args:
        transfer: transfer characteristics, as H.273 numbers them.
        primaries: the same.
    """
    return transfer in _OWN_TRANSFERS or primaries in _WIDE


def to_bt709(pixels: NDArray[np.uint16], transfer: int, primaries: int, white: int = 65535) -> NDArray[np.uint8]:
    """Pixels in a clip's own color space as BT.709's, which screens show; HDR is tone-mapped.

    PQ and HLG become light (`transfer.TRANSFERS`), then BT.709's primaries, then what is brighter than white is drawn
    together (`transfer.roll_off`). It is coded with gamma 2.4 (BT.1886). What lies outside BT.709's gamut is clipped.

    Args:
        pixels: (3, H, W), red, green and blue from 0 to `white`; what is above is taken for it.
        transfer: transfer characteristics, as H.273 numbers them.
        primaries: the same; BT.2020's are assumed of an HDR clip that says none.
        white: the number that stands for 1.

    Returns:
        (H, W, 3).
    """
    hdr = transfer in (PQ, HLG)
    matrix = _to_bt709_matrix(BT2020 if hdr and primaries not in _WIDE and primaries != 1 else primaries)
    flat = pixels.reshape(3, -1)
    made = np.empty(flat.T.shape, np.uint8)
    for start in range(0, len(made), _STRIP):
        part = _light(transfer, white)[flat[:, start : start + _STRIP]]
        if matrix is not None:
            part = matrix @ part
        if hdr:
            part *= roll_off(part.max(0))
        places = (np.sqrt(np.clip(part, 0, 1, out=part), out=part) * _STEPS + 0.5).astype(np.uint16)
        made[start : start + _STRIP] = _coded()[places].T
    return made.reshape(*pixels.shape[1:], 3)


@lru_cache(maxsize=8)
def _light(transfer: int, white: int) -> NDArray[np.float32]:
    """The screen's light for each of 65,536 numbers, of which `white` is 1; its own white is 1."""
    code = np.minimum(np.arange(65536) / white, 1)
    return (TRANSFERS[transfer](code) if transfer in _OWN_TRANSFERS else code**_GAMMA).astype(np.float32)


@lru_cache(maxsize=1)
def _coded() -> NDArray[np.uint8]:
    """0 to 255 for each step of the square root of light, in which equal steps are about equally visible."""
    return np.rint(255 * (np.arange(_STEPS + 1) / _STEPS) ** (2 / _GAMMA)).astype(np.uint8)


@lru_cache(maxsize=8)
def _to_bt709_matrix(primaries: int) -> NDArray[np.float32] | None:
    """(3, 3), from light in these primaries to light in BT.709's; None where nothing changes."""
    return to_linear_srgb(PRIMARIES[primaries]).astype(np.float32) if primaries in _WIDE else None
