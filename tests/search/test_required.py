"""Beam search for sentences that must hold words and phrases."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import END, START, Toy, search

from seesay.errors import UsageError
from seesay.search import SearchOptions
from seesay.search.required import Required

SEEDS = st.integers(0, 10**6)
WORD = st.integers(2, 4)  # of five tokens: start, end and three words
PHRASES = st.lists(st.lists(WORD, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(tuple)


def holds(sentence, phrase):
    return any(sentence[i : i + len(phrase)] == tuple(phrase) for i in range(len(sentence)))


@settings(deadline=None, max_examples=50)
@given(SEEDS, PHRASES, st.sampled_from([0.0, 0.7, 1.0]), st.booleans())
def test_a_wide_beam_finds_what_exhaustive_search_finds(seed, must, power, torch_arrays):
    toy = Toy(seed, words=5, torch_arrays=torch_arrays)
    best = {}
    for length in range(1, 4):
        for words in itertools.product((2, 3, 4), repeat=length):
            if all(holds(words, phrase) for phrase in must):
                best[words] = sum(toy.logprobs(0, [*words, END])) / (length + 1) ** power
    expected = sorted(best.items(), key=lambda item: -item[1])[:3]
    found = search(toy, beam=27, num=3, max_length=3, must=must, length_power=power)[0]
    if not expected:  # they do not fit in three words
        assert not any(h.satisfied for h in found)
        return
    assert [h.tokens for h in found] == [words for words, _ in expected]
    assert all(h.satisfied and h.ended for h in found)
    np.testing.assert_allclose([h.score for h in found], [score for _, score in expected], atol=1e-4)


@settings(deadline=None, max_examples=40)
@given(SEEDS, PHRASES, st.integers(1, 3), st.integers(1, 3))
def test_a_narrow_beam_holds_them_whatever_the_model_thinks(seed, must, beam, batch):
    needed = sum(map(len, dict.fromkeys(must)))
    toy = Toy(seed, words=30, end_bias=6)  # it would rather stop, and has better words
    for picture in search(toy, batch=batch, beam=beam, must=must, max_length=needed + 2):
        for h in picture:
            assert h.satisfied
            assert all(holds(h.tokens, phrase) for phrase in must)


@settings(deadline=None, max_examples=30)
@given(SEEDS, PHRASES)
def test_numpy_and_torch_agree_and_neighbors_do_not_matter(seed, must):
    options = {"beam": 3, "num": 2, "must": must, "max_length": 6, "no_repeat_ngram": 0}
    first, second = (search(Toy(seed, words=7, torch_arrays=t), batch=3, **options) for t in (False, True))
    assert [[h.tokens for h in p] for p in first] == [[h.tokens for h in p] for p in second]
    assert [h.tokens for h in first[0]] == [h.tokens for h in search(Toy(seed, words=7), **options)[0]]


def test_numbers_belong_to_the_sentence():
    for seed in range(20):
        toy = Toy(seed, words=9)
        for picture, found in enumerate(search(toy, batch=2, beam=3, num=3, must=((5, 6), (4,)), max_length=7)):
            for h in found:
                np.testing.assert_allclose(h.logprobs, toy.logprobs(picture, [*h.tokens, END]), atol=1e-4)
                assert h.attention[:, 1].tolist() == [START, *h.tokens[:-1]]
                assert (h.attention[:, 2] == 7 + picture).all()


def test_a_required_word_that_is_likely_anyhow_changes_nothing():
    for seed in range(10):
        toy = Toy(seed, words=5)
        free = search(toy, beam=40, max_length=4)[0][0]
        for word in set(free.tokens):
            asked = search(toy, beam=40, max_length=4, must=((word,),))[0][0]
            assert asked.tokens == free.tokens
            assert asked.score == pytest.approx(free.score, abs=1e-6)


def test_what_cannot_be_held_is_said():
    two = ((2, 3), (4, 3))
    found = search(Toy(3, words=6), batch=2, beam=3, num=2, must=two, max_length=3)
    for picture in found:
        assert picture
        assert not any(h.satisfied for h in picture)
        # The best given back holds as much as fits: a whole phrase and the beginning of the other.
        assert any(holds(picture[0].tokens, phrase) for phrase in two)
    blocked = search(Toy(3, words=6), beam=3, must=((2, 2),), no_repeat_ngram=1, max_length=5)[0]
    assert not blocked[0].satisfied


def test_without_an_end_a_beginning_that_holds_them_is_satisfied():
    found = search(Toy(1, words=6, end_bias=-np.inf), beam=2, num=2, must=((3,),), max_length=4)[0]
    assert all(3 in h.tokens and h.satisfied and not h.ended for h in found)


def test_forbidden_words_stay_out():
    for seed in range(20):
        h = search(Toy(seed, words=7), beam=3, must=((4,), (5,)), forbidden=(START, 2, 3), max_length=6)[0][0]
        assert {4, 5} <= set(h.tokens) <= {4, 5, 6}


@pytest.mark.parametrize(
    ("tokens", "bank"),
    [((9,), 0), ((2,), 1), ((2, 3), 3), ((2, 9), 0), ((2, 2), 1), ((2, 2, 3), 3), ((2, 3, 4), 4), ((4, 2), 2)],
)
def test_banks_count_tokens_of_phrases_that_are_whole_or_under_way(tokens, bank):
    required = Required([(2, 3), (4,), (3,), (2, 3)])  # (3,) is met along with (2, 3)
    assert required.phrases == ((2, 3), (4,), (3,))
    assert required.banks == 5
    met, found = frozenset(), 0
    for length in range(1, len(tokens) + 1):
        met, found = required.advance(met, tokens[:length])
    assert found == bank


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"must": ((),)}, "empty phrase"),
        ({"must": ((2, 3, 4),), "max_length": 2, "min_length": 0}, "phrase of 3 words, more than max_length"),
        ({"must": ((2,), (3, 4)), "forbidden": (0, 4)}, "required word is forbidden"),
        ({"must": ((2,),), "sample": True}, "must and sample"),
    ],
)
def test_senseless_settings_are_refused(wrong, words):
    with pytest.raises(UsageError, match=words):
        SearchOptions(**wrong)
