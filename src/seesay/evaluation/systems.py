"""What takes part in a comparison: a run's folder, an artifact, or an evaluation that holds predictions."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from seesay.artifact import MANIFEST, WEIGHTS, Artifact, find_artifact
from seesay.data.sample import normal_split
from seesay.engines import engine_of, open_networks
from seesay.errors import ArtifactError, DataError, UsageError
from seesay.evaluation.tasks import TASKS
from seesay.metrics.files import read_hypotheses
from seesay.text import Learned

PREDICTIONS, SCORES, HISTORY = "predictions.json", "scores.json", "metrics.csv"


@dataclass(frozen=True)
class System:
    """One of those compared.

    Attributes:
        name: as short as tells it from the others.
        path: what the user named.
        artifact: the model; None for an evaluation.
        task: "caption" or "recognize".
        labels: the classes it knows, sorted; empty where it says sentences.
        predictions: photo id to caption, or clip id to labels with their probabilities (likeliest first), of an
            evaluation; None for a model.
        recorded: scores found beside it, by split.
        digests: digest of the references those scores are against, by split, where it is known.
        history: rows of `metrics.csv`, one for each epoch; empty where there is none.
    """

    name: str
    path: str
    artifact: Artifact | None = None
    task: str = "caption"
    labels: tuple[str, ...] = ()
    predictions: Mapping[str, Any] | None = None
    recorded: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    history: tuple[dict[str, float], ...] = ()

    @property
    def config(self) -> dict[str, Any]:
        """The settings it was trained by; empty where they are not known."""
        return dict(self.artifact.manifest.training.get("config", {})) if self.artifact else {}

    @property
    def trained_on(self) -> dict[str, Any]:
        """What its training says of the data; empty where that is not known."""
        return dict(self.artifact.manifest.training.get("data", {})) if self.artifact else {}

    @property
    def learned(self) -> Learned:
        """What of a reference its likelihood is computed of: what the model's training learned of captions."""
        text = self.config.get("text", {})
        return Learned(**{one.name: text[one.name] for one in fields(Learned) if one.name in text})

    def parameters(self) -> tuple[int | None, int | None]:
        """Numbers that the CNN and the head (decoder, classifier) learned; None where the weights file lacks them."""
        if self.artifact is None:
            return None, None
        counts: Counter[str] = Counter()
        for name, shape in _shapes(self.artifact.file(WEIGHTS)).items():
            if not name.endswith((".running_mean", ".running_var", ".scale")):
                size = 1
                for side in shape:
                    size *= side
                counts[name.split(".")[0]] += size
        return counts.get("encoder"), counts.get(TASKS[self.task].head)

    def networks(self, threads: int | None = None) -> tuple[Any, str]:
        """What computes its answers, and in words by what: ONNX Runtime where it is exported, else PyTorch."""
        assert self.artifact is not None
        return open_networks(self.artifact, threads), engine_of(self.artifact)


def find_systems(runs: Sequence[str]) -> list[System]:
    """Read what each of `runs` holds.

    Raises:
        UsageError: fewer than two, one named twice, a folder that holds nothing to compare, or captioners together
            with recognizers.
        ArtifactError: a damaged artifact.
        DataError: predictions that cannot be read.
    """
    if len(runs) < 2:
        raise UsageError(
            "compare needs two runs or more, for example: seesay compare runs/lstm runs/gru --out compared"
        )
    places = [str(Path(run).resolve()) if Path(run).exists() else run for run in runs]
    twice = next((run for run, place in zip(runs, places, strict=True) if places.count(place) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice}: is named twice; name each run once")
    found = [read_system(run, name) for run, name in zip(runs, short_names(places), strict=True)]
    other = next((e for e in found if e.task != found[0].task), None)
    if other is not None:
        one, two = TASKS[found[0].task], TASKS[other.task]
        raise UsageError(
            f"{found[0].path} says {one.output}s and {other.path} says {two.output}s: compare {one.models} with "
            f"{one.models}, {two.models} with {two.models}"
        )
    return found


def short_names(places: Sequence[str]) -> list[str]:
    """The last part of each path, and as many parts before it as are needed to tell all apart."""
    parts = [Path(place).with_suffix("" if place.endswith(".zip") else Path(place).suffix).parts for place in places]
    names = [p[-1] for p in parts]
    for take in range(2, max(map(len, parts)) + 1):
        again = {name for name, count in Counter(names).items() if count > 1}
        if not again:
            break
        names = ["/".join(p[-take:]) if name in again else name for p, name in zip(parts, names, strict=True)]
    return [name if names.count(name) == 1 else place for name, place in zip(names, places, strict=True)]


def read_system(run: str, name: str) -> System:
    """What one of those named holds; see `find_systems`."""
    folder = Path(run)
    if folder.is_dir() and not (folder / MANIFEST).is_file():
        if (folder / PREDICTIONS).is_file():
            return _read_evaluation(folder, name)
        raise UsageError(_why_not(folder))
    artifact = find_artifact(run)
    task = artifact.manifest.task
    if task not in TASKS:
        raise UsageError(f"{run}: is a model for {task!r}; what can be compared are models for {', '.join(TASKS)}")
    data = artifact.manifest.training.get("data", {})
    return System(
        name,
        run,
        artifact,
        task=task,
        labels=tuple(sorted(artifact.manifest.labels)),
        recorded=artifact.manifest.scores,
        digests=dict(data.get("sha256", {})),
        history=read_history(folder / HISTORY),
    )


def _read_evaluation(folder: Path, name: str) -> System:
    recorded: dict[str, dict[str, Any]] = {}
    digests = {}
    file = folder / SCORES
    if file.is_file():
        try:
            scores = dict(json.loads(file.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ArtifactError(f"{file}: cannot be read ({error}); evaluate again, or remove the file") from error
        split = usual_split(str(scores.get("split", "")))
        recorded = {split: scores}
        digest = re.search(r"references=[^|]*sha256=(\w+)", str(scores.get("signature", "")))
        digests = {split: digest.group(1)} if digest else {}
    labels = _read_labels(folder / PREDICTIONS)
    if labels is None:
        captions = {item: texts[0] for item, texts in read_hypotheses(folder / PREDICTIONS).captions.items()}
        return System(name, str(folder), predictions=captions, recorded=recorded, digests=digests)
    classes = next(iter(recorded.values()), {}).get("classes")
    if not isinstance(classes, list):
        raise DataError(f"{folder}: holds labels and no {SCORES} that lists the classes; evaluate again")
    known = tuple(sorted(map(str, classes)))
    return System(
        name, str(folder), task="recognize", labels=known, predictions=labels, recorded=recorded, digests=digests
    )


def _read_labels(file: Path) -> dict[str, dict[str, float]] | None:
    """Predictions as `seesay evaluate` of a recognizer writes them; None where they are none of these."""
    try:
        rows = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None  # whoever reads captions says what is wrong
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict) or "predictions" not in rows[0]:
        return None
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        try:
            found[str(row["id"])] = {str(p["label"]): float(p["probability"]) for p in row["predictions"]}
            if not found[str(row["id"])]:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            shown = json.dumps(row)[:80]
            raise DataError(f"{file}: {shown} is no prediction with an id and labels; evaluate again") from None
    return found


def usual_split(name: str) -> str:
    """`val` is `dev`; a name that is not known stays as it is."""
    try:
        return normal_split(name) or name
    except ValueError:
        return name


def _why_not(folder: Path) -> str:
    """Why a folder cannot be compared, in one line."""
    if (folder / "config.json").is_file():
        rows = read_history(folder / HISTORY)
        if not rows:
            return f"{folder}: a run without a finished epoch; there is nothing to compare yet"
        return (
            f"{folder}: a run that is not finished ({len(rows)} epoch(s) so far); go on with it (seesay train … "
            "--resume), then compare"
        )
    runs = sorted({str(file.parent) for file in folder.glob(f"*/{MANIFEST}")} | _deeper(folder))
    if runs:
        return f"{folder}: holds {len(runs)} run(s) and is none itself; name them, for example {runs[0]}"
    return (
        f"{folder}: is no run: it holds neither {MANIFEST} (seesay train, seesay export) nor {PREDICTIONS} "
        "(seesay evaluate)"
    )


def _deeper(folder: Path) -> set[str]:
    return {str(file.parent) for file in folder.glob(f"*/*/{MANIFEST}")}


def read_history(file: Path) -> tuple[dict[str, float], ...]:
    """Rows of a run's `metrics.csv`; none where the file is missing.

    Raises:
        ArtifactError: a value is no number.
    """
    if not file.is_file():
        return ()
    try:
        with file.open(newline="", encoding="utf-8") as handle:
            return tuple({k: float(v) for k, v in row.items() if v} for row in csv.DictReader(handle))
    except (ValueError, TypeError, OSError) as error:
        raise ArtifactError(f"{file}: not a table of epochs ({error}); remove it to compare without curves") from error


def _shapes(file: Path) -> dict[str, list[int]]:
    """Shapes of the tensors in a safetensors file, read from its header."""
    try:
        with file.open("rb") as handle:
            header = json.loads(handle.read(int.from_bytes(handle.read(8), "little")))
        return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, MemoryError, OverflowError) as error:
        raise ArtifactError(f"{file}: not a safetensors file ({error}); get the artifact again") from error
