"""ROUGE-L (Lin 2004, section 3), as the COCO caption tools compute it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seesay.metrics.registry import POINTS, Figure, Metric, Scored, Texts, register
from seesay.metrics.result import Result, Tokens, check_tokens


class RougeL:
    """F-measure of the longest common subsequence; best precision and best recall may come from two references.

    Args:
        beta: weight of recall against precision (Lin 2004, eq. 4).
    """

    def __init__(self, beta: float = 1.2) -> None:
        self.beta = beta
        self.signature = f"ROUGE_L(beta={beta:g})"

    def __call__(self, hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> dict[str, Result]:
        """Scores under the name ROUGE_L; the corpus score is the mean of the items'.

        Args:
            hypotheses: one token list for each item.
            references: at least one token list for each item.
        """
        check_tokens(hypotheses, references)
        items = np.array([self._item(h, r) for h, r in zip(hypotheses, references, strict=True)], dtype=np.float64)
        return {"ROUGE_L": Result.mean(items)}

    def _item(self, hypothesis: Tokens, references: Sequence[Tokens]) -> float:
        # The COCO tools read a caption without words as one empty word.
        hypothesis = hypothesis or [""]
        places = _places(hypothesis)
        length, precision, recall = len(hypothesis), 0.0, 0.0
        for reference in references:
            reference = reference or [""]
            common = _common(places, length, reference)
            precision = max(precision, common / length)
            recall = max(recall, common / len(reference))
        if not precision:
            return 0.0
        weight = self.beta**2
        return (1 + weight) * precision * recall / (recall + weight * precision)


def common_subsequence(first: Tokens, second: Tokens) -> int:
    """Length of the longest common subsequence, one row of the table held in the bits of an integer (Hyyrö 2004)."""
    return _common(_places(first), len(first), second)


def _places(tokens: Tokens) -> dict[str, int]:
    """Where each token stands, one bit for each place."""
    places: dict[str, int] = {}
    bit = 1
    for token in tokens:
        places[token] = places.get(token, 0) | bit
        bit <<= 1
    return places


def _common(places: dict[str, int], length: int, second: Tokens) -> int:
    full = (1 << length) - 1
    row = full
    for token in second:
        if token in places:
            matched = row & places[token]
            row = (row + matched | row - matched) & full
    return length - bin(row).count("1")


@register("rouge")
class _Rouge(Metric):
    label = "ROUGE-L"
    rank = 1
    figures = (
        Figure("ROUGE_L", "ROUGE-L", POINTS, digits=1, meaning="words in the order of a person's; higher is better"),
    )
    usual = True
    aliases = ("rouge-l",)

    def compute(self, texts: Texts) -> Scored:
        rouge = RougeL()
        return rouge(list(texts.candidates.values()), list(texts.references.values())), rouge.signature
