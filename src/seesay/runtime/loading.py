"""From a model's name to the object that answers."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from typing import Any, TypeVar, overload

from seesay.artifact import Artifact, find_artifact
from seesay.errors import UsageError
from seesay.runtime.captioner import Captioner
from seesay.runtime.ensemble import Ensemble
from seesay.runtime.fusion import Fusion
from seesay.runtime.networks import OnnxNetworks
from seesay.runtime.recognition_networks import RecognitionNetworks
from seesay.runtime.recognizer import Recognizer

log = logging.getLogger("seesay.runtime")
ACTIVITIES = "activities"
"""The embedded recognizer."""
Model = TypeVar("Model", Captioner, Recognizer)


@overload
def load(name_or_path: None = None, *, threads: int | None = None) -> Captioner: ...
@overload
def load(name_or_path: str | os.PathLike[str], *, threads: int | None = None) -> Any: ...
@overload
def load(name_or_path: Sequence[str | os.PathLike[str]], *, threads: int | None = None) -> Any: ...
def load(
    name_or_path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    *,
    threads: int | None = None,
) -> Any:
    """A `Captioner` or a `Recognizer`, as the model is one or the other; or several as one.

    Args:
        name_or_path: None for the embedded captioner, the name of an embedded model, or an artifact's folder or .zip. A
            list of these makes an ensemble: captioners' probabilities are averaged at every word, recognizers' for
            every clip. Each may have its own encoder, but they must share one vocabulary, or know the same classes.
        threads: CPU threads for the networks; None takes all cores.

    Raises:
        UsageError: no model has this name; the message lists those there are. Or the models of a list have different
            vocabularies or classes, or some say sentences and some do not.
        ArtifactError: the artifact is missing, damaged, not exported, or of a newer format.
    """
    if isinstance(name_or_path, (str, os.PathLike)):
        artifact = find_artifact(name_or_path)
        if recognizes(artifact):
            return load_recognizer(name_or_path, threads=threads)
        return load_captioner(name_or_path, threads=threads)
    if name_or_path and recognizes(find_artifact(name_or_path[0])):
        return load_recognizer(name_or_path, threads=threads)
    return load_captioner(name_or_path, threads=threads)


def load_captioner(
    name_or_path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    *,
    threads: int | None = None,
) -> Captioner:
    """A captioner from an artifact, or from several as one.

    Args:
        name_or_path: None for the embedded model, the name of an embedded model, or an artifact's folder or .zip. A
            list of these makes an ensemble: their probabilities are averaged at every word. Each may have its own
            encoder, but they must share one vocabulary.
        threads: CPU threads for the networks; None takes all cores.

    Raises:
        UsageError: no model has this name; the message lists those there are. Or the models of a list have different
            vocabularies.
        ArtifactError: the artifact is missing, damaged, not exported, or of a newer format.
    """
    if name_or_path is None or isinstance(name_or_path, (str, os.PathLike)):
        artifact = find_artifact(name_or_path)
        if recognizes(artifact):
            raise UsageError(f"{artifact.source}: recognizes activities and says no sentences; use seesay recognize")
        begun = time.perf_counter()
        return _noted(Captioner(artifact, OnnxNetworks(artifact, threads)), begun)
    members = [load_captioner(name, threads=threads) for name in name_or_path]
    if not members:
        raise UsageError("load() was given an empty list; name one model or more")
    return members[0] if len(members) == 1 else Ensemble(members)


def load_recognizer(
    name_or_path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    *,
    threads: int | None = None,
) -> Recognizer:
    """A recognizer from an artifact, or from several as one.

    Args:
        name_or_path: None for the embedded one, a name, or an artifact's folder or .zip. A list of these makes one of
            them whose probabilities are averaged (`Fusion`).
        threads: CPU threads for the networks; None takes all cores.

    Raises:
        UsageError: no model has this name, or it says sentences. Or the models of a list know different classes.
        ArtifactError: the artifact is missing, damaged, not exported, or of a newer format.
    """
    if name_or_path is not None and not isinstance(name_or_path, (str, os.PathLike)):
        members = [load_recognizer(name, threads=threads) for name in name_or_path]
        if not members:
            raise UsageError("load_recognizer() was given an empty list; name one model or more")
        return members[0] if len(members) == 1 else Fusion(members)
    artifact = find_artifact(ACTIVITIES if name_or_path is None else name_or_path)
    if not recognizes(artifact):
        raise UsageError(f"{artifact.source}: says sentences and recognizes no activities; use seesay caption")
    begun = time.perf_counter()
    return _noted(Recognizer(artifact, RecognitionNetworks(artifact, threads)), begun)


def _noted(model: Model, begun: float) -> Model:
    artifact, seconds = model.artifact, time.perf_counter() - begun
    log.info("%s: loaded in %.2f s, %.1f MB from %s", artifact.name, seconds, artifact.size / 1e6, artifact.source)
    return model


def recognizes(artifact: Artifact) -> bool:
    """Whether it names activities rather than say sentences."""
    return artifact.manifest.task == "recognize"
