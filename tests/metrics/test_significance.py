"""The paired bootstrap, on data where the answer is known."""

import numpy as np
import pytest

from seesay.errors import DataError, UsageError
from seesay.metrics import compare, score
from seesay.metrics.significance import mcnemar

WORDS = ["a", "dog", "cat", "runs", "sits", "on", "the", "grass", "red", "blue", "small", "big", "jumps", "over"]


def system(seed, wrong):
    """References of 60 items, and captions that have each word wrong with a chance."""
    truth, told = {}, {}
    text, chance = np.random.default_rng(0), np.random.default_rng(seed)
    for i in range(60):
        words = text.choice(WORDS, 8).tolist()
        truth[str(i)] = [" ".join(words)]
        told[str(i)] = " ".join("zz" if chance.random() < wrong else w for w in words)
    return score(told, truth)


def test_a_better_system_is_found_better_and_an_equal_one_is_not():
    good, bad, alike = system(1, 0.2), system(2, 0.5), system(3, 0.2)
    clear, unclear = compare(good, bad), compare(good, alike)
    assert set(clear) == {"Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "ROUGE_L", "CIDEr", "CIDEr-D"}
    for difference in clear.values():
        assert difference.first > difference.second
        assert 0 < difference.low < difference.first - difference.second < difference.high
        assert difference.p < 0.01
    assert unclear["Bleu_1"].low < 0 < unclear["Bleu_1"].high
    assert unclear["Bleu_1"].p > 0.05
    swapped = compare(bad, good)["Bleu_4"]
    assert swapped.low == pytest.approx(-clear["Bleu_4"].high)
    assert compare(good, good)["CIDEr"].p == 1.0


def test_what_smoothing_leaves_where_nothing_matches_is_no_difference():
    truth = {str(i): ["a dog runs on the grass"] for i in range(20)}
    short = score(dict.fromkeys(truth, "red blue a small"), truth)
    longer = score(dict.fromkeys(truth, "red blue a small big over"), truth)
    assert 0 < abs(short.corpus["Bleu_4"] - longer.corpus["Bleu_4"]) < 1e-6
    found = compare(short, longer)["Bleu_4"]
    assert (found.low, found.high, found.p) == (0, 0, 1)


def test_corpus_scores_of_a_set_are_those_of_its_items():
    """What the bootstrap computes for a choice of items is what `score` says of these items alone."""
    captions = {str(i): " ".join(WORDS[i % 5 : i % 5 + 4]) for i in range(6)}
    references = {i: [" ".join(WORDS[int(i) % 4 : int(i) % 4 + 6]), "a dog"] for i in captions}
    whole = score(captions, references, ["bleu", "rouge"])
    chosen = ["0", "3", "3", "5"]
    drawn = np.array([[chosen.count(i) for i in captions]], float)
    again = score(
        {f"{i}{n}": captions[i] for n, i in enumerate(chosen)},
        {f"{i}{n}": references[i] for n, i in enumerate(chosen)},
        ["bleu", "rouge"],
    )
    for name, result in whole.results.items():
        assert result.combine(drawn @ result.statistics)[0] == pytest.approx(again.corpus[name], abs=1e-12)


def test_systems_on_other_items_are_refused():
    one = score({"a": "x y", "b": "y"}, {"a": ["x"], "b": ["y"]})
    two = score({"a": "x y", "c": "y"}, {"a": ["x"], "c": ["y"]})
    with pytest.raises(DataError, match="the same items"):
        compare(one, two)
    with pytest.raises(UsageError, match="samples is 0"):
        compare(one, one, samples=0)
    with pytest.raises(DataError, match="by different metrics"):
        compare(one, score({"a": "x y", "b": "y"}, {"a": ["x"], "b": ["y"]}, ["cider-plain"]))


def test_other_references_under_the_same_ids_are_refused():
    captions = {"a": "a dog", "b": "a cat"}
    one = score(captions, {"a": ["a dog", "the dog"], "b": ["a cat"]})
    same = score(captions, {"a": ["The dog .", "A dog!"], "b": ["a cat"]})
    other = score(captions, {"a": ["a dog", "the dog"], "b": ["two cats"]})
    assert compare(one, same)["Bleu_1"].p == 1.0
    with pytest.raises(DataError, match="different references"):
        compare(one, other)
    assert one.signature == same.signature != other.signature


def test_mcnemar_is_a_toss_of_a_coin_where_one_alone_is_right():
    first, second = [True] * 7 + [False] * 4, [True] * 6 + [False] + [True] * 4
    assert mcnemar(first, second) == (1, 4, 2 * (1 + 5) / 2**5)
    assert mcnemar([True, False], [True, False]) == (0, 0, 1.0)
    assert mcnemar([True] * 10, [False] * 10)[2] == 2 / 2**10
    assert mcnemar([True, False], [False, True])[2] == 1.0
