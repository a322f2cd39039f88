"""Captions of a whole split: saved first, then scored, then shown."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seesay.data import read_dataset, source_of
from seesay.errors import DataError, MediaError, UsageError
from seesay.metrics import Scores, health, score
from seesay.metrics.scores import possible_metrics
from seesay.report.page import evaluation_page
from seesay.runtime import SearchSettings
from seesay.runtime.loading import load_captioner
from seesay.text import tokenize

if TYPE_CHECKING:
    from typing_extensions import Unpack


MANY = 10
"""References of each photo or clip from which BLEU is generous, so that a constant sentence is scored beside."""


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
        model: the model's name.
        split: which split, of how many photos or clips.
        scores: corpus scores, natural units: BLEU and ROUGE 0…1, CIDEr 0…10.
        health: signs of a captioner that plays safe.
        signature: how the scores were computed.
        constant: where a split has many references: the sentence of the training part that is said most often, as
            `caption`, and what saying it of everything scores, as `scores`; else empty.
        notes: a line on each metric left out, and on photos passed over.
        modality: what they are: "photo" or "clip".
    """

    model: str
    split: str
    count: int
    scores: dict[str, float]
    health: dict[str, Any]
    signature: str
    constant: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    modality: str = "photo"

    def to_json(self) -> dict[str, Any]:
        """Scores by their names, and the rest beside them."""
        about = {"model": self.model, "split": self.split, f"{self.modality}s": self.count, "signature": self.signature}
        constant = {"constant": self.constant} if self.constant else {}
        return {**self.scores, **self.health, **about, **constant, "notes": list(self.notes)}


def evaluate(
    model: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    data: str,
    split: str,
    out: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    **search: Unpack[SearchSettings],
) -> Evaluation:
    """Caption a split and score it.

    Writes to `out`: `predictions.json` (COCO results) before anything is scored, `scores.json`, `per_photo.csv` (or
    `per_clip.csv`), and `report.html` with the best, the worst and random photos.

    Args:
        model: an exported model's name, folder or .zip, or a list of them for an ensemble.
        data: `FORMAT:PATH`.
        split: train, dev or test.
        out: a folder, made if need be.
        on_progress: told photos done and photos in all.
        search: beam, length, sampling: see `seesay.runtime.SearchSettings`.

    A photo that does not open is passed over and counted in `notes`.

    Raises:
        DataError: no such split, or not one photo of it opens.
        UsageError: `out` cannot be written.
    """
    captioner = load_captioner(model)
    dataset = read_dataset(data, default_splits=True)
    samples = dataset.split(split)
    modality = "clip" if dataset.modality == "clip" else "photo"
    captions: dict[str, str] = {}
    broken: dict[int, MediaError] = {}
    for index, result in captioner.stream(map(source_of, samples), **search):
        if isinstance(result, MediaError):
            broken[index] = result
        else:
            captions[samples[index].id] = result[0].text
        on_progress(index + 1, len(samples))
    faults = []
    if broken:
        first = next(iter(broken.values()))
        faults = [f"{len(broken)} of {len(samples)} {modality}s do not open and are passed over, the first: {first}"]
        samples = tuple(s for i, s in enumerate(samples) if i not in broken)
    if not samples:
        raise DataError(f"{data}: not one {modality} of {split!r} opens, for example {first}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        predictions = [{"image_id": i, "caption": text} for i, text in captions.items()]
        write_whole(out / "predictions.json", json.dumps(predictions, ensure_ascii=False, indent=0))
        metrics, notes = possible_metrics(len(samples))
        scores = score(captions, {s.id: s.references for s in samples}, metrics)
        training = [text for s in dataset.samples if s.split == "train" for text in s.references]
        signs = asdict(health(captions.values(), training or None, captioner.vocabulary.tokens))
        signature = scores.signature
        constant = {}
        if training and sum(len(s.references) for s in samples) >= MANY * len(samples):
            said = most_frequent(training)
            same = score({s.id: said for s in samples}, {s.id: s.references for s in samples}, metrics)
            constant = {"caption": said, "scores": same.corpus}
        found = Evaluation(
            captioner.name, split, len(samples), scores.corpus, signs, signature, constant, (*faults, *notes), modality
        )
        write_whole(out / "scores.json", json.dumps(found.to_json(), indent=1))
        _write_items(out / f"per_{modality}.csv", captions, scores)
        write_whole(
            out / "report.html",
            evaluation_page(found, samples, captions, scores.items.get("CIDEr-D", scores.items["ROUGE_L"])),
        )
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
    return found


def most_frequent(captions: Iterable[str]) -> str:
    """The sentence that is said most often, as the metrics' tokenizer writes it; of equals the first."""
    counts = Counter(" ".join(tokenize(text)) for text in captions)
    return counts.most_common(1)[0][0]


def write_whole(file: Path, content: str | bytes) -> None:
    """Whole or not at all, and on the disk before the next step begins."""
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as handle:
            handle.write(content.encode() if isinstance(content, str) else content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _write_items(file: Path, captions: dict[str, str], scores: Scores) -> None:
    names = list(scores.items)
    with file.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["image_id", "caption", *names])
        for item, text in captions.items():
            table.writerow([item, text, *(f"{scores.items[name][item]:.6f}" for name in names)])
