"""METEOR 1.5 (Denkowski and Lavie 2014), as the COCO caption tools run it, without Java."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from seesay.metrics.meteor.align import align
from seesay.metrics.meteor.lexicon import Lexicon
from seesay.metrics.meteor.load import load_lexicon
from seesay.metrics.meteor.matches import Matches, find_matches
from seesay.metrics.meteor.normalize import normalize
from seesay.metrics.ngrams import Captions, Ints, spans
from seesay.metrics.result import Result, Tokens, check_tokens

# English, tuned to human rankings (METEOR 1.5's default task).
ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75
WEIGHTS = (1.0, 0.6, 0.8, 0.6)  # exact, stem, synonym, paraphrase
_MODULES = len(WEIGHTS)
# What is held in memory at a time: words of hypotheses beside words of references, about 1,000 captions' worth.
_WORD_PAIRS_AT_ONCE = 800_000
# Columns of the counts that add up over items: lengths, function words, then content and function words matched by
# each module on either side, then chunks.
_LENGTHS, _FUNCTION, _MATCHED, _CHUNKS = slice(0, 2), slice(2, 4), slice(4, 4 + 4 * _MODULES), -1
Counts = NDArray[np.float64]


class Meteor:
    """METEOR 1.5 for English: exact, stem, synonym and paraphrase matches, function words, fragmentation.

    The best of an item's references counts; the corpus score pools the counts of these (it is not a mean of items).
    Equal to the jar of the COCO tools; `docs/metrics.md` says how it was compared.

    Args:
        lexicon: English data; None finds it (package `pycocoevalcap`), and converts it at the first use.

    Raises:
        MissingPartError: the package that carries the data is not installed.
    """

    signature = "METEOR(1.5,en,norm,rank)"

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = lexicon or load_lexicon()

    def __call__(self, hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> dict[str, Result]:
        """Scores under the name METEOR.

        Args:
            hypotheses: one token list for each item.
            references: at least one token list for each item.
        """
        check_tokens(hypotheses, references)
        return self.of(self.counts(hypotheses, references))

    def counts(self, hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> Counts:
        """What the score is made of, of each item's best reference: (items, counts); as `__call__`."""
        parts, first, pairs = [np.zeros((0, 5 + 4 * _MODULES))], 0, 0
        for i, (hypothesis, texts) in enumerate(zip(hypotheses, references, strict=True)):
            pairs += len(hypothesis) * sum(map(len, texts))
            if pairs > _WORD_PAIRS_AT_ONCE or i + 1 == len(hypotheses):
                parts.append(self._counts(hypotheses[first : i + 1], references[first : i + 1]))
                first, pairs = i + 1, 0
        return np.concatenate(parts)

    def of(self, counts: Counts) -> dict[str, Result]:
        """Scores from counts."""
        return {"METEOR": Result.pooled(_poolable(counts), scores, scores(counts))}

    def _counts(self, hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> Counts:
        ids: dict[str, int] = {}

        def captions(texts: Iterable[Tokens], items: Sequence[int]) -> Captions:
            return Captions.of((self._normalize(text) for text in texts), items, ids)

        candidates = captions(hypotheses, range(len(hypotheses)))
        reference_captions = captions(
            (r for texts in references for r in texts), [i for i, t in enumerate(references) for _ in t]
        )
        words = self.lexicon.words(list(ids))
        matches = align(
            find_matches(candidates, reference_captions, words, self.lexicon), candidates, reference_captions
        )
        counts = _count(matches, candidates, reference_captions, words.function)
        return counts[_best(scores(counts), reference_captions.items)]

    def _normalize(self, tokens: Tokens) -> Tokens:
        joined = "".join(tokens)
        if joined.isalnum() and joined.isascii():  # nothing to change; the tokens are in lower case
            return tokens
        line = " ".join(tokens).replace("|||", "").replace("  ", " ")
        return normalize(line, self.lexicon.prefixes)


def scores(counts: Counts) -> NDArray[np.float64]:
    """METEOR of each row of counts: (rows,) from 0 to 1."""
    lengths, function = counts[:, _LENGTHS], counts[:, _FUNCTION]
    matched = counts[:, _MATCHED].reshape(len(counts), 2, 2, _MODULES)  # side, content or function, module
    chunks = counts[:, _CHUNKS]
    weighted = np.zeros((len(counts), 2))
    for kind, share in ((0, DELTA), (1, 1 - DELTA)):
        for module, weight in enumerate(WEIGHTS):
            weighted += matched[:, :, kind, module] * weight * share
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = weighted / (DELTA * (lengths - function) + (1 - DELTA) * function)
        mean = 1 / ((1 - ALPHA) / rates[:, 0] + ALPHA / rates[:, 1])
        total = matched.sum(axis=(2, 3))
        whole = (total == lengths).all(axis=1) & (chunks == 1)
        fragments = np.where(whole, 0.0, chunks / (total.sum(axis=1) / 2))
        score = mean * (1 - GAMMA * fragments**BETA)
    return np.where(np.isnan(score), 0.0, np.maximum(score, 0.0))


def _poolable(counts: Counts) -> Counts:
    """Counts as they add up: an item that is its reference word for word adds no chunk."""
    matched = counts[:, _MATCHED].reshape(len(counts), 2, -1).sum(axis=2)
    whole = (matched == counts[:, _LENGTHS]).all(axis=1) & (counts[:, _CHUNKS] == 1)
    counts = counts.copy()
    counts[whole, _CHUNKS] = 0
    return counts


def _count(matches: Matches, hypotheses: Captions, references: Captions, function: NDArray[np.bool_]) -> Counts:
    """Counts of each pair: hypothesis first, reference second."""
    pairs = len(references.lengths)
    counts = np.zeros((pairs, 5 + 4 * _MODULES))
    counts[:, 0], counts[:, 1] = hypotheses.lengths[references.items], references.lengths
    for column, sentences in ((2, hypotheses), (3, references)):
        each = np.bincount(sentences.owners, function[sentences.words], len(sentences.lengths))
        counts[:, column] = each[references.items] if column == 2 else each
    sides = (
        (hypotheses, references.items[matches.pair], matches.other, matches.other_length),
        (references, matches.pair, matches.start, matches.length),
    )
    for side, (sentences, owner, first, length) in enumerate(sides):
        which, token = spans(sentences.starts[owner] + first, length)
        kind = function[sentences.words[token]].astype(np.int64)
        cell = matches.pair[which] * 2 * _MODULES + kind * _MODULES + matches.module[which]
        found = np.bincount(cell, minlength=pairs * 2 * _MODULES).reshape(pairs, -1)
        counts[:, 4 + side * 2 * _MODULES : 4 + (side + 1) * 2 * _MODULES] = found
    joined = (
        (matches.pair[1:] == matches.pair[:-1])
        & (matches.start[1:] == (matches.start + matches.length)[:-1])
        & (matches.other[1:] == (matches.other + matches.other_length)[:-1])
    )
    counts[:, _CHUNKS] = np.bincount(matches.pair, minlength=pairs) - np.bincount(
        matches.pair[1:][joined], minlength=pairs
    )
    return counts


def _best(score: NDArray[np.float64], items: Ints) -> Ints:
    """The first of each item's highest scores."""
    order = np.lexsort((-score, items))
    return order[np.r_[True, items[order][1:] != items[order][:-1]]]
