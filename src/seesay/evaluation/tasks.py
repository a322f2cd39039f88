"""What is shown of models, for each task: the words, the scores in their order, a sweep's columns and panels."""

from __future__ import annotations

from dataclasses import dataclass

Column = tuple[str, str, str, int, int]
"""A figure's key, heading, unit, digits, and which way is better: 1 more, -1 less, 0 neither."""


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
        scores: keys of all figures that are scores.
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
    scores: tuple[str, ...]
    columns: tuple[Column, ...]
    panels: tuple[tuple[str, str], ...]
    note: str


_COST: tuple[Column, ...] = (
    ("parameters", "parameters", "numbers", 2, 0),
    ("training_seconds", "training", "s", 1, -1),
)
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
    scores=("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "METEOR", "ROUGE_L", "CIDEr-D"),
    columns=(
        ("CIDEr-D", "CIDEr-D", "", 4, 1),
        ("Bleu_4", "BLEU-4", "", 4, 1),
        ("METEOR", "METEOR", "", 4, 1),
        ("ROUGE_L", "ROUGE-L", "", 4, 1),
        ("perplexity", "perplexity", "", 2, -1),
        ("distinct", "distinct captions, share", "", 3, 1),
        ("vocabulary", "vocabulary used, share", "", 4, 1),
        *_COST,
    ),
    panels=(
        ("CIDEr-D", "dev CIDEr-D"),
        ("Bleu_4", "dev BLEU-4"),
        ("ROUGE_L", "dev ROUGE-L"),
        ("perplexity", "dev perplexity"),
        ("vocabulary", "vocabulary used (share)"),
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
    scores=("top-1", "top-5", "per class", "macro F1"),
    columns=(
        ("top-1", "top-1", "", 4, 1),
        ("top-5", "top-5", "", 4, 1),
        ("per class", "mean over classes", "", 4, 1),
        ("macro F1", "macro F1", "", 4, 1),
        ("loss", "loss, nats per clip", "", 4, -1),
        *_COST,
    ),
    panels=(
        ("top-1", "dev top-1 (share)"),
        ("per class", "dev mean over classes (share)"),
        ("macro F1", "dev macro F1"),
        ("loss", "dev loss (nats per clip)"),
        ("training_seconds", "training (s)"),
    ),
    note=_NOTE.format("Top-1: share of clips that are recognized; mean over classes: each class counts alike."),
)
TASKS = {"caption": CAPTIONS, "recognize": RECOGNITION}
"""Task of an artifact to its spec."""
LABELS = {f"Bleu_{n}": f"BLEU-{n}" for n in range(1, 5)} | {
    "ROUGE_L": "ROUGE-L",
    "top-1": "top-1 accuracy",
    "top-5": "top-5 accuracy",
    "per class": "accuracy, mean over classes",
}
"""Scores whose names for people are not their keys."""
