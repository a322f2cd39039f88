"""BLEU (Papineni et al. 2002), with the COCO caption tools' reference length and smoothing constants."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from seesay.metrics.ngrams import Captions, Counts, References, add_up, count_ngrams, find, ordering
from seesay.metrics.registry import POINTS, Figure, Metric, Scored, Texts, register
from seesay.metrics.result import Floats, Result, Tokens, check_tokens

# The COCO tools' constants: they keep empty counts from dividing by zero and show from the ninth decimal on.
_TINY, _SMALL = 1e-15, 1e-9
ORDER = 4

_RUNS = ("", "words", "pairs of words", "runs of three words", "runs of four words")


class Bleu:
    """BLEU-1 to BLEU-4: modified n-gram precision, brevity penalty against the closest reference length.

    Of two references equally close in length the shorter counts. Corpus scores pool the counts of all items
    (Papineni et al. 2002, section 2.3), they are not means of item scores.
    """

    signature = f"BLEU(order={ORDER},length=closest,smooth={_TINY:g}/{_SMALL:g})"

    def __call__(self, hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> dict[str, Result]:
        """Scores under the names Bleu_1, Bleu_2 and so on.

        Args:
            hypotheses: one token list for each item.
            references: at least one token list for each item.
        """
        check_tokens(hypotheses, references)
        counted = References({str(i): texts for i, texts in enumerate(references)})
        candidates = counted.hypotheses((str(i), tokens) for i, tokens in enumerate(hypotheses))
        return self.of(self.statistics(candidates, count_ngrams(candidates), counted))

    def statistics(self, candidates: Captions, candidate_counts: Counts, references: References) -> Floats:
        """What BLEU is made of, (items, 10): of each order the n-grams matched and those there are, and two lengths.

        Args:
            candidates: one for each item, in the references' order.
            candidate_counts: their n-grams.
            references: of these items.
        """
        reference_captions, reference_counts = references.captions, references.counts
        size = len(candidates.lengths)
        # Columns: matching n-grams and all n-grams of each order, length, closest reference's length.
        counts = np.zeros((size, 2 * ORDER + 2))
        # Both sides' n-grams by item, to see how often a reference has what the hypothesis has.
        grams = len(candidate_counts.grams)
        place = find(candidate_counts.grams, reference_counts.grams)[reference_counts.gram]
        known = np.flatnonzero(place >= 0)
        row = find(
            candidate_counts.caption * grams + candidate_counts.gram,
            reference_captions.items[reference_counts.caption[known]] * grams + place[known],
        )
        most = np.zeros(len(candidate_counts.gram), np.int64)
        np.maximum.at(most, row[row >= 0], reference_counts.count[known[row >= 0]])
        cell = candidate_counts.caption * ORDER + candidate_counts.order
        matched = add_up(cell, np.minimum(candidate_counts.count, most), size * ORDER)
        counts[:, :ORDER] = matched.reshape(size, ORDER)
        counts[:, ORDER : 2 * ORDER] = np.maximum(0, candidates.lengths[:, None] - np.arange(ORDER))
        counts[:, -2] = candidates.lengths
        away = np.abs(reference_captions.lengths - candidates.lengths[reference_captions.items])
        nearest = ordering(reference_captions.items, away, reference_captions.lengths)
        first = np.r_[True, reference_captions.items[nearest][1:] != reference_captions.items[nearest][:-1]]
        counts[:, -1] = reference_captions.lengths[nearest[first]]
        return counts

    def of(self, counts: Floats) -> dict[str, Result]:
        """As `__call__`, of the items' statistics."""
        scores = _scores(counts)
        return {
            f"Bleu_{n + 1}": Result.pooled(counts, partial(_one_order, order=n), scores[:, n]) for n in range(ORDER)
        }


def _scores(counts: Floats) -> Floats:
    """BLEU of each row of counts: (rows, order)."""
    matches, guesses = counts[:, :ORDER], counts[:, ORDER : 2 * ORDER]
    precision = np.cumprod((matches + _TINY) / (guesses + _SMALL), axis=1)
    geometric = precision ** (1 / np.arange(1, ORDER + 1))
    ratio = (counts[:, -2] + _TINY) / (counts[:, -1] + _SMALL)
    brevity = np.exp(np.minimum(0.0, 1 - 1 / ratio))
    scores: Floats = geometric * brevity[:, None]
    return scores


def _one_order(sums: Floats, *, order: int) -> Floats:
    return _scores(sums)[:, order]


@register("bleu")
class _Bleu(Metric):
    label = "BLEU"
    rank = 0
    figures = tuple(
        Figure(
            f"Bleu_{n}",
            f"BLEU-{n}",
            POINTS,
            digits=1,
            meaning=f"{_RUNS[n]} that people have too; higher is better",
        )
        for n in range(1, ORDER + 1)
    )
    usual = True
    aliases = tuple(f"bleu-{n}" for n in range(1, ORDER + 1))

    def compute(self, texts: Texts) -> Scored:
        bleu = Bleu()
        return bleu.of(np.concatenate([bleu.statistics(*block) for block in texts.blocks()])), bleu.signature
