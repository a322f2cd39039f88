"""The artifact that a user means, by name or place."""

from __future__ import annotations

import os
from pathlib import Path

from seesay.artifact import read
from seesay.artifact.manifest import MANIFEST
from seesay.artifact.read import Artifact, read_artifact
from seesay.errors import UsageError

DEFAULT = "default"


def find_artifact(name_or_path: str | os.PathLike[str] | None = None) -> Artifact:
    """The artifact a user means.

    Args:
        name_or_path: None for the embedded default, the name of an embedded model, or a folder or .zip. An embedded
            name wins over a folder of that name in the working folder: write `./name` for the latter.

    Raises:
        UsageError: there is no such name; the message lists the names there are and the nearest.
        ArtifactError: missing, damaged, or of a newer format.
    """
    names = _embedded_names()
    if name_or_path is None or (isinstance(name_or_path, str) and name_or_path in names):
        return read_artifact(read.EMBEDDED / (name_or_path or DEFAULT))
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise UsageError(f"a model is given by its name or path, not by {name_or_path!r}")
    path = Path(name_or_path)
    if path.exists() or isinstance(name_or_path, os.PathLike) or len(path.parts) > 1 or path.suffix == ".zip":
        return read_artifact(path)
    from seesay.registry import nearest

    known = ", ".join(names) or "none"
    raise UsageError(
        f"no model is called {name_or_path!r}.{nearest(str(name_or_path), names)} Embedded models: {known}. "
        "Or give a folder or .zip that holds a seesay.json"
    )


def list_artifacts() -> tuple[Artifact, ...]:
    """The embedded artifacts, by name."""
    return tuple(read_artifact(read.EMBEDDED / name) for name in _embedded_names())


def _embedded_names() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in read.EMBEDDED.glob(f"*/{MANIFEST}")))
