"""Captions of a whole split: saved first, then scored."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seesay.data import Sample, read_dataset, source_of
from seesay.data.identity import overlap_note
from seesay.engines import open_networks
from seesay.errors import DataError, MediaError
from seesay.evaluation.saving import save_predictions
from seesay.metrics import Scores, health, score
from seesay.metrics.certainty import Certainty
from seesay.metrics.scores import possible_metrics
from seesay.progress import ProgressCallback, silent
from seesay.runtime import Caption, Captioner, SearchSettings
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
        constant: where a split has many references: the most frequent sentence of the training part, as `caption`, and
            what it scores as the caption of everything, as `scores`; else empty.
        notes: a line on each metric left out, and on photos passed over.
        modality: "photo" or "clip".
        captions: sample id to its caption.
        items: score name to each sample's own score, by id.
        samples: those that were captioned.
        confidence: sample id to how sure the model is of its caption, 0 to 1; empty where it does not say.
        certainty: what that is worth; None where it does not say, or CIDEr-D cannot be computed.
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
    captions: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    confidence: Mapping[str, float] = field(default_factory=dict)
    certainty: Certainty | None = None

    @property
    def predictions(self) -> list[dict[str, Any]]:
        """The captions as a COCO results file has them."""
        return [{"image_id": i, "caption": text} for i, text in self.captions.items()]

    def to_json(self) -> dict[str, Any]:
        """Scores by their names, and the rest beside them."""
        about = {
            "model": self.model,
            "split": self.split,
            "modality": self.modality,
            "count": self.count,
            f"{self.modality}s": self.count,
            "signature": self.signature,
        }
        constant = {"constant": self.constant} if self.constant else {}
        certainty = {"certainty": self.certainty.to_json()} if self.certainty else {}
        return {**self.scores, **self.health, **about, **constant, **certainty, "notes": list(self.notes)}


def evaluate(
    model: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    data: str,
    split: str,
    *,
    predictions: Path | None = None,
    on_progress: ProgressCallback = silent,
    **search: Unpack[SearchSettings],
) -> Evaluation:
    """Caption a split and score it; `seesay.report.write` writes what comes of it.

    A photo that does not open is passed over and counted in `notes`.

    Args:
        model: an exported model's name, folder or .zip, or a list of them for an ensemble.
        data: `FORMAT:PATH`.
        split: train, dev or test.
        predictions: a file for the captions (COCO results), written before anything is scored, so that hours of
            captioning are not lost to a metric's fault; None saves none.
        on_progress: called with photos done and photos in all.
        search: beam, length, sampling: see `seesay.runtime.SearchSettings`.

    Raises:
        DataError: no such split, or not one photo of it opens.
        UsageError: `predictions` cannot be written.
    """
    captioner = load_captioner(model, networks=open_networks)
    dataset = read_dataset(data, default_splits=True)
    samples = dataset.split(split)
    modality = "clip" if dataset.modality == "clip" else "photo"
    said, broken = _captions(captioner, samples, on_progress, search)
    captions = {i: caption.text for i, caption in said.items()}
    notes = []
    if broken:
        first = next(iter(broken.values()))
        notes = [f"{len(broken)} of {len(samples)} {modality}s do not open and are passed over, the first: {first}"]
        samples = tuple(s for i, s in enumerate(samples) if i not in broken)
    if not samples:
        raise DataError(f"{data}: not one {modality} of {split!r} opens, for example {first}")
    found = Evaluation(captioner.name, split, len(samples), {}, {}, "", captions=captions)
    save_predictions(predictions, found.predictions)
    metrics, lacking = possible_metrics(len(samples))
    scores = score(captions, {s.id: s.references for s in samples}, metrics)
    training = [text for s in dataset.samples if s.split == "train" for text in s.references]
    return Evaluation(
        captioner.name,
        split,
        len(samples),
        scores.corpus,
        asdict(health(captions.values(), training or None, captioner.vocabulary.tokens)),
        scores.signature,
        _constant(training, samples, metrics),
        (*notes, *_overlaps(captioner, samples, modality), *lacking),
        modality,
        captions,
        scores.items,
        samples,
        {i: caption.confidence for i, caption in said.items() if caption.confidence is not None},
        _certainty(said, samples, scores),
    )


def _certainty(said: Mapping[str, Caption], samples: Sequence[Sample], scores: Scores) -> Certainty | None:
    cider = scores.items.get("CIDEr-D")
    confidence = {i: caption.confidence for i, caption in said.items() if caption.confidence is not None}
    if cider is None or len(confidence) < len(said):
        return None
    captions = {i: caption.text for i, caption in said.items()}
    sure = {i: bool(caption.sure) for i, caption in said.items()}
    return Certainty.of(captions, confidence, sure, {s.id: s.references for s in samples}, cider)


def _overlaps(captioner: Captioner, samples: Sequence[Sample], modality: str) -> list[str]:
    return [
        line
        for m in captioner.members
        for line in overlap_note(m.name, samples, m.artifact.manifest.training, modality)
    ]


def _captions(
    captioner: Captioner, samples: Sequence[Sample], on_progress: ProgressCallback, search: SearchSettings
) -> tuple[dict[str, Caption], dict[int, MediaError]]:
    """Sample id to caption, and place in `samples` to why it does not open."""
    captions: dict[str, Caption] = {}
    broken: dict[int, MediaError] = {}
    for index, result in captioner.stream(map(source_of, samples), **search):
        if isinstance(result, MediaError):
            broken[index] = result
        else:
            captions[samples[index].id] = result[0]
        on_progress(index + 1, len(samples))
    return captions, broken


def _constant(training: Sequence[str], samples: Sequence[Sample], metrics: Sequence[str]) -> dict[str, Any]:
    if not training or sum(len(s.references) for s in samples) < MANY * len(samples):
        return {}
    caption = most_frequent(training)
    same = score({s.id: caption for s in samples}, {s.id: s.references for s in samples}, metrics)
    return {"caption": caption, "scores": same.corpus}


def most_frequent(captions: Iterable[str]) -> str:
    """The most frequent sentence, as the metrics' tokenizer writes it; of equals the first."""
    counts = Counter(" ".join(tokenize(text)) for text in captions)
    return counts.most_common(1)[0][0]
