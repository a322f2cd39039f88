"""Where things that can be made again are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """A folder of this name under `SEESAY_CACHE`, else in the user's cache folder; it need not exist yet."""
    root = os.environ.get("SEESAY_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "seesay"
    return Path(root).expanduser() / name
