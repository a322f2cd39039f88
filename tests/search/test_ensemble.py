"""Ensembles over the step contract."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import END, START, Toy

from seesay.search import SearchOptions, average, combine, decode, union, union_constant

SEEDS = st.integers(0, 10**6)
SEARCHES = [
    {"beam": 3, "num": 3},
    {"beam": 1},
    {"beam": 4, "num": 2, "groups": 2},
    {"beam": 2, "must": ((3,), (4, 2))},
    {"sample": True, "num": 4, "top_p": 0.9, "temperature": 1.3, "seed": 5},
]


def found(members, batch=2, **options):
    state = union([toy.state(batch) for toy in members])
    return decode(
        combine([toy.step for toy in members]),
        state,
        batch=batch,
        start=START,
        end=END,
        options=SearchOptions(forbidden=(START,), max_length=5, **options),
        constant=union_constant([("still",)] * len(members)),
    )


def alone(toy, batch=2, **options):
    return decode(
        toy.step,
        toy.state(batch),
        batch=batch,
        start=START,
        end=END,
        options=SearchOptions(forbidden=(START,), max_length=5, **options),
        constant=("still",),
    )


@pytest.mark.parametrize("options", SEARCHES)
@pytest.mark.parametrize("torch_arrays", [False, True])
@pytest.mark.parametrize("times", [2, 3, 5])
def test_a_model_with_itself_says_exactly_what_it_says_alone(options, torch_arrays, times):
    for seed in range(8):
        toy = Toy(seed, words=7, torch_arrays=torch_arrays)
        for ours, theirs in zip(found([toy] * times, **options), alone(toy, **options), strict=True):
            assert [(h.tokens, h.logprobs, h.score) for h in ours] == [(h.tokens, h.logprobs, h.score) for h in theirs]
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(one.attention, other.attention, rtol=1e-6)


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.integers(2, 3), st.booleans())
def test_a_wide_beam_finds_the_best_by_mean_probability(seed, count, torch_arrays):
    members = [Toy(seed + i, words=4, torch_arrays=torch_arrays) for i in range(count)]
    best = {}
    for length in range(1, 4):
        for words in itertools.product((2, 3), repeat=length):
            sentence = [*words, END]
            chances = np.exp([toy.logprobs(1, sentence) for toy in members])
            best[words] = np.log(chances.mean(0)).sum() / (length + 1) ** 0.7
    expected = sorted(best.items(), key=lambda item: -item[1])[:2]
    state = union([toy.state(2) for toy in members])
    run = decode(
        combine([toy.step for toy in members]),
        state,
        batch=2,
        start=START,
        end=END,
        options=SearchOptions(forbidden=(START,), beam=30, num=2, max_length=3),
        constant=union_constant([("still",)] * count),
    )[1]
    assert [h.tokens for h in run] == [words for words, _ in expected]
    np.testing.assert_allclose([h.score for h in run], [score for _, score in expected], atol=1e-4)


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.sampled_from(SEARCHES))
def test_numpy_and_torch_agree(seed, options):
    runs = [found([Toy(seed, 7, t), Toy(seed + 1, 7, t)], **options) for t in (False, True)]
    assert [[h.tokens for h in p] for p in runs[0]] == [[h.tokens for h in p] for p in runs[1]]


@pytest.mark.parametrize("array", [np.asarray, torch.tensor])
def test_the_average_is_of_probabilities(array):
    first, second = [[0.0, np.log(3.0), -np.inf]], [[5.0, 5.0, 5.0]]
    mean = np.asarray(average([array(np.array(first, np.float32)), array(np.array(second, np.float32))]))
    chances = np.exp(mean - np.log(np.exp(mean).sum()))
    np.testing.assert_allclose(chances, [[(1 / 4 + 1 / 3) / 2, (3 / 4 + 1 / 3) / 2, 1 / 6]], rtol=1e-6)
    same = average([array(np.array(first, np.float32))] * 3)
    np.testing.assert_array_equal(np.asarray(same), np.array(first, np.float32))


def test_members_keep_their_own_entries_and_share_attention_of_one_grid():
    states = [{"hidden": np.zeros((2, 3)), "attention": np.full((2, 4), 1.0)}, {"hidden": np.ones((2, 5))}]
    whole = union(states)
    assert set(whole) == {"0.hidden", "0.attention", "1.hidden", "attention"}
    states[1]["attention"] = np.full((2, 4), 3.0)
    assert (union(states)["attention"] == 2).all()
    states[1]["attention"] = np.zeros((2, 9))
    assert "attention" not in union(states)
    assert union_constant([{"a"}, (), {"a", "b"}]) == {"0.a", "2.a", "2.b"}
