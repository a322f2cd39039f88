"""Scores of captions, equal to the COCO caption tools' and without Java: BLEU, ROUGE-L, METEOR, CIDEr-D.

`score` takes text and gives everything; `Bleu`, `RougeL`, `Meteor`, `CiderD` and `Cider` take tokens and work alone.
`compare` tells luck from progress, `health` and `diversity` tell a captioner that plays safe from one that looks, and
`recognition` scores labels.
"""

from seesay.metrics.bleu import Bleu
from seesay.metrics.cider import Cider, CiderD
from seesay.metrics.frequencies import Frequencies, read_frequencies
from seesay.metrics.health import Diversity, Health, diversity, health
from seesay.metrics.meteor import Meteor
from seesay.metrics.recognition import Recognition, recognition
from seesay.metrics.registry import METRICS, Figure, Metric
from seesay.metrics.result import Result
from seesay.metrics.rouge import RougeL
from seesay.metrics.scores import Scores, score
from seesay.metrics.significance import Difference, compare

__all__ = [
    "METRICS",
    "Bleu",
    "Cider",
    "CiderD",
    "Difference",
    "Diversity",
    "Figure",
    "Frequencies",
    "Health",
    "Meteor",
    "Metric",
    "Recognition",
    "Result",
    "RougeL",
    "Scores",
    "compare",
    "diversity",
    "health",
    "read_frequencies",
    "recognition",
    "score",
]
