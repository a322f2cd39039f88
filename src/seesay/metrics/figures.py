"""The numbers that are shown beside the metrics': signs of health, recognition, likelihood and cost."""

from __future__ import annotations

from seesay.metrics.registry import Figure

HEALTH = (
    Figure("distinct", "distinct captions, share", digits=3),
    Figure("words", "different words used", digits=0),
    Figure("vocabulary", "vocabulary used, share"),
    Figure("distinct_1", "distinct words / words"),
    Figure("distinct_2", "distinct pairs / pairs"),
    Figure("novel", "captions not in the training data, share", better=0, digits=3),
    Figure("mean_length", "words in a caption", better=0, digits=2),
    Figure("bad_endings", "captions that end on an article, preposition or conjunction, share", better=-1, digits=3),
    Figure("repeated", "captions that repeat themselves, share", better=-1, digits=3),
    Figure("empty", "empty captions", better=-1, digits=0),
)
"""Of `Health`, by its attributes."""
RECOGNITION = (
    Figure("top-1", "top-1 accuracy"),
    Figure("top-5", "top-5 accuracy"),
    Figure("per class", "accuracy, mean over classes"),
    Figure("macro F1", "macro F1"),
)
PERPLEXITY = Figure("perplexity", "perplexity", better=-1, digits=2)
PARAMETERS = Figure("parameters", "parameters", unit="numbers", better=0, digits=2)
TRAINING_SECONDS = Figure("training_seconds", "training", unit="s", better=-1, digits=1)
