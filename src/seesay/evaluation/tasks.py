"""What is shown of models, for each task: the words, the scores in their order, a sweep's columns and panels."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seesay.metrics.figures import HEALTH, PARAMETERS, PERPLEXITY, TRAINING_SECONDS
from seesay.metrics.figures import RECOGNITION as RECOGNITION_FIGURES
from seesay.metrics.registry import Figure, figures_of_captions


@dataclass(frozen=True)
class TaskSpec:
    """How models of one task are spoken of.

    Attributes:
        models: what they are called, in the plural.
        doing: what they do, for the progress line.
        output: what they say of a photo or clip.
        references: what that is held against.
        learned: what is learned from, in the plural.
        head: the part of the network that is not the encoder, as its weights are named.
        loss: heading of the cross-entropy.
        score: the figure that decides.
        scores: all figures that are scores.
        columns: of a sweep's table.
        panels: of a sweep's plots: key and title.
        note: below a sweep's table.
    """

    models: str
    doing: str
    output: str
    references: str
    learned: str
    head: str
    loss: str
    score: str
    scores: tuple[Figure, ...]
    columns: tuple[Figure, ...]
    panels: tuple[tuple[str, str], ...]
    note: str


_CAPTION_SCORES = tuple(figure for figure in figures_of_captions() if not figure.same_as)
_BY_KEY = {figure.key: figure for figure in (*_CAPTION_SCORES, *HEALTH, *RECOGNITION_FIGURES)}
_COST = (PARAMETERS, TRAINING_SECONDS)
_NOTE = "Scores on dev, mean ± sample standard deviation over the seeds. {} Training: seconds spent in steps."

CAPTIONS = TaskSpec(
    models="captioners",
    doing="captioning",
    output="caption",
    references="references",
    learned="captions",
    head="decoder",
    loss="loss, nats per token",
    score="CIDEr-D",
    scores=_CAPTION_SCORES,
    columns=(
        *(_BY_KEY[key] for key in ("CIDEr-D", "Bleu_4", "METEOR", "ROUGE_L")),
        PERPLEXITY,
        _BY_KEY["distinct"],
        _BY_KEY["vocabulary"],
        *_COST,
    ),
    panels=(
        ("CIDEr-D", "dev CIDEr-D"),
        ("Bleu_4", "dev BLEU-4"),
        ("ROUGE_L", "dev ROUGE-L"),
        ("perplexity", "dev perplexity"),
        ("vocabulary", "vocabulary used, %"),
        ("training_seconds", "training (s)"),
    ),
    note=_NOTE.format("Perplexities of different vocabularies cannot be compared."),
)
RECOGNITION = TaskSpec(
    models="recognizers",
    doing="recognizing",
    output="label",
    references="labels",
    learned="clips",
    head="classifier",
    loss="loss, nats per clip",
    score="top-1",
    scores=RECOGNITION_FIGURES,
    columns=(
        replace(_BY_KEY["top-1"], label="top-1"),
        replace(_BY_KEY["top-5"], label="top-5"),
        replace(_BY_KEY["per class"], label="mean over classes"),
        _BY_KEY["macro F1"],
        Figure("loss", "loss, nats per clip", better=-1),
        *_COST,
    ),
    panels=(
        ("top-1", "dev top-1"),
        ("per class", "dev mean over classes"),
        ("macro F1", "dev macro F1"),
        ("loss", "dev loss (nats per clip)"),
        ("training_seconds", "training (s)"),
    ),
    note=_NOTE.format("Top-1: share of clips that are recognized; mean over classes: each class counts alike."),
)
TASKS = {"caption": CAPTIONS, "recognize": RECOGNITION}
"""Task of an artifact to its spec."""
LABELS = {figure.key: figure.label for figure in (*_CAPTION_SCORES, *RECOGNITION_FIGURES)}
"""Scores by key, as people read them."""
