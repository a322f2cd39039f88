"""What a captioner says about a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    """

    text: str
    score: float
    tokens: tuple[tuple[str, float], ...]
    attention: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    satisfied: bool = True
    confidence: float | None = None
    sure: bool | None = None
    words: tuple[tuple[str, float], ...] = field(default=(), compare=False, repr=False)

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
