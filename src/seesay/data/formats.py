"""Where readers of data formats make themselves known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from seesay.data.sample import Dataset
from seesay.registry import Registry

Reader = Callable[[Path, "Path | None"], Dataset]
"""What the user named, and the folder of pictures where the user named one (`,images=DIR`), to a data set."""

READERS: Registry[Reader] = Registry("data format", "seesay.readers")
