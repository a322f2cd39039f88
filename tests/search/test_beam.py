import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import END, START, Toy, search

from seesay.errors import UsageError
from seesay.search import SearchOptions


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([0.0, 0.7, 1.0]), st.integers(0, 2), st.booleans())
def test_a_wide_beam_finds_what_exhaustive_search_finds(seed, longest, power, shortest, torch_arrays):
    toy = Toy(seed, torch_arrays=torch_arrays)
    shortest = min(shortest, longest)
    best = {}
    for length in range(shortest, longest + 1):
        for words in itertools.product((2, 3), repeat=length):
            best[words] = sum(toy.logprobs(0, [*words, END])) / (length + 1) ** power
    expected = sorted(best.items(), key=lambda item: -item[1])[:3]
    found = search(toy, beam=64, num=3, max_length=longest, min_length=shortest, length_power=power)[0]
    assert [h.tokens for h in found] == [words for words, _ in expected]
    np.testing.assert_allclose([h.score for h in found], [score for _, score in expected], atol=1e-4)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_a_picture_is_captioned_the_same_beside_any_others(seed, beam):
    toy = Toy(seed, words=7)
    together = search(toy, batch=3, beam=beam, max_length=6)
    for picture in range(3):

        class Shifted(Toy):
            def state(self, batch, picture=picture):
                return {k: v[picture : picture + 1] for k, v in super().state(picture + 1).items()}

        alone = search(Shifted(seed, words=7), beam=beam, max_length=6)[0]
        assert [h.tokens for h in alone] == [h.tokens for h in together[picture]]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_beam_one_is_the_greedy_loop(seed):
    toy = Toy(seed, words=9)
    history, words = [7, START], []
    while len(words) < 8:
        values = toy.logits(history)
        values[START] = -np.inf
        if not words:
            values[END] = -np.inf
        if values.argmax() == END:
            break
        words.append(int(values.argmax()))
        history.append(words[-1])
    assert search(toy, beam=1, max_length=8)[0][0].tokens == tuple(words)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(0, 3))
def test_numpy_and_torch_agree(seed, beam, ngram):
    options = {"batch": 3, "beam": beam, "num": min(2, beam), "max_length": 6, "no_repeat_ngram": ngram}
    numpy_found = search(Toy(seed, words=7), **options)
    torch_found = search(Toy(seed, words=7, torch_arrays=True), **options)
    assert [[h.tokens for h in p] for p in numpy_found] == [[h.tokens for h in p] for p in torch_found]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_scores_attention_and_logprobs_are_those_of_the_sentence(seed, beam):
    toy = Toy(seed, words=7)
    for picture, found in enumerate(search(toy, batch=2, beam=beam, num=beam, max_length=5)):
        assert len({h.tokens for h in found}) == len(found)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
        for h in found:
            tokens = [*h.tokens, END] if h.ended else list(h.tokens)
            np.testing.assert_allclose(h.logprobs, toy.logprobs(picture, tokens), atol=1e-4)
            np.testing.assert_allclose(h.score, sum(h.logprobs) / max(1, len(tokens)) ** 0.7, atol=1e-4)
            assert h.attention.shape == (len(h.tokens), 3)
            # Each word's row was made by the step that read the word before it.
            assert h.attention[:, 1].tolist() == [START, *h.tokens[:-1]]
            assert (h.attention[:, 2] == 7 + picture).all()


def test_forbidden_words_are_never_emitted():
    for seed in range(20):
        for h in search(Toy(seed, words=6), beam=4, num=4, max_length=6, forbidden=(START, 3))[0]:
            assert 3 not in h.tokens
            assert START not in h.tokens


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_ngram_comes_twice(size):
    for seed in range(20):
        for h in search(Toy(seed, words=4, end_bias=-3), beam=3, num=3, max_length=9, no_repeat_ngram=size)[0]:
            grams = [h.tokens[i : i + size] for i in range(len(h.tokens) - size + 1)]
            assert len(grams) == len(set(grams))


def test_the_shortest_length_is_kept():
    for seed in range(20):
        assert all(len(h.tokens) >= 4 for h in search(Toy(seed, end_bias=4), beam=3, num=3, min_length=4)[0])


def test_without_an_end_the_best_beginning_is_given_back():
    found = search(Toy(1, words=6, end_bias=-np.inf), beam=3, num=2, max_length=5)[0]
    assert len(found) == 2
    assert all(not h.ended and len(h.tokens) == 5 for h in found)


def test_more_beams_than_sentences():
    found = search(Toy(2, words=3), beam=20, num=20, max_length=2)[0]
    assert [len(h.tokens) for h in sorted(found, key=lambda h: len(h.tokens))] == [1, 2]


def test_no_pictures():
    assert search(Toy(1), batch=0) == []


@pytest.mark.parametrize(
    "wrong", [{"beam": 0}, {"num": 4}, {"max_length": 0}, {"min_length": 30}, {"length_power": -1}, {"beam": -3}]
)
def test_senseless_settings_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        SearchOptions(**wrong)


@pytest.mark.parametrize("charge_end", [True, False])
def test_a_cut_sentence_is_charged_for_its_end_or_not(charge_end):
    """The best of all sentences of two words at most, by trying all: cut ones with the end's price, or without."""
    toy = Toy(11, end_bias=-3.0)
    words = (2, 3)
    scored = {}
    for sentence in [(a,) for a in words] + [(a, b) for a in words for b in words]:
        chances = toy.logprobs(0, [*sentence, END])
        cut = len(sentence) == 2 and not charge_end
        scored[sentence] = sum(chances[:-1]) / len(sentence) if cut else sum(chances) / (len(sentence) + 1)
    best = max(scored, key=scored.get)
    ((found,),) = search(toy, beam=4, max_length=2, length_power=1.0, charge_end=charge_end)
    assert found.tokens == best
    assert found.score == pytest.approx(scored[best], abs=1e-5)
    assert found.ended == (charge_end or len(best) == 1)
    assert len(best) == 2
