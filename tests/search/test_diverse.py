"""Diverse beam search: groups that keep off each other's words."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import END, START, Toy, search

from seesay.errors import UsageError
from seesay.search import SearchOptions

SEEDS = st.integers(0, 10**6)


def plain(found):
    return [[(h.tokens, h.logprobs, h.score, h.ended) for h in picture] for picture in found]


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.integers(1, 3), st.integers(2, 4), st.sampled_from([0, 2]), st.booleans())
def test_without_strength_every_group_is_a_beam_search(seed, size, groups, ngram, torch_arrays):
    toy = Toy(seed, words=7, torch_arrays=torch_arrays)
    common = {"batch": 3, "max_length": 5, "no_repeat_ngram": ngram}
    alone = search(toy, beam=size, num=size, **common)
    grouped = search(toy, beam=size * groups, num=size * groups, groups=groups, diversity=0.0, **common)
    assert plain(grouped) == plain(alone)


def diverse_by_hand(toy, groups, strength, longest):
    """Greedy groups (one sentence each), one after the other, written as the paper says it."""
    said = []
    sentences = []
    for _ in range(groups):
        words, total = [], 0.0
        for place in range(longest + 1):
            values = toy.logits([7, START, *words]).astype(np.float64)
            values -= np.log(np.exp(values).sum())
            chances = values.copy()
            for other in said:
                if place < len(other):
                    values[other[place]] -= strength
            values[START] = -np.inf
            if not words:
                values[END] = -np.inf
            best = END if place == longest else int(values.argmax())
            total += chances[best]
            words.append(best)
            if best == END:
                break
        said.append(words)
        sentences.append((tuple(words[:-1]), total / len(words) ** 0.7))
    return sentences


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.integers(2, 4), st.sampled_from([0.3, 1.0, 4.0]))
def test_greedy_groups_are_those_worked_out_by_hand(seed, groups, strength):
    toy = Toy(seed, words=8)
    expected = dict(diverse_by_hand(toy, groups, strength, 5))
    found = search(toy, beam=groups, num=groups, groups=groups, diversity=strength, max_length=5)[0]
    assert {h.tokens for h in found} == set(expected)
    for h in found:  # the score is the model's own, without the fines
        assert h.score == pytest.approx(expected[h.tokens], abs=1e-4)
        np.testing.assert_allclose(h.logprobs, toy.logprobs(0, [*h.tokens, END]), atol=1e-4)
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_strong_groups_begin_with_different_words(seed):
    found = search(Toy(seed, words=9), batch=2, beam=6, num=3, groups=3, diversity=50.0, max_length=6)
    for picture in found:
        assert len(picture) == 3
        assert len({h.tokens[0] for h in picture}) == 3


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.sampled_from([0.5, 2.0]))
def test_numpy_and_torch_agree(seed, strength):
    options = {"batch": 3, "beam": 6, "num": 4, "groups": 3, "diversity": strength, "max_length": 6}
    first, second = (search(Toy(seed, words=7, torch_arrays=torch), **options) for torch in (False, True))
    assert [[h.tokens for h in p] for p in first] == [[h.tokens for h in p] for p in second]
    for one, other in zip(chain(*first), chain(*second), strict=True):
        np.testing.assert_array_equal(one.attention, other.attention)


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_a_picture_is_captioned_the_same_beside_any_others(seed):
    options = {"beam": 4, "num": 4, "groups": 2, "max_length": 6}
    assert plain(search(Toy(seed, words=7), batch=3, **options))[:1] == plain(search(Toy(seed, words=7), **options))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"beam": 5, "groups": 2}, "beam of 5 cannot be divided in 2"),
        ({"groups": 0}, "groups is 0"),
        ({"beam": 4, "groups": 2, "diversity": -1.0}, "diversity is -1"),
        ({"beam": 4, "groups": 2, "diversity": float("nan")}, "diversity is nan"),
        ({"diversity": 0.2}, "there is one group"),
        ({"groups": 3, "sample": True}, "groups and sample"),
        ({"groups": 3, "must": ((4,),)}, "must and groups"),
    ],
)
def test_senseless_settings_are_refused(wrong, words):
    with pytest.raises(UsageError, match=words):
        SearchOptions(**wrong)
