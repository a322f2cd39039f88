"""SeeSay turns pictures into words.

    import seesay
    captioner = seesay.load()
    print(captioner("dog.jpg").text)

Exported: `load` and the `Captioner` or `Recognizer` it gives, the `Caption` and `Prediction` that these give, the
errors raised on purpose (`SeeSayError` and its kinds), and `__version__`. Importing the package is cheap: what these
names need is imported when one of them is first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from seesay.errors import (
    ArtifactError,
    DataError,
    MediaError,
    MissingPartError,
    SeeSayError,
    TrainingError,
    UsageError,
)

if TYPE_CHECKING:
    from seesay.runtime import Caption, Captioner, Prediction, Recognizer, load

# ONNX Runtime sends usage data from 1.32 on unless this is set before it is imported, and whoever imports a part of
# SeeSay comes by here first. Somebody's own choice stays.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ.get("ORT_DISABLE_TELEMETRY") or "1"

__version__: str

__all__ = [
    "ArtifactError",
    "Caption",
    "Captioner",
    "DataError",
    "MediaError",
    "MissingPartError",
    "Prediction",
    "Recognizer",
    "SeeSayError",
    "TrainingError",
    "UsageError",
    "__version__",
    "load",
]


def __getattr__(name: str) -> Any:
    if name in ("Caption", "Captioner", "Prediction", "Recognizer", "load"):
        import seesay.runtime

        value: Any = getattr(seesay.runtime, name)
    elif name == "__version__":
        value = _version()
    else:
        raise AttributeError(f"module 'seesay' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("seesay")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0+unknown"
