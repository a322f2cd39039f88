"""Sampling: plain, and from the likelier part of the distribution."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import END, START, WORDS, Toy

from seesay.errors import UsageError
from seesay.search import SearchOptions, decode, sample
from seesay.search.arrays import NEVER
from seesay.search.sampling import likelier_part

SEEDS = st.integers(0, 10**6)


def draw(toy, batch=2, samples=5, rng=0, **options):
    options.setdefault("forbidden", (START,))
    return sample(
        toy.step,
        toy.state(batch),
        batch=batch,
        samples=samples,
        start=START,
        end=END,
        options=SearchOptions(sample=True, **options),
        rng=np.random.default_rng(rng) if isinstance(rng, int) else rng,
        constant=("still",),
        attention=True,
    )


@pytest.mark.parametrize("torch_arrays", [False, True])
def test_sampling_follows_the_distribution(torch_arrays):
    toy = Toy(5, torch_arrays=torch_arrays)
    found = sample(
        toy.step,
        toy.state(2),
        batch=2,
        samples=3000,
        start=START,
        end=END,
        options=SearchOptions(max_length=3, min_length=0),
        rng=np.random.default_rng(0),
    )
    for picture in range(2):
        first = [(*h.tokens, END)[0] for h in found[picture]]
        expected = np.exp([toy.logprobs(picture, [word])[0] for word in range(WORDS)])
        np.testing.assert_allclose(np.bincount(first, minlength=WORDS) / 3000, expected, atol=0.03)
        for h in found[picture][:50]:
            tokens = [*h.tokens, END] if h.ended else list(h.tokens)
            np.testing.assert_allclose(h.logprobs, toy.logprobs(picture, tokens), atol=1e-4)
            assert h.score == pytest.approx(sum(h.logprobs))


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.booleans())
def test_plain_sampling_spends_chance_as_self_critical_training_always_has(seed, torch_arrays):
    """The Gumbel-max rule in its plainest form: one draw of (rows, words) numbers a step."""
    toy, rng = Toy(seed, words=6), np.random.default_rng(seed)
    rows = [[7 + i // 3, START] for i in range(6)]
    for length in range(5):
        logits = np.stack([toy.logits(row) for row in rows])
        shifted = logits - logits.max(1, keepdims=True)
        logprobs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        logprobs[:, START] = NEVER
        if length == 0:
            logprobs[:, END] = NEVER
        words = (logprobs + rng.gumbel(size=logprobs.shape)).argmax(1)
        rows = [[*row, int(word)] for row, word in zip(rows, words, strict=True)]
        if all(END in row[2:] for row in rows):
            break
    expected = [tuple(r[2 : r.index(END, 2)] if END in r[2:] else r[2:6]) for r in rows]
    found = draw(Toy(seed, words=6, torch_arrays=torch_arrays), samples=3, rng=seed, max_length=4)
    assert [h.tokens for picture in found for h in picture] == expected


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(0, 5), st.sampled_from([0.3, 0.8, 1.0]), st.sampled_from([0.5, 1.0, 2.0]), st.booleans())
def test_only_tokens_of_the_likelier_part_are_drawn(seed, top_k, top_p, temperature, torch_arrays):
    toy = Toy(seed, words=8, torch_arrays=torch_arrays)
    found = draw(toy, rng=seed, top_k=top_k, top_p=top_p, temperature=temperature, max_length=5)
    for picture, drawn in enumerate(found):
        for h in drawn:
            sentence = [*h.tokens, *([END] if h.ended else [])]
            for place, token in enumerate(sentence):
                values = toy.logits([7 + picture, START, *sentence[:place]]).astype(np.float64) / temperature
                values[[START, END] if place == 0 else [START]] = -np.inf
                order = sorted(range(8), key=lambda i: -values[i])[: top_k or 8]
                chances = np.exp(values[order]) / np.exp(values[order]).sum()
                # The fewest whose sum reaches top_p; a hair's breadth for the rounding of sums.
                before = chances[: order.index(token)].sum()
                assert before < top_p + 1e-6
            np.testing.assert_allclose(h.logprobs, toy.logprobs(picture, sentence), atol=1e-4)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-9, 9, width=32), min_size=2, max_size=12),
    st.integers(0, 12),
    st.floats(0.01, 1.0),
)
def test_the_likelier_part_is_the_smallest_that_is_likely_enough(values, top_k, top_p):
    logprobs = np.array([values], np.float32)
    left = np.flatnonzero(likelier_part(logprobs, top_k, top_p)[0] > NEVER / 2)
    order = sorted(range(len(values)), key=lambda i: (-values[i], i))[: top_k or None]
    assert set(left) == set(order[: len(left)])  # the likeliest, ties by the lower id
    chances = np.exp(np.array(values)[order].astype(np.float64))
    chances /= chances.sum()
    assert chances[: len(left)].sum() >= top_p - 1e-9
    assert chances[: len(left) - 1].sum() < top_p + 1e-9
    np.testing.assert_array_equal(likelier_part(logprobs, top_k, top_p)[0, left], logprobs[0, left])


def test_temperature_divides_log_probabilities():
    toy = Toy(5)
    found = draw(toy, batch=1, samples=4000, temperature=0.5, forbidden=(), max_length=1, min_length=0)[0]
    first = np.bincount([(*h.tokens, END)[0] for h in found], minlength=WORDS) / 4000
    squared = np.exp([2 * toy.logprobs(0, [word])[0] for word in range(WORDS)])
    np.testing.assert_allclose(first, squared / squared.sum(), atol=0.03)


def test_one_likeliest_word_is_the_greedy_sentence_and_it_repeats():
    for setting in ({"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}):
        (drawn,) = draw(Toy(4, words=9), batch=1, samples=4, max_length=6, **setting)
        history = [7, START]
        for token in (*drawn[0].tokens, END)[:6]:
            values = Toy(4, words=9).logits(history)
            values[[START, END] if len(history) == 2 else [START]] = -np.inf
            assert token == values.argmax()
            history.append(token)
        assert len({h.tokens for h in drawn}) == 1


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.integers(0, 3))
def test_numpy_and_torch_agree(seed, ngram):
    settings = {"top_k": 4, "top_p": 0.9, "temperature": 0.8, "no_repeat_ngram": ngram, "max_length": 6}
    first, second = (draw(Toy(seed, words=8, torch_arrays=t), rng=seed, **settings) for t in (False, True))
    assert [[h.tokens for h in p] for p in first] == [[h.tokens for h in p] for p in second]
    for one, other in zip(chain(*first), chain(*second), strict=True):
        np.testing.assert_array_equal(one.attention, other.attention)
        assert one.attention[:, 1].tolist() == [START, *one.tokens[:-1]]


@pytest.mark.parametrize("size", [1, 2])
def test_no_ngram_comes_twice(size):
    for seed in range(10):
        for h in draw(Toy(seed, words=5, end_bias=-3), batch=1, max_length=9, no_repeat_ngram=size)[0]:
            grams = [h.tokens[i : i + size] for i in range(len(h.tokens) - size + 1)]
            assert len(grams) == len(set(grams))


def test_a_generator_for_each_picture_makes_it_independent_of_its_neighbors():
    toy = Toy(8, words=9)
    options = SearchOptions(sample=True, num=4, forbidden=(START,), seed=3, max_length=6)

    def found(numbers, batch):
        state = {k: v[:batch] for k, v in toy.state(3).items()}
        run = decode(
            toy.step, state, batch=batch, start=START, end=END, options=options, constant=("still",), own=numbers
        )
        return [[h.tokens for h in picture] for picture in run]

    assert found([5, 6, 7], 3)[:1] == found([5], 1)
    assert found([5], 1) != found([6], 1)


def test_no_pictures():
    assert draw(Toy(1), batch=0) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"temperature": 0.0}, "temperature is 0.0; it must be above 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_k": 2.5}, "top_k is 2.5; it must be a whole number"),
        ({"seed": -4}, "seed is -4"),
        ({"num": 101}, "num is 101"),
    ],
)
def test_senseless_settings_are_refused(wrong, words):
    with pytest.raises(UsageError, match=words):
        SearchOptions(sample=True, **wrong)


@pytest.mark.parametrize("setting", [{"temperature": 0.5}, {"top_k": 4}, {"top_p": 0.9}, {"seed": 2}])
def test_settings_of_sampling_without_it_are_refused(setting):
    with pytest.raises(UsageError, match=f"{next(iter(setting))} is for sampling"):
        SearchOptions(**setting)
