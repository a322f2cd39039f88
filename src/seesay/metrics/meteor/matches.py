"""Where a hypothesis and a reference say the same: METEOR's four modules, for many pairs of sentences at once.

A match covers `length` words of the reference from `start` and `other_length` words of the hypothesis from `other`.
METEOR looks for words that are equal, words of one stem, words that share a WordNet synset, and paraphrases; for the
search of `align` the order in which a reference position's matches are listed matters, and is METEOR's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seesay.metrics.meteor.lexicon import Lexicon, Words
from seesay.metrics.ngrams import Captions, Hashes, Ints, extend_hash, find, ordering, spans

EXACT, STEM, SYNONYM, PARAPHRASE = range(4)


@dataclass(frozen=True)
class Matches:
    """All (M,): the pair (its reference sentence), and what is matched by which module; sorted by pair and start."""

    pair: Ints
    start: Ints
    length: Ints
    other: Ints
    other_length: Ints
    module: Ints

    def __getitem__(self, rows: NDArray[Any]) -> Matches:
        """Some of them."""
        return Matches(*(values[rows] for values in self.columns()))

    def __len__(self) -> int:
        return len(self.pair)

    def columns(self) -> tuple[Ints, ...]:
        """All six, in the order of the attributes."""
        return self.pair, self.start, self.length, self.other, self.other_length, self.module


def find_matches(hypotheses: Captions, references: Captions, words: Words, lexicon: Lexicon) -> Matches:
    """All matches of each reference with the hypothesis of its item.

    Args:
        hypotheses: one sentence for each item, in order: sentence i is item i's.
        references: any number for each item.
        words: what the lexicon says of the word ids.
        lexicon: paraphrases.
    """
    single = _word_matches(hypotheses, references, words)
    forward = _paraphrases(references, hypotheses, words, lexicon)
    backward = _paraphrases(hypotheses, references, words, lexicon)
    # Columns: pair, start, length, other, other_length, module, and twice what orders the matches of a position.
    rows = [
        np.stack([*single, single[3], single[3] * 0]),
        np.stack([*_as_pairs(forward, reference_first=True), forward.rank, forward.second]),
        np.stack([*_as_pairs(backward, reference_first=False), backward.first, backward.rank]),
    ]
    rows[2][5] += 1  # listed after those in the other direction
    whole = np.concatenate(rows, axis=1)
    order = ordering(whole[0], whole[1], whole[5], whole[6], whole[7])
    pair, start, length, other, other_length, module = whole[:6, order]
    same = _identical(hypotheses, references)
    keep = ~same[pair] | (module == EXACT)
    return Matches(pair, start, length, other, other_length, np.minimum(module, PARAPHRASE))[keep]


def _identical(hypotheses: Captions, references: Captions) -> NDArray[np.bool_]:
    """Whether each reference is its hypothesis, word for word: then only exact matches count."""
    items = references.items
    same: NDArray[np.bool_] = references.lengths == hypotheses.lengths[items]
    tokens = np.flatnonzero(same[references.owners])
    owners = references.owners[tokens]
    partner = hypotheses.starts[items[owners]] + references.places[tokens]
    same[owners[references.words[tokens] != hypotheses.words[partner]]] = False
    return same


def _word_matches(hypotheses: Captions, references: Captions, words: Words) -> tuple[Ints, ...]:
    """Pair, start, length, other, other_length and module of matches of single words."""
    size = len(words.function)
    related = np.zeros((size, size), np.uint8)
    related[words.stems] = 1 << STEM
    related[words.synonyms] |= 1 << SYNONYM
    related[np.arange(size), np.arange(size)] = 1 << EXACT
    # Every word of every reference beside every word of its hypothesis.
    counts = hypotheses.lengths[references.items[references.owners]]
    token, partner = spans(hypotheses.starts[references.items[references.owners]], counts)
    codes = related[references.words[token], hypotheses.words[partner]]
    found = np.flatnonzero(codes)
    token, partner, codes = token[found], partner[found], codes[found]
    both = codes == (1 << STEM | 1 << SYNONYM)
    module = np.where(codes == 1 << EXACT, EXACT, np.where(codes & 1 << STEM, STEM, SYNONYM))
    token, partner = np.r_[token, token[both]], np.r_[partner, partner[both]]
    module = np.r_[module, np.full(both.sum(), SYNONYM)]
    one = np.ones(len(token), np.int64)
    return references.owners[token], references.places[token], one, hypotheses.places[partner], one, module


@dataclass(frozen=True)
class _Paraphrases:
    """Phrases of `first` sentences whose paraphrase stands in a `second` sentence of the item; all (M,)."""

    sentence: Ints
    first: Ints
    length: Ints
    partner: Ints
    second: Ints
    second_length: Ints
    rank: Ints
    """Order in which the table lists them for one place: shorter phrases before longer, then its own order."""


def _as_pairs(found: _Paraphrases, *, reference_first: bool) -> tuple[Ints, ...]:
    one = np.full(len(found.first), PARAPHRASE)
    if reference_first:
        return found.sentence, found.first, found.length, found.second, found.second_length, one
    return found.partner, found.second, found.second_length, found.first, found.length, one


def _paraphrases(first: Captions, second: Captions, words: Words, lexicon: Lexicon) -> _Paraphrases:
    """Phrases in `first` that the table lists, with their paraphrases found in `second`."""
    # Which phrases there are, grown word by word while some phrase of the table begins so.
    phrase_words = words.phrase_words[first.words]
    alive = np.flatnonzero(phrase_words >= 0)
    hashes = np.zeros(len(alive), np.uint64)
    room = np.repeat(first.starts + first.lengths, first.lengths)
    places, lengths, phrases = [], [], []
    for n in range(lexicon.longest):
        inside = alive + n < room[alive]
        alive, hashes = alive[inside], hashes[inside]
        known = phrase_words[alive + n] >= 0
        alive, hashes = alive[known], extend_hash(hashes[known], phrase_words[alive[known] + n])
        unique, back = np.unique(hashes, return_inverse=True)
        begins, phrase = lexicon.phrases(unique)
        whole = phrase[back] >= 0
        places.append(alive[whole])
        lengths.append(np.full(whole.sum(), n + 1))
        phrases.append(phrase[back][whole])
        more = begins[back]
        alive, hashes = alive[more], hashes[more]
    place, length, phrase = (np.concatenate(parts) for parts in (places, lengths, phrases))
    # Their paraphrases that occur on the other side at all.
    unique, back = np.unique(phrase, return_inverse=True)
    owner, rule_hashes, rule_lengths = lexicon.paraphrases(unique)
    occurring, occurrences = _occurrences(second, words, lexicon)
    slot = find(occurring, rule_hashes)
    useful = np.flatnonzero(slot >= 0)
    owner, slot, rule_lengths = owner[useful], slot[useful], rule_lengths[useful]
    # Each phrase with each of these, where the other side of its item has it.
    counts = np.bincount(owner, minlength=len(unique))
    which, rule = spans((np.cumsum(counts) - counts)[back], counts[back])
    items = first.items[first.owners[place[which]]]
    key = items * len(occurring) + slot[rule]
    low, high = np.searchsorted(occurrences.key, key), np.searchsorted(occurrences.key, key, side="right")
    hit, found = spans(low, high - low)
    at, rule = place[which[hit]], rule[hit]
    token = occurrences.token[found]
    return _Paraphrases(
        first.owners[at],
        first.places[at],
        length[which[hit]],
        second.owners[token],
        second.places[token],
        rule_lengths[rule],
        length[which[hit]] * (len(useful) + 1) + rule,
    )


@dataclass(frozen=True)
class _Occurrences:
    """Word sequences of sentences, sorted by `key`: item and hash (its rank among all hashes); `token` is the first."""

    key: Ints
    token: Ints


def _occurrences(sentences: Captions, words: Words, lexicon: Lexicon) -> tuple[Hashes, _Occurrences]:
    """All distinct hashes of word sequences that may begin a paraphrase, sorted, and where they occur."""
    phrase_words = words.phrase_words[sentences.words]
    room = np.repeat(sentences.starts + sentences.lengths, sentences.lengths)
    alive = np.flatnonzero(phrase_words >= 0)
    hashes = np.zeros(len(alive), np.uint64)
    found, tokens = [], []
    for n in range(lexicon.longest):
        inside = alive + n < room[alive]
        alive, hashes = alive[inside], hashes[inside]
        known = phrase_words[alive + n] >= 0
        alive, hashes = alive[known], extend_hash(hashes[known], phrase_words[alive[known] + n])
        begins = lexicon.may_begin_paraphrase(hashes)
        alive, hashes = alive[begins], hashes[begins]
        found.append(hashes)
        tokens.append(alive)
    unique, rank = np.unique(np.concatenate(found), return_inverse=True)
    token = np.concatenate(tokens)
    key = sentences.items[sentences.owners[token]] * len(unique) + rank
    order = ordering(key)
    return unique, _Occurrences(key[order], token[order])
