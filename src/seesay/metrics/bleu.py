"""BLEU (Papineni et al. 2002), with the COCO caption tools' reference length and smoothing constants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seesay.metrics.result import Result, Tokens

# The COCO tools' constants: they keep empty counts from dividing by zero and show from the ninth decimal on.
_TINY, _SMALL = 1e-15, 1e-9


class Bleu:
    """BLEU-1 to BLEU-`order`: modified n-gram precision, brevity penalty against the closest reference length.

    Of two references equally close in length the shorter counts. Corpus scores pool the counts of all items
    (Papineni et al. 2002, section 2.3), they are not means of item scores.

    Args:
        order: longest n-gram.
    """

    def __init__(self, order: int = 4) -> None:
        self.order = order
        self.signature = f"BLEU(order={order},length=closest,smooth={_TINY:g}/{_SMALL:g})"

    def __call__(self, hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> dict[str, Result]:
        """Scores under the names Bleu_1, Bleu_2 and so on.

        Args:
            hypotheses: one token list for each item.
            references: at least one token list for each item.
        """
        counts = np.array([self._counts(h, r) for h, r in zip(hypotheses, references, strict=True)], dtype=np.float64)
        items, corpus = self._scores(counts), self._scores(counts.sum(axis=0, keepdims=True))
        return {f"Bleu_{n + 1}": Result(float(corpus[0, n]), items[:, n]) for n in range(self.order)}

    def _counts(self, hypothesis: Tokens, references: Sequence[Tokens]) -> list[int]:
        """What adds up over items: matching n-grams and all n-grams of each order, length, closest length."""
        length = len(hypothesis)
        matches, guesses = [], []
        for order in range(1, self.order + 1):
            allowed: Counter[tuple[str, ...]] = Counter()
            for reference in references:
                allowed |= _ngrams(reference, order)
            matches.append(sum((_ngrams(hypothesis, order) & allowed).values()))
            guesses.append(max(0, length - order + 1))
        closest = min((abs(len(reference) - length), len(reference)) for reference in references)[1]
        return [*matches, *guesses, length, closest]

    def _scores(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """BLEU of each row of counts: (rows, order)."""
        matches, guesses = counts[:, : self.order], counts[:, self.order : 2 * self.order]
        precision = np.cumprod((matches + _TINY) / (guesses + _SMALL), axis=1)
        geometric = precision ** (1 / np.arange(1, self.order + 1))
        ratio = (counts[:, -2] + _TINY) / (counts[:, -1] + _SMALL)
        brevity = np.exp(np.minimum(0.0, 1 - 1 / ratio))
        scores: NDArray[np.float64] = geometric * brevity[:, None]
        return scores


def _ngrams(tokens: Tokens, order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(order)), strict=False))
