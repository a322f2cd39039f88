"""What of people's captions a model learns."""

from __future__ import annotations

from dataclasses import dataclass

from seesay.text.tokenizer import tokenize
from seesay.text.vocabulary import STOP_WORDS, Vocabulary


@dataclass(frozen=True)
class Learned:
    """From a caption to what is learned of it.

    Attributes:
        max_length: longer captions are cut here, in tokens.
        remove_stop_words: `STOP_WORDS` are left out.
        drop_rare: words that the vocabulary lacks are left out, in place of being the unknown word.
    """

    max_length: int = 30
    remove_stop_words: bool = False
    drop_rare: bool = False

    def words(self, text: str) -> list[str]:
        """A caption's tokens, without stop words where these are removed."""
        words = tokenize(text)
        return [word for word in words if word not in STOP_WORDS] if self.remove_stop_words else words

    def ids(self, text: str, vocabulary: Vocabulary) -> list[int]:
        """A caption's ids, without start and end."""
        words = self.words(text)
        if self.drop_rare:
            words = [word for word in words if word in vocabulary]
        return vocabulary.encode(words)[: self.max_length]
