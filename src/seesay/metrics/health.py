"""Signs of a captioner that plays safe: few distinct captions, few words, sentences learned by heart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seesay.errors import UsageError
from seesay.text import tokenize


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
    """

    captions: int
    distinct: float
    words: int
    vocabulary: float | None
    novel: float | None
    mean_length: float
    empty: int


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
    said = [tuple(tokenize(caption)) for caption in captions]
    if not said:
        raise UsageError("health: no captions; give at least one")
    used = {word for caption in said for word in caption}
    known = None if vocabulary is None else {word for word in vocabulary if not _special(word)}
    learned = None if training is None else {tuple(tokenize(caption)) for caption in training}
    return Health(
        captions=len(said),
        distinct=len(set(said)) / len(said),
        words=len(used),
        vocabulary=len(used & known) / len(known) if known else None,
        novel=None if learned is None else sum(caption not in learned for caption in said) / len(said),
        mean_length=sum(map(len, said)) / len(said),
        empty=said.count(()),
    )


def _special(word: str) -> bool:
    return word.startswith("<") and word.endswith(">")
