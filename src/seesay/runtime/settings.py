"""What a caller may ask of a search, in words, and the options it becomes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from seesay.errors import UsageError
from seesay.search_options import OPTIONS, SearchOptions, SearchSettings
from seesay.text import Vocabulary, tokenize

_FOR_BEAMS = ("beam", "length_power", "consensus")
_NEAR = 5


def search_options(vocabulary: Vocabulary, defaults: Mapping[str, Any], asked: SearchSettings) -> SearchOptions:
    """Search options: the model's own, with what the caller asks for in their place.

    Args:
        vocabulary: the model's words.
        defaults: the model's own options.
        asked: what the caller gave.

    Raises:
        UsageError: an unknown setting, a number out of range, settings that do not go together, or a required word that
            the model does not know; the message names words near it.
    """
    strange = set(asked) - set(OPTIONS)
    if strange:
        raise UsageError(f"no search setting is called {min(strange)!r}; there are: {', '.join(OPTIONS)}")
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    must = [_phrase(vocabulary, text) for text in _texts(given.pop("must", ()))]
    banned = [_banned(vocabulary, text) for text in _texts(given.pop("must_not", ()))]
    both = {token for phrase in must for token in phrase}.intersection(banned)
    if both:
        raise UsageError(f"{vocabulary.tokens[min(both)]!r} is in must and in must_not; leave it out of one")
    if given.get("sample"):
        for name in _FOR_BEAMS:
            if name in given and (name != "consensus" or given[name]):
                raise UsageError(f"{name} and sample do not go together ({name} is for beam search); leave one out")
    several = given.get("groups", 1) != 1
    if several and given.get("consensus"):
        raise UsageError("consensus and groups do not go together (groups keep their own order); leave one out")
    if several or given.get("sample"):
        given["consensus"] = 0
    never = (vocabulary.pad, vocabulary.start, vocabulary.unk, *sorted(set(banned) - {vocabulary.unk}))
    return SearchOptions(**{**defaults, **given}, must=tuple(must), forbidden=never)


def unknown_words(vocabulary: Vocabulary, texts: Sequence[str]) -> list[str]:
    """Those of the texts that are no word of the model's, so that it never says them anyhow."""
    return [text for text in texts if any(token not in vocabulary for token in tokenize(text))]


def near_words(vocabulary: Vocabulary, word: str) -> str:
    """` Near it are 'x', 'y'.`, or an empty string where nothing is."""
    close = difflib.get_close_matches(word, vocabulary.tokens, n=_NEAR, cutoff=0.6)
    return f" Near it: {', '.join(map(repr, close))}." if close else ""


def _texts(texts: str | Sequence[str]) -> Sequence[str]:
    return [texts] if isinstance(texts, str) else texts


def _phrase(vocabulary: Vocabulary, text: str) -> tuple[int, ...]:
    words = tokenize(text)
    if not words:
        raise UsageError(f"must: {text!r} holds no word")
    for word in words:
        if word not in vocabulary:
            raise UsageError(f"must: the model does not know the word {word!r}.{near_words(vocabulary, word)}")
    return tuple(vocabulary.encode(words))


def _banned(vocabulary: Vocabulary, text: str) -> int:
    words = tokenize(text)
    if len(words) != 1:
        raise UsageError(f"must_not takes single words, and {text!r} is {len(words)}")
    return vocabulary.encode(words)[0]
