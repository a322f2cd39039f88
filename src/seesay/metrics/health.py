"""Signs of a captioner that plays safe or stumbles: few distinct captions, few words, learned by heart, cut short."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from seesay.errors import UsageError
from seesay.metrics.bleu import Bleu
from seesay.metrics.result import Tokens
from seesay.text import tokenize

# Articles, prepositions and conjunctions: a sentence that stops on one was cut short.
_UNFINISHED = re.compile(
    "an?|the|about|above|across|after|against|along|among|and|around|as|at|because|before|behind|below|beneath|beside|"
    "between|beyond|but|by|during|for|from|if|in|inside|into|like|near|nor|of|off|on|onto|or|out|outside|over|past|"
    "since|so|than|that|through|to|towards?|under|until|up|upon|while|with|within|without"
)


@dataclass(frozen=True)
class Health:
    """What a set of captions looks like, whatever it is worth. Captions are compared as tokens, without punctuation.

    Args:
        captions: how many there are.
        distinct: share of them that are distinct: distinct captions over captions, 0 to 1.
        words: distinct words used.
        vocabulary: share of the model's vocabulary that is used, 0 to 1; None where the vocabulary isn't known.
        novel: share of captions that no training caption repeats word for word, 0 to 1; None without training captions.
        mean_length: words in a caption, on average.
        empty: captions without a word.
        distinct_1: distinct words over all words, 0 to 1 (Li et al. 2016, distinct-1).
        distinct_2: the same for pairs of words.
        bad_endings: share of captions that end in an article, a preposition or a conjunction.
        repeated: share of captions with a word twice running, or three words in a row that come twice.
    """

    captions: int
    distinct: float
    words: int
    vocabulary: float | None
    novel: float | None
    mean_length: float
    empty: int
    distinct_1: float
    distinct_2: float
    bad_endings: float
    repeated: float


def health(
    captions: Iterable[str],
    training: Iterable[str] | None = None,
    vocabulary: Iterable[str] | None = None,
) -> Health:
    """Measure captions against one another, the training captions and the vocabulary.

    Args:
        captions: what the model said, one for each picture.
        training: captions the model learned from.
        vocabulary: the words the model can say; specials such as <pad> are not counted.

    Raises:
        UsageError: without captions.
    """
    if isinstance(captions, str) or isinstance(training, str):
        raise UsageError("health: give lists of captions, not one text")
    tokenized = [tuple(tokenize(caption)) for caption in captions]
    if not tokenized:
        raise UsageError("health: no captions; give at least one")
    used = {word for caption in tokenized for word in caption}
    known = None if vocabulary is None else {word for word in vocabulary if not _special(word)}
    learned = None if training is None else {tuple(tokenize(caption)) for caption in training}
    return Health(
        captions=len(tokenized),
        distinct=len(set(tokenized)) / len(tokenized),
        words=len(used),
        vocabulary=len(used & known) / len(known) if known else None,
        novel=None if learned is None else sum(caption not in learned for caption in tokenized) / len(tokenized),
        mean_length=sum(map(len, tokenized)) / len(tokenized),
        empty=tokenized.count(()),
        distinct_1=distinct_ngrams(tokenized, 1),
        distinct_2=distinct_ngrams(tokenized, 2),
        bad_endings=sum(ends_badly(caption) for caption in tokenized) / len(tokenized),
        repeated=sum(map(_repeats, tokenized)) / len(tokenized),
    )


@dataclass(frozen=True)
class Diversity:
    """How much several captions of one picture differ.

    Args:
        per_item: captions of each picture, on average.
        m_bleu_4: BLEU-4 of each caption against the picture's others, 0 to 1: lower is more diverse
            (Shetty et al. 2017, mBleu-4).
        div_1: distinct words over all words among a picture's captions, mean over pictures (Div-1).
        div_2: the same for pairs of words (Div-2).
    """

    per_item: float
    m_bleu_4: float
    div_1: float
    div_2: float


def diversity(captions: Iterable[Sequence[str]]) -> Diversity:
    """Measure the captions of each picture against one another; pictures with a single one are left out.

    Raises:
        UsageError: no picture has several captions.
    """
    captions = list(captions)
    if any(isinstance(texts, str) for texts in captions):
        raise UsageError("diversity: give a list of captions for each item, not one text")
    several = [[tokenize(text) for text in texts] for texts in captions if len(texts) > 1]
    if not several:
        raise UsageError("diversity: no item has several captions; give each a list of them")
    sentences = [caption for texts in several for caption in texts]
    others = [texts[:i] + texts[i + 1 :] for texts in several for i in range(len(texts))]
    return Diversity(
        per_item=len(sentences) / len(several),
        m_bleu_4=Bleu()(sentences, others)["Bleu_4"].corpus,
        div_1=sum(distinct_ngrams(texts, 1) for texts in several) / len(several),
        div_2=sum(distinct_ngrams(texts, 2) for texts in several) / len(several),
    )


def distinct_ngrams(captions: Sequence[Tokens], order: int) -> float:
    """Distinct n-grams over all n-grams of all captions, 0 to 1 (0 where there are none)."""
    grams = [tuple(c[i : i + order]) for c in captions for i in range(len(c) - order + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def _repeats(caption: Tokens) -> bool:
    threes = [tuple(caption[i : i + 3]) for i in range(len(caption) - 2)]
    return len(set(threes)) < len(threes) or any(a == b for a, b in pairwise(caption))


def _special(word: str) -> bool:
    return word.startswith("<") and word.endswith(">")


def ends_badly(caption: Sequence[str]) -> bool:
    """Whether a caption's tokens end in an article, a preposition or a conjunction."""
    return len(caption) > 0 and _UNFINISHED.fullmatch(caption[-1]) is not None
