"""Words and their ids, in a frozen order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from seesay.errors import ArtifactError, DataError, UsageError

SPECIALS = ("<pad>", "<start>", "<end>", "<unk>")
# Articles, prepositions, pronouns and auxiliaries: what papers that remove stop words remove. As in NLTK's list, and
# not as in scikit-learn's and gensim's, which hold numbers, places and things too (two, front, side, fire, bottom).
_STOP_WORDS_TEXT = (
    "a about above after again against all am an and any are as at be because been before being below between both "
    "but by can did do does doing down during each few for from further had has have having he her here hers herself "
    "him himself his how i if in into is it its itself just me more most my myself no nor not now of off on once only "
    "or other our ours ourselves out over own same she should so some such than that the their theirs them themselves "
    "then there these they this those through to too under until up very was we were what when where which while who "
    "whom why will with you your yours yourself yourselves 's n't 're 've 'll 'd 'm"
)
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id: padding, start, end and unknown first, then words by falling count, then alphabetically.

    Attributes:
        tokens: every token; its place is its id.
    """

    tokens: tuple[str, ...]
    _ids: Mapping[str, int] = field(init=False, repr=False, compare=False)

    pad: ClassVar[int] = 0
    start: ClassVar[int] = 1
    end: ClassVar[int] = 2
    unk: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if self.tokens[: len(SPECIALS)] != SPECIALS or len(set(self.tokens)) != len(self.tokens):
            raise ArtifactError(
                "the vocabulary is damaged: special tokens missing or a word twice; get the model again"
            )
        object.__setattr__(self, "_ids", {token: index for index, token in enumerate(self.tokens)})

    @classmethod
    def build(
        cls,
        captions: Iterable[Sequence[str]],
        min_count: int = 5,
        stop_words: Collection[str] = (),
        max_size: int | None = None,
    ) -> Vocabulary:
        """Count the words of tokenized captions.

        Args:
            captions: token lists.
            min_count: words seen less often are left out.
            stop_words: words left out however often they come, for example `STOP_WORDS`.
            max_size: most words, specials not counted; None for all.

        Raises:
            DataError: no word is left.
        """
        counts = Counter(token for caption in captions for token in caption)
        kept = [w for w, n in counts.items() if n >= min_count and w not in stop_words and w not in SPECIALS]
        kept.sort(key=lambda word: (-counts[word], word))
        if not kept:
            raise DataError(f"no word comes {min_count} times in training; lower min_count")
        return cls(SPECIALS + tuple(kept[:max_size]))

    def extended(self, words: Iterable[str]) -> Vocabulary:
        """These words, and those of `words` that are not among them, behind."""
        return Vocabulary((*self.tokens, *(word for word in dict.fromkeys(words) if word not in self)))

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Ids of tokens, nothing added; an unknown word becomes `unk`."""
        return [self._ids.get(token, self.unk) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Words of ids: stops at the end token, leaves out the other specials."""
        words = []
        for index in ids:
            if index == self.end:
                break
            if index >= len(SPECIALS) or index == self.unk:
                words.append(self.tokens[index])
        return words

    def check_same(self, other: Vocabulary, name: str, other_name: str) -> None:
        """Refuse to take two models for one ensemble whose words are not the same.

        Args:
            other: the other model's vocabulary.
            name: the first model's name.
            other_name: the other's.

        Raises:
            UsageError: they differ; the message says in which words.
        """
        if self.tokens == other.tokens:
            return
        parts = []
        for one, mine, theirs in ((name, self, other), (other_name, other, self)):
            alone = [token for token in mine.tokens if token not in theirs]
            if alone:
                more = f" and {len(alone) - 3} more" if len(alone) > 3 else ""
                parts.append(f"only {one} has {', '.join(map(repr, alone[:3]))}{more}")
        why = "; ".join(parts) or "the same words in another order"
        raise UsageError(f"{name} and {other_name} have different vocabularies and cannot be one ensemble: {why}")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` takes it back."""
        return {"tokens": list(self.tokens)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Vocabulary:
        """Read what `to_json` wrote.

        Raises:
            ArtifactError: it is something else.
        """
        tokens = values.get("tokens")
        if not isinstance(tokens, (list, tuple)) or not all(isinstance(token, str) for token in tokens):
            raise ArtifactError("the vocabulary is damaged: it has no list of tokens; get the model again")
        return cls(tuple(tokens))
