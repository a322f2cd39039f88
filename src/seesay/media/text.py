"""Text files as the token ids of a model that classifies texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from seesay.errors import ArtifactError, MediaError
from seesay.media.source import name_of, open_bytes
from seesay.text import Vocabulary, tokenize
from seesay.text.decoding import decode

MOST_BYTES = 1 << 20
"""Of a text; longer ones are refused rather than read for the few words at their beginning."""


def read_words(source: Any) -> list[str]:
    """The tokens of a text, as `seesay.text.tokenize` makes them: lower case, punctuation dropped.

    Args:
        source: a path, the bytes of a file or of a text, or an open binary file; UTF-8.

    Raises:
        MediaError: it cannot be read, is larger than 1 MiB, is no UTF-8 text, or holds no word.
    """
    name = name_of(source, "text")
    try:
        with open_bytes(source, "text") as file:
            content = file.read(MOST_BYTES + 1)
    except MediaError as error:
        raise MediaError(f"{name}: {error}") from error
    except OSError as error:
        raise MediaError(f"{name}: cannot be read ({error.strerror})") from error
    if len(content) > MOST_BYTES:
        raise MediaError(f"{name}: is larger than {MOST_BYTES >> 20} MiB; give the part that is to be judged")
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MediaError(f"{name}: is no text (it holds zero bytes)")
    try:
        words = tokenize(" ".join(decode(content).split()))
    except ValueError as error:
        raise MediaError(f"{name}:{error}") from None
    if not words:
        raise MediaError(f"{name}: holds no word")
    return words


@dataclass(frozen=True)
class TextPreprocessing:
    """How a text becomes a model's input: its first `length` tokens as ids, padded at the end.

    Attributes:
        vocabulary: words to ids; unknown words are `Vocabulary.unk`, padding is `Vocabulary.pad`.
        length: L, tokens.
    """

    dtype: ClassVar[type[np.generic]] = np.int64
    vocabulary: Vocabulary
    length: int

    @property
    def shape(self) -> tuple[int]:
        """(L,) of what `load` gives."""
        return (self.length,)

    def load(self, source: Any) -> NDArray[np.int64]:
        """Read a text and give its ids, int64 (L,); what comes after the first L tokens is not judged.

        Args:
            source: see `read_words`.

        Raises:
            MediaError: see `read_words`.
        """
        ids = self.vocabulary.encode(read_words(source)[: self.length])
        return np.array(ids + [Vocabulary.pad] * (self.length - len(ids)), np.int64)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as an artifact stores them; the vocabulary has its own place there."""
        return {"kind": "text", "length": self.length}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], vocabulary: Mapping[str, Any]) -> TextPreprocessing:
        """What `to_json` of this and of its vocabulary gave.

        Raises:
            ArtifactError: an entry is missing or of another kind.
        """
        try:
            return cls(Vocabulary.from_json(vocabulary), int(values["length"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the artifact's preprocessing of texts cannot be read: {error}") from error
