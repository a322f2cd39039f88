"""SeeSay turns photos and clips into words.

    import seesay
    captioner = seesay.load()
    print(captioner("dog.jpg").text)

Use a model: `load` gives a `Captioner` or a `Recognizer`; these give a `Caption` or a `Prediction`. `describe` sends
photos, clips and scenes to the model of their kind.

Make and measure models: `train`, `export`, `evaluate`, `compare`, `score`; `read_dataset`, `list_models`,
`list_recipes`, `list_decoders`. Results are returned; `seesay.report.write` writes them as tables, plots and pages.

Errors raised on purpose are `SeeSayError` and its kinds. `__version__` is the version. Importing the package is cheap:
what a name needs is imported when it is first used, and PyTorch only by what trains.
"""

from __future__ import annotations

import os
from importlib import import_module
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
    from seesay.face import (
        compare,
        describe,
        evaluate,
        export,
        list_decoders,
        list_models,
        list_recipes,
        load,
        read_dataset,
        score,
        train,
    )
    from seesay.runtime import Caption, Captioner, Prediction, Recognizer

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
    "compare",
    "describe",
    "evaluate",
    "export",
    "list_decoders",
    "list_models",
    "list_recipes",
    "load",
    "read_dataset",
    "score",
    "train",
]
_RUNTIME = ("Caption", "Captioner", "Prediction", "Recognizer")
_ROOMS = ("media", "metrics", "report", "search", "text")
"""Subpackages that are reached without an import of their own: `seesay.report.write`."""


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        value = _version()
    elif name in _RUNTIME:
        value = getattr(import_module("seesay.runtime"), name)
    elif name in __all__:
        value = getattr(import_module("seesay.face"), name)
    elif name in _ROOMS:
        value = import_module(f"seesay.{name}")
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
