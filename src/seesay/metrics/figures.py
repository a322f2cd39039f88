"""The numbers that are shown beside the metrics': signs of health, recognition, likelihood and cost."""

from __future__ import annotations

import re

from seesay.metrics.registry import POINTS, Figure, figures_of_captions

HEALTH = (
    Figure("distinct", "distinct captions, %", POINTS, digits=1, meaning="few: the same is said of everything"),
    Figure("words", "different words used", digits=0),
    Figure("vocabulary", "vocabulary used, %", POINTS, digits=1, meaning="of the words that it knows"),
    Figure("distinct_1", "distinct words / words"),
    Figure("distinct_2", "distinct pairs / pairs"),
    Figure(
        "novel",
        "captions not in the training data, %",
        POINTS,
        better=0,
        digits=1,
        meaning="the others are learned by heart",
    ),
    Figure("mean_length", "words in a caption", better=0, digits=2, meaning="people: 10 to 12"),
    Figure(
        "bad_endings",
        "captions that end on an article, preposition or conjunction, %",
        POINTS,
        better=-1,
        digits=1,
        meaning="near 0 is good",
    ),
    Figure("repeated", "captions that repeat themselves, %", POINTS, better=-1, digits=1, meaning="near 0 is good"),
    Figure("empty", "empty captions", better=-1, digits=0, meaning="0 is good"),
)
"""Of `Health`, by its attributes."""
_RIGHT = "the likeliest class is the right one; 100 is best"
RECOGNITION = (
    Figure("top-1", "top-1 accuracy", POINTS, digits=1, meaning=_RIGHT),
    Figure("top-5", "top-5 accuracy", POINTS, digits=1, meaning="the right class is among the five likeliest"),
    Figure(
        "per class",
        "accuracy, mean over classes",
        POINTS,
        digits=1,
        meaning="rare classes count as much as frequent ones",
    ),
    Figure("macro F1", "macro F1", POINTS, digits=1, meaning="precision and recall together, mean over classes"),
)
PERPLEXITY = Figure("perplexity", "perplexity", better=-1, digits=2)
PARAMETERS = Figure("parameters", "parameters", unit="numbers", better=0, digits=2)
TRAINING_SECONDS = Figure("training_seconds", "training", unit="s", better=-1, digits=1)


def figure_of(key: str) -> Figure:
    """A score's figure by its key; a figure without a meaning for a key that nothing is known of."""
    known = (*figures_of_captions(), *HEALTH, *RECOGNITION, PERPLEXITY, PARAMETERS, TRAINING_SECONDS)
    return next((figure for figure in known if figure.key == key), Figure(key, key))


def scale_of(key: str) -> int:
    """What a figure is multiplied by for people: 100 for scores and shares."""
    return 100 if figure_of(key).unit == POINTS else 1


def shown(key: str, value: object) -> str:
    """A figure's value as people read it: scores and shares on a scale of 0 to 100; what is no number as it is."""
    return figure_of(key).shown(value) if isinstance(value, float) else str(value)


def shown_gap(key: str, value: float) -> str:
    """A difference between two values of a score, with its sign: `+1.2`."""
    text = shown(key, value)
    return text if text.startswith("-") else f"+{text}"


def for_people(signature: str) -> str:
    """A signature beside numbers on a scale of 0 to 100."""
    return re.sub(r"scale=0-1(?:,CIDEr 0-10)?", "scale=0-100", signature)
