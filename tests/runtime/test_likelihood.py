"""Teacher forcing by steps, against sums written out by hand."""

import numpy as np
import pytest

from seesay.runtime.likelihood import cross_entropy
from seesay.text import Learned, Vocabulary

WORDS = Vocabulary.build([["dog", "runs", "cat"]], min_count=1)


class Counting:
    """Logits that depend on the picture (a constant entry), the word before and how many came before it."""

    constant = frozenset({"picture"})

    def start(self, pixels):
        raise NotImplementedError

    def logits(self, picture, token, place):
        return np.sin(np.arange(len(WORDS)) * (1 + picture) + token + 0.5 * place)

    def step(self, tokens, state):
        each = len(tokens) // len(state["picture"])
        rows = [
            self.logits(state["picture"][row // each], token, state["place"][row]) for row, token in enumerate(tokens)
        ]
        return np.stack(rows).astype(np.float32), {**state, "place": state["place"] + 1}


def test_nats_and_tokens_of_each_picture():
    networks = Counting()
    state = {"picture": np.array([0.0, 1.0]), "place": np.zeros(2)}
    references = [["A dog runs.", "cat", ""], ["dog dog"]]  # "a" is unknown; the empty one is no caption
    nats, tokens = cross_entropy(networks, state, references, WORDS, Learned())
    expected = []
    for picture, captions in enumerate([[["a", "dog", "runs"], ["cat"]], [["dog", "dog"]]]):
        total = 0.0
        for words in captions:
            ids = [WORDS.start, *WORDS.encode(words), WORDS.end]
            for place in range(len(ids) - 1):
                logits = networks.logits(picture, ids[place], place)
                total -= np.log(np.exp(logits[ids[place + 1]]) / np.exp(logits).sum())
        expected.append(total)
    assert nats == pytest.approx(expected, rel=1e-6)
    assert tokens.tolist() == [6, 3]
    _, cut = cross_entropy(networks, state, references, WORDS, Learned(max_length=1))
    assert cut.tolist() == [4, 2]
    _, known = cross_entropy(networks, state, references, WORDS, Learned(drop_rare=True))
    assert known.tolist() == [5, 3]
    said = [["the dog is a cat", "a"], ["cat"]]
    _, content = cross_entropy(networks, state, said, WORDS, Learned(remove_stop_words=True))
    assert content.tolist() == [3, 2], "dog, cat, end; what is nothing but stop words is no caption"
