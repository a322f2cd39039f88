"""Scores of captions, equal to the COCO caption tools' and without Java: BLEU, ROUGE-L, CIDEr-D.

`score` takes text and gives everything; `Bleu`, `RougeL`, `CiderD` and `Cider` take tokens and work alone.
`health` tells a captioner that plays safe from one that looks.
"""

from seesay.metrics.bleu import Bleu
from seesay.metrics.cider import Cider, CiderD
from seesay.metrics.health import Health, health
from seesay.metrics.result import Result
from seesay.metrics.rouge import RougeL
from seesay.metrics.scores import METRICS, Scores, score

__all__ = ["METRICS", "Bleu", "Cider", "CiderD", "Health", "Result", "RougeL", "Scores", "health", "score"]
