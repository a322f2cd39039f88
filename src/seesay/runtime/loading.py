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
from seesay.runtime.model import Opener
from seesay.runtime.networks import OnnxNetworks
from seesay.runtime.recognition_networks import RecognitionNetworks
from seesay.runtime.recognizer import Recognizer

log = logging.getLogger("seesay.runtime")
ACTIVITIES = "activities"
"""The embedded recognizer."""
Model = TypeVar("Model", Captioner, Recognizer)
Source = str | os.PathLike[str]


@overload
def load(name_or_path: None = None, *, threads: int | None = None, networks: Opener | None = None) -> Captioner: ...
@overload
def load(name_or_path: Source, *, threads: int | None = None, networks: Opener | None = None) -> Any: ...
@overload
def load(name_or_path: Sequence[Source], *, threads: int | None = None, networks: Opener | None = None) -> Any: ...
def load(
    name_or_path: Source | Sequence[Source] | None = None,
    *,
    threads: int | None = None,
    networks: Opener | None = None,
) -> Any:
    """A `Captioner` or a `Recognizer`, as the model is one or the other; or several as one.

    Args:
        name_or_path: None for the embedded captioner, the name of an embedded model, or an artifact's folder or .zip. A
            list of these makes an ensemble: captioners' probabilities are averaged at every word, recognizers' for
            every clip. Each may have its own encoder, but they must share one vocabulary, or know the same classes.
        threads: CPU threads for the networks; None takes all cores.
        networks: what opens an artifact's networks; None takes ONNX Runtime.

    Raises:
        UsageError: no model has this name; the message lists those there are. Or the models of a list have different
            vocabularies or classes, or some say sentences and some do not.
        ArtifactError: the artifact is missing, damaged, not exported, or of a newer format.
    """
    first = name_or_path if isinstance(name_or_path, (str, os.PathLike)) else next(iter(name_or_path or ()), None)
    kind = load_recognizer if first is not None and recognizes(find_artifact(first)) else load_captioner
    return kind(name_or_path, threads=threads, networks=networks)


def load_captioner(
    name_or_path: Source | Sequence[Source] | None = None,
    *,
    threads: int | None = None,
    networks: Opener | None = None,
) -> Captioner:
    """A captioner from an artifact, or from several as one; see `load`.

    Raises:
        UsageError: as `load`; or the model recognizes.
        ArtifactError: as `load`.
    """
    if name_or_path is None or isinstance(name_or_path, (str, os.PathLike)):
        artifact = find_artifact(name_or_path)
        if recognizes(artifact):
            raise UsageError(f"{artifact.source}: recognizes activities and says no sentences; use seesay recognize")
        return opened(Captioner, artifact, networks, threads)
    members = [load_captioner(name, threads=threads, networks=networks) for name in name_or_path]
    if not members:
        raise UsageError("load() was given an empty list; name one model or more")
    return members[0] if len(members) == 1 else Ensemble(members)


def load_recognizer(
    name_or_path: Source | Sequence[Source] | None = None,
    *,
    threads: int | None = None,
    networks: Opener | None = None,
) -> Recognizer:
    """A recognizer from an artifact, or from several as one (`Fusion`); None for the embedded one; see `load`.

    Raises:
        UsageError: as `load`; or the model says sentences.
        ArtifactError: as `load`.
    """
    if name_or_path is not None and not isinstance(name_or_path, (str, os.PathLike)):
        members = [load_recognizer(name, threads=threads, networks=networks) for name in name_or_path]
        if not members:
            raise UsageError("load_recognizer() was given an empty list; name one model or more")
        return members[0] if len(members) == 1 else Fusion(members)
    artifact = find_artifact(ACTIVITIES if name_or_path is None else name_or_path)
    if not recognizes(artifact):
        raise UsageError(f"{artifact.source}: says sentences and recognizes no activities; use seesay caption")
    return opened(Recognizer, artifact, networks, threads)


def opened(kind: type[Model], artifact: Artifact, networks: Opener | None, threads: int | None) -> Model:
    """A model with its networks opened."""
    begun = time.perf_counter()
    model = kind(artifact, (networks or onnx_networks)(artifact, threads))
    model.opened_by = (networks, threads)
    seconds = time.perf_counter() - begun
    log.info("%s: loaded in %.2f s, %.1f MB from %s", artifact.name, seconds, artifact.size / 1e6, artifact.source)
    return model


def onnx_networks(artifact: Artifact, threads: int | None = None) -> Any:
    """The networks of an exported artifact, on ONNX Runtime.

    Raises:
        ArtifactError: it is not exported, or damaged.
    """
    return RecognitionNetworks(artifact, threads) if recognizes(artifact) else OnnxNetworks(artifact, threads)


def recognizes(artifact: Artifact) -> bool:
    """Whether it names activities rather than say sentences."""
    return artifact.manifest.task == "recognize"
