"""What each model says of the samples of a split: kept as it is found, so that a killed comparison goes on."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

from numpy.typing import NDArray

from seesay.data import Sample, source_of
from seesay.errors import UsageError
from seesay.evaluation.systems import System
from seesay.media import Preprocessor, decode_ahead
from seesay.progress import ProgressCallback

ROUNDS, TOGETHER, ALONE = 3, 32, 8

Output = Any
"""What a model says of a sample, as JSON: a caption, or labels with their probabilities, likeliest first."""


class Answer(NamedTuple):
    """What a model said of a sample, and how likely it held the right answer.

    Attributes:
        output: see `Output`.
        nats: the sum of -ln p over what is true: the references' tokens, or the right label.
        over: how many of these.
    """

    output: Output
    nats: float
    over: int


class Model(Protocol):
    """A model at work.

    Attributes:
        preprocessing: of what it looks at.
        batch_size: samples that it looks at together.
        key: what its answers depend on beside its files, as JSON.
    """

    preprocessing: Preprocessor
    batch_size: int
    key: Any

    def answer(self, samples: Sequence[Sample], pixels: NDArray[Any]) -> list[Answer]:
        """What it says of samples, given as `preprocessing` prepares them, a row each."""

    def run(self, sources: Sequence[Any]) -> object:
        """From files to answers, as its users have it; for the clock."""


@dataclass(frozen=True)
class Predictions:
    """What a model outputs.

    Attributes:
        answers: by sample id.
        broken: sample id to why it does not open.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, Output]:
        """By sample id."""
        return {item: answer.output for item, answer in self.answers.items()}

    def loss(self, ids: Sequence[str]) -> float | None:
        """Cross-entropy over what is true of these samples, nats."""
        over = sum(self.answers[i].over for i in ids)
        return sum(self.answers[i].nats for i in ids) / over if over else None


def predict(
    system: System,
    model: Model,
    samples: Sequence[Sample],
    folder: Path | None,
    digest: str,
    on_progress: ProgressCallback,
) -> Predictions:
    """Have a model answer; a line for each sample is added to a file in `folder`, and what is there is not done again.

    Args:
        system: a model.
        model: the same, loaded.
        samples: with what is true of them.
        folder: of the files; one for each model, its settings and what is true. None keeps nothing.
        digest: of what is true of the samples.
        on_progress: called with samples done and samples in all.

    Raises:
        UsageError: the file cannot be written.
    """
    file = folder / prediction_file(system, model.key, digest) if folder else None
    found = _read(file) if file else Predictions()
    todo = [sample for sample in samples if sample.id not in found.answers]
    on_progress(len(samples) - len(todo), len(samples))
    try:
        with _appending(file) as handle:
            batches = decode_ahead(map(source_of, todo), model.preprocessing, model.batch_size, on_error="yield")
            for indices, pixels, faults in batches:
                found.broken.update((todo[index].id, str(error)) for index, error in faults)
                batch = [todo[index] for index in indices]
                if batch:
                    for sample, answer in zip(batch, model.answer(batch, pixels), strict=True):
                        found.answers[sample.id] = answer
                        if handle:
                            handle.write(json.dumps({"id": sample.id, **answer._asdict()}) + "\n")
                    if handle:
                        handle.flush()
                on_progress(len(samples) - len(todo) + max([*indices, *(i for i, _ in faults)]) + 1, len(samples))
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror or error})") from error
    return found


@contextmanager
def _appending(file: Path | None) -> Iterator[IO[str] | None]:
    if file is None:
        yield None
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as handle:
        yield handle


def prediction_file(system: System, settings: Any, digest: str) -> str:
    """A name that changes with the model's files, its settings and what its answers are held against."""
    assert system.artifact is not None
    files = {name: record.sha256 for name, record in sorted(system.artifact.files.items())}
    key = json.dumps([files, settings, digest], sort_keys=True)
    stem = re.sub(r"[^A-Za-z0-9._=-]+", "_", system.name)[:80]
    return f"{stem}-{hashlib.sha256(key.encode()).hexdigest()[:8]}.jsonl"


def _read(file: Path) -> Predictions:
    """The whole lines of a file; one that a kill cut short is dropped, from the file too."""
    found = Predictions()
    if not file.is_file():
        return found
    whole = b""
    for line in file.read_bytes().splitlines(keepends=True):
        try:
            row = json.loads(line)
            answer = Answer(row["output"], float(row["nats"]), int(row["over"]))
        except (ValueError, KeyError, TypeError):
            break
        if not line.endswith(b"\n"):
            break
        whole += line
        found.answers[str(row["id"])] = answer
    if len(whole) < file.stat().st_size:
        file.write_bytes(whole)
    return found


@dataclass(frozen=True)
class Speed:
    """How fast a model answers, from files.

    Attributes:
        rate: photos or clips a second, many together, median of the rounds.
        latency: seconds for one alone, median.
    """

    rate: float
    latency: float


def measure_speed(
    models: Mapping[str, Model], sources: Sequence[Any], on_progress: ProgressCallback
) -> dict[str, Speed]:
    """Time the models on the same sources, taking turns, so that what else the machine does meets all of them.

    Args:
        models: by name.
        sources: they are read from their files each time; the first few alone, all of them together.
        on_progress: called with rounds done and rounds in all.
    """
    together: dict[str, list[float]] = {name: [] for name in models}
    alone: dict[str, list[float]] = {name: [] for name in models}
    for model in models.values():
        model.run(sources[:ALONE])  # the first run allocates
    for turn in range(ROUNDS):
        for name, model in models.items():
            begun = time.perf_counter()
            model.run(sources)
            together[name].append((time.perf_counter() - begun) / len(sources))
            for source in sources[:ALONE]:
                begun = time.perf_counter()
                model.run([source])
                alone[name].append(time.perf_counter() - begun)
        on_progress(turn + 1, ROUNDS)
    return {name: Speed(1 / statistics.median(together[name]), statistics.median(alone[name])) for name in models}
