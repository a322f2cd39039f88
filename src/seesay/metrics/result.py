"""What every metric gives, and the tokens it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Tokens: TypeAlias = Sequence[str]


@dataclass(frozen=True, eq=False)
class Result:
    """One metric's scores.

    Args:
        corpus: score of all items together, in natural units (0 to 1, CIDEr 0 to 10).
        items: score of each item, in the order given: (items,) float64.
    """

    corpus: float
    items: NDArray[np.float64]
