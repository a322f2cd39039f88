"""What a captioner says about a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.errors import UsageError
from seesay.search import Hypothesis
from seesay.text import Vocabulary, detokenize

PERHAPS = 4
"""So many detected words are told in place of a doubtful sentence."""


@dataclass(frozen=True)
class Caption:
    """One sentence about a picture.

    Attributes:
        text: the sentence, lower case, without a full stop.
        score: what the search ranks by: the sum of log-probabilities over length to a power; nearer zero is better.
        tokens: each word and its natural-log probability given the picture and the words before it.
        attention: (T, rows, columns) float32, where the model looked for each of the T words, each map adding up to 1;
            None for models that do not attend.
        satisfied: whether it holds all the words that it must; where no caption does, the best without is given.
        confidence: the chance that a person would accept it, from 0 to 1; None for models that do not say.
        sure: whether it is stated without doubt; None for models that do not say.
        words: what was detected in the picture, likeliest first, and how likely a person names each; empty for models
            that detect no words.
        source: path of what was captioned; None where that has none.
    """

    text: str
    score: float
    tokens: tuple[tuple[str, float], ...]
    attention: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    satisfied: bool = True
    confidence: float | None = None
    sure: bool | None = None
    words: tuple[tuple[str, float], ...] = field(default=(), compare=False, repr=False)
    source: str | None = field(default=None, compare=False, repr=False)

    @property
    def perhaps(self) -> str:
        """What may be in the picture, where the sentence is in doubt: the words detected, likeliest first."""
        return ", ".join(word for word, _ in self.words[:PERHAPS]) or "nothing known"

    @property
    def stated(self) -> str:
        """The sentence, or, where it is in doubt, that it is, and what may be there."""
        return self.text if self.sure is not False else f"(not sure) perhaps: {self.perhaps}"

    def to_json(self) -> dict[str, Any]:
        """Text, score and tokens, and confidence where there is one, as plain JSON; `satisfied` where it is False."""
        tokens = [{"token": token, "logprob": logprob} for token, logprob in self.tokens]
        unmet = {} if self.satisfied else {"satisfied": False}
        certain = {} if self.confidence is None else {"confidence": round(self.confidence, 4), "sure": self.sure}
        return {"text": self.text, "score": self.score, "tokens": tokens, **certain, **unmet}

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON; `from_dict` makes an equal caption of that."""
        return {
            "text": self.text,
            "score": self.score,
            "tokens": [{"token": token, "logprob": logprob} for token, logprob in self.tokens],
            "attention": None if self.attention is None else self.attention.tolist(),
            "satisfied": self.satisfied,
            "confidence": self.confidence,
            "sure": self.sure,
            "words": [{"word": word, "probability": p} for word, p in self.words],
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Caption:
        """A caption from `to_dict`, or from an entry of `captions` of `seesay caption --json`.

        Raises:
            UsageError: text, score or tokens are missing or of another kind.
        """
        try:
            tokens = tuple((str(one["token"]), float(one["logprob"])) for one in values["tokens"])
            words = tuple((str(one["word"]), float(one["probability"])) for one in values.get("words") or ())
            attention = values.get("attention")
            return cls(
                str(values["text"]),
                float(values["score"]),
                tokens,
                None if attention is None else np.asarray(attention, np.float32),
                bool(values.get("satisfied", True)),
                values.get("confidence"),
                values.get("sure"),
                words,
                values.get("source"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"Caption.from_dict: not a caption ({type(error).__name__}: {error})") from error

    def _repr_html_(self) -> str:
        from seesay.runtime.notebook import caption_html

        return caption_html(self)

    def __str__(self) -> str:
        return self.text


def caption_of(hypothesis: Hypothesis, vocabulary: Vocabulary, grid_size: tuple[int, int]) -> Caption:
    """A hypothesis as a caption; attention (T, N) is folded to the grid's rows and columns."""
    words = tuple(vocabulary.tokens[token] for token in hypothesis.tokens)
    attention = hypothesis.attention
    if attention is not None:
        attention = np.asarray(attention[: len(words)], np.float32).reshape(len(words), *grid_size)
    tokens = tuple(zip(words, map(float, hypothesis.logprobs), strict=False))  # logprobs go on with the end token's
    return Caption(detokenize(words), float(hypothesis.score), tokens, attention, hypothesis.satisfied)
