"""What each model says of the photos of a split: kept as it is found, so that a killed comparison goes on."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.data import Sample, source_of
from seesay.errors import UsageError
from seesay.media import decode_ahead
from seesay.report.entrants import Entrant
from seesay.runtime import Captioner
from seesay.runtime.likelihood import cross_entropy
from seesay.search import SearchOptions

LONGEST = 30
"""Tokens of a reference that are read where the model does not say how many it was trained on."""
ROUNDS, TOGETHER, ALONE = 3, 32, 8

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Predictions:
    """What a model said, and how likely it held what people said.

    Attributes:
        captions: photo id to caption.
        nats: photo id to the sum of -ln p over its references' tokens.
        tokens: photo id to the number of these tokens.
        broken: photo id to why it does not open.
    """

    captions: dict[str, str]
    nats: dict[str, float]
    tokens: dict[str, int]
    broken: dict[str, str]

    def loss(self, ids: Sequence[str]) -> float | None:
        """Cross-entropy over these photos' references, nats per token."""
        count = sum(self.tokens[i] for i in ids)
        return sum(self.nats[i] for i in ids) / count if count else None


def longest_reference(entrant: Entrant) -> int:
    """Where references are cut before their likelihood is computed: as the model's training cut them."""
    return int(entrant.config.get("text", {}).get("max_length", LONGEST))


def predict(
    entrant: Entrant,
    captioner: Captioner,
    samples: Sequence[Sample],
    folder: Path,
    digest: str,
    options: SearchOptions,
    on_progress: Told,
) -> Predictions:
    """Caption the samples; a line for each photo is added to a file in `folder`, and what is there is not done again.

    Args:
        entrant: a model.
        captioner: the same, loaded.
        samples: photos with their references.
        folder: of the files; one for each model, search settings and references.
        digest: of the samples' references.
        options: of the search.
        on_progress: told photos done and photos in all.

    Raises:
        UsageError: the file cannot be written.
    """
    file = folder / prediction_file(entrant, options, digest)
    found = _read(file)
    todo = [sample for sample in samples if sample.id not in found.captions]
    on_progress(len(samples) - len(todo), len(samples))
    networks = _Once(captioner.networks)
    seeing = Captioner(captioner.artefact, networks)
    cut = longest_reference(entrant)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as handle:
            batches = decode_ahead(
                map(source_of, todo), captioner.preprocessing, captioner.batch_size, on_error="yield"
            )
            for indices, pixels, faults in batches:
                found.broken.update((todo[index].id, str(error)) for index, error in faults)
                batch = [todo[index] for index in indices]
                if batch:
                    captions = seeing.caption_pixels(pixels, options)
                    state = networks.start(pixels)
                    references = [sample.references for sample in batch]
                    nats, tokens = cross_entropy(networks, state, references, captioner.vocabulary, cut)
                    for sample, best, loss, count in zip(batch, captions, nats.tolist(), tokens.tolist(), strict=True):
                        found.captions[sample.id] = best[0].text
                        found.nats[sample.id], found.tokens[sample.id] = loss, count
                        line = {"image_id": sample.id, "caption": best[0].text, "nats": loss, "tokens": count}
                        handle.write(json.dumps(line) + "\n")
                    handle.flush()
                on_progress(len(samples) - len(todo) + max([*indices, *(i for i, _ in faults)]) + 1, len(samples))
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror or error})") from error
    return found


def prediction_file(entrant: Entrant, options: SearchOptions, digest: str) -> str:
    """A name that changes with the model's files, its search settings and the references."""
    assert entrant.artefact is not None
    files = {name: record.sha256 for name, record in sorted(entrant.artefact.files.items())}
    key = json.dumps([files, asdict(options), digest, longest_reference(entrant)], sort_keys=True)
    stem = re.sub(r"[^A-Za-z0-9._=-]+", "_", entrant.name)[:80]
    return f"{stem}-{hashlib.sha256(key.encode()).hexdigest()[:8]}.jsonl"


def _read(file: Path) -> Predictions:
    """The whole lines of a file; one that a kill cut short is dropped, from the file too."""
    found = Predictions({}, {}, {}, {})
    if not file.is_file():
        return found
    whole = b""
    for line in file.read_bytes().splitlines(keepends=True):
        try:
            row = json.loads(line)
            values = str(row["caption"]), float(row["nats"]), int(row["tokens"])
        except (ValueError, KeyError, TypeError):
            break
        if not line.endswith(b"\n"):
            break
        whole += line
        item = str(row["image_id"])
        found.captions[item], found.nats[item], found.tokens[item] = values
    if len(whole) < file.stat().st_size:
        file.write_bytes(whole)
    return found


class _Once:
    """Networks that look at the same pixels once, though both the search and the likelihood ask for them."""

    def __init__(self, networks: Any) -> None:
        self.networks = networks
        self.step = networks.step
        self.constant: frozenset[str] = networks.constant
        self._pixels: NDArray[np.uint8] | None = None
        self._state: dict[str, Any] = {}

    def start(self, pixels: NDArray[np.uint8]) -> dict[str, Any]:
        """See `Networks.start`."""
        if pixels is not self._pixels:
            self._pixels, self._state = pixels, self.networks.start(pixels)
            self.constant = self.networks.constant
        return dict(self._state)


@dataclass(frozen=True)
class Speed:
    """How fast a model captions photos from their files.

    Attributes:
        captions_per_second: many photos together, median of the rounds.
        latency: seconds for one photo alone, median.
    """

    captions_per_second: float
    latency: float


def measure_speed(
    captioners: Mapping[str, Captioner], photos: Sequence[Any], beam: int | None, on_progress: Told
) -> dict[str, Speed]:
    """Time the models on the same photos, taking turns, so that what else the machine does meets all of them.

    Args:
        captioners: by name.
        photos: they are read from their files each time; the first few alone, all of them together.
        beam: see `Captioner.caption`.
        on_progress: told rounds done and rounds in all.
    """
    together: dict[str, list[float]] = {name: [] for name in captioners}
    alone: dict[str, list[float]] = {name: [] for name in captioners}
    for captioner in captioners.values():
        captioner.caption(photos[:ALONE], beam=beam)  # the first run allocates
    for turn in range(ROUNDS):
        for name, captioner in captioners.items():
            begun = time.perf_counter()
            captioner.caption(
                photos,
                beam=beam,
            )
            together[name].append((time.perf_counter() - begun) / len(photos))
            for photo in photos[:ALONE]:
                begun = time.perf_counter()
                captioner.caption([photo], beam=beam)
                alone[name].append(time.perf_counter() - begun)
        on_progress(turn + 1, ROUNDS)
    return {name: Speed(1 / statistics.median(together[name]), statistics.median(alone[name])) for name in captioners}
