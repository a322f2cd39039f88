"""Which models are served, under which names, and which of them answers what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seesay.artifact import DEFAULT, Artifact, find_artifact, list_artifacts
from seesay.errors import UsageError
from seesay.registry import nearest


@dataclass(frozen=True)
class Served:
    """A model that is served.

    Attributes:
        id: its name in requests.
        source: name or path that it is loaded from.
        task: "caption" or "recognize".
        modality: what it reads: "photo", "clip", "text" or "sound".
        about: size, scores and card, plain JSON.
    """

    id: str
    source: str
    task: str
    modality: str
    about: dict[str, Any]


def served_models(names: Sequence[str]) -> tuple[Served, ...]:
    """The models of these names or paths, or the embedded ones, in order; a name that comes twice gets a number.

    Raises:
        UsageError: no model has this name.
        ArtifactError: missing, damaged, not exported, or of a newer format.
    """
    every = [(name, find_artifact(name)) for name in names]
    if not every:
        embedded = sorted(list_artifacts(), key=lambda one: (one.name != DEFAULT, one.name))
        every = [(one.name, one) for one in embedded]
    found: list[Served] = []
    for source, artifact in every:
        for name in artifact.networks:
            artifact.file(name)  # not exported: said before anything is started
        name, number = artifact.name, 2
        while any(one.id == name for one in found):
            name, number = f"{artifact.name}-{number}", number + 1
        found.append(Served(name, source, artifact.manifest.task, _modality(artifact), _about(artifact)))
    return tuple(found)


def _modality(artifact: Artifact) -> str:
    described = artifact.manifest
    if described.task == "recognize":
        return str(described.preprocessing.get("kind", "clip"))
    return "photo" if described.clip is None else "clip"


def _about(artifact: Artifact) -> dict[str, Any]:
    described = artifact.manifest
    return {
        "bytes": artifact.size,
        "search": dict(described.search),
        "scores": dict(described.scores),
        "labels": list(described.labels),
        "attention": "attention" in described.carried,
        "card": described.card,
        "created": int((artifact.root / "seesay.json").stat().st_mtime),
    }


def choose(models: Sequence[Served], task: str, modality: str, wanted: str | None) -> Served:
    """The model that answers: the one that is wanted, else the first that reads this, else the first of the task.

    Raises:
        UsageError: no such model is served; the message lists those that are.
    """
    able = [one for one in models if one.task == task]
    if wanted is not None:
        for one in able:
            if one.id == wanted:
                return one
        names = [one.id for one in able]
        other = any(one.id == wanted for one in models)
        why = f"does not {task}" if other else f"is not served.{nearest(wanted, names)}"
        raise UsageError(f"model {wanted!r} {why}; served for this: {', '.join(names) or 'none'}")
    if not able:
        raise UsageError(f"no model that can {task} is served; start the service with one: --model NAME")
    return next((one for one in able if one.modality == modality), able[0])


def file_name(name: str | None, fallback: str) -> str:
    """An upload's own name without folders, for messages and answers; never used to open anything."""
    plain = Path((name or "").replace("\\", "/")).name[:255]
    return plain or fallback
