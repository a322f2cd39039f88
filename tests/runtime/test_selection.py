"""Choosing among sentences by what is known of them, and how sure that makes."""

from dataclasses import replace

import numpy as np
import pytest

from seesay.errors import ArtifactError
from seesay.runtime.selection import Evidence, Selection
from seesay.search import Hypothesis

TOKENS = ("<pad>", "<start>", "<end>", "<unk>", "a", "dog", "dogs", "cat", "runs")
WORDS = ("cat", "dog")
GRAY = np.full((8, 8, 3), 120, np.uint8)


def sentence(tokens, score):
    return Hypothesis(tuple(tokens), (-0.5,) * len(tokens), score, True)


DOG, CAT, NONE = sentence((4, 6, 8), -1.0), sentence((4, 7, 8), -1.1), sentence((4, 8), -1.2)


def known():
    evidence = Evidence(TOKENS, WORDS)
    return evidence.of([DOG, CAT, NONE], np.array([0.9, 0.1]), np.array([0.2, 0.1, 0]), np.zeros(3), 0.5, GRAY)


def test_support_is_what_the_detector_gives_to_the_words_a_sentence_names():
    np.testing.assert_allclose(known()["support"], [np.log(0.11), np.log(0.91), 0])
    np.testing.assert_allclose(known()["subject"], [-0.5, -0.5, 0])
    assert known()["margin"][0] == pytest.approx(0.1)
    assert known()["found"][0] == 0.9


def test_the_order_is_by_all_that_is_known_and_by_likelihood_alone_at_weight_zero():
    selection = Selection({"support": 1.0})
    found = [DOG, CAT, NONE]
    assert selection.rank(found, known(), 1.0) == [1, 2, 0]
    assert selection.rank(found, known(), 0.0) == [0, 1, 2]


def test_confidence_is_a_logistic_regression_of_it():
    selection = Selection({}, {"bias": 0.5, "weakest": 1.0, "nearness": 2.0})
    assert selection.probability(known(), 0) == pytest.approx(1 / (1 + np.exp(-(0.5 + np.log(0.11) + 1.0))))


def test_a_manifest_that_weighs_what_nobody_knows_is_refused():
    selection = Selection({"support": 1.0}, {"bias": 1.0}, 0.4)
    assert Selection.from_json(selection.to_json(), WORDS).sure == 0.4
    with pytest.raises(ArtifactError, match="weighs 'luck'"):
        Selection.from_json({"weights": {"luck": 1}}, WORDS)
    with pytest.raises(ArtifactError, match="damaged"):
        Selection.from_json({"weights": {"support": "much"}}, WORDS)


def test_guidance_makes_detected_words_likelier_and_leaves_the_others():
    added = Evidence(TOKENS, WORDS).guidance(np.array([[0.9, 0.001]]), 0.5)
    assert added.shape == (1, len(TOKENS))
    assert added[0, TOKENS.index("cat")] == pytest.approx(0.8)  # as far as it goes
    assert added[0, TOKENS.index("dog")] < -0.7
    assert np.count_nonzero(added) == 2


def test_words_for_people_are_held_back_where_nobody_is_seen():
    tokens = ["<pad>", "<start>", "<end>", "<unk>", "man", "men", "woman", "dog"]
    evidence = Evidence(tokens, ["man", "woman", "dog"])
    detected = np.array([[0.0, 0.1, 0.9], [0.5, 0.0, 0.9], [0.0, 0.0, 0.0]])
    plain, held = evidence.guidance(detected, 0.4), evidence.guidance(detected, 0.4, people=0.5)
    lost = plain - held
    men_and_women = [tokens.index(word) for word in ("man", "men", "woman")]  # plurals too
    np.testing.assert_allclose(lost[0, men_and_women], 4 * (1 - 0.1 / 0.5), rtol=1e-5)
    np.testing.assert_allclose(lost[1], 0, atol=1e-6)  # one is seen
    np.testing.assert_allclose(lost[2, men_and_women], 4, rtol=1e-5)
    assert not lost[:, tokens.index("dog")].any()
    selection = Selection(guide=0.4, people=0.5, gender=0.3)
    assert Selection.from_json(selection.to_json(), ["man"]) == replace(selection, words=("man",))


def test_a_gender_is_not_guessed():
    tokens = ["<pad>", "<start>", "<end>", "<unk>", "man", "men", "woman", "person", "girl"]
    evidence = Evidence(tokens, ["man", "woman", "person"])
    detected = np.array([[0.1, 0.8, 0.6], [0.2, 0.1, 0.9]])
    lost = evidence.guidance(detected, 0.4) - evidence.guidance(detected, 0.4, gender=0.4)
    man, men, woman, person, girl = range(4, 9)
    np.testing.assert_allclose(lost[0, [man, men]], 2 * (1 - 0.1 / 0.4), rtol=1e-5)
    np.testing.assert_allclose(lost[0, [woman, girl, person]], 0, atol=1e-6)
    np.testing.assert_allclose(lost[1, [woman, girl]], 2 * (1 - 0.1 / 0.4), rtol=1e-5)
    assert not lost[:, person].any()
