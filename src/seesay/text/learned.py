"""What of people's captions a model learns."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from seesay.text.tokenizer import tokenize
from seesay.text.vocabulary import STOP_WORDS, Vocabulary

Cleaning = Literal["ptb", "tutorial", "whitespace"]
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def clean_tutorial(text: str) -> list[str]:
    """Words as the Keras captioning tutorials clean them (Brownlee 2017).

    Pieces between spaces in lower case, their punctuation stripped; one-letter words and words with digits are dropped.
    Flickr8k has 8,763 such words in all its captions, and 1,649 at least 10 times in those for training, as the paper
    "Image Captioning using LSTM and GRU" counts them.
    """
    words = (word.lower().translate(_NO_PUNCTUATION) for word in text.split())
    return [word for word in words if len(word) > 1 and word.isalpha()]


CLEANERS: dict[Cleaning, Callable[[str], list[str]]] = {
    "ptb": tokenize,
    "tutorial": clean_tutorial,
    "whitespace": str.split,
}
"""From a caption to words: as captions are scored; as tutorials clean them; as it is, capitals and punctuation kept."""


@dataclass(frozen=True)
class Learned:
    """From a caption to what is learned of it.

    Attributes:
        max_length: longer captions are cut here, in tokens.
        remove_stop_words: `STOP_WORDS` are left out.
        drop_rare: words that the vocabulary lacks are left out, in place of being the unknown word.
        clean: how a caption becomes words, one of `CLEANERS`.
    """

    max_length: int = 30
    remove_stop_words: bool = False
    drop_rare: bool = False
    clean: Cleaning = "ptb"

    def words(self, text: str) -> list[str]:
        """A caption's words, without stop words where these are removed."""
        words = CLEANERS[self.clean](text)
        return [word for word in words if word not in STOP_WORDS] if self.remove_stop_words else words

    def ids(self, text: str, vocabulary: Vocabulary) -> list[int]:
        """A caption's ids, without start and end."""
        words = self.words(text)
        if self.drop_rare:
            words = [word for word in words if word in vocabulary]
        return vocabulary.encode(words)[: self.max_length]
