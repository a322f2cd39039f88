"""Calibration, and what is wrong among what is surest, by hand."""

import numpy as np
import pytest

from seesay.metrics.certainty import Certainty, calibration_error, is_accepted

REFERENCES = {
    "a": ["a dog runs over grass"],
    "b": ["a cat sleeps on a couch"],
    "c": ["two planes in the sky"],
    "d": ["a plate of food"],
}
CAPTIONS = {"a": "a dog runs", "b": "a man on a couch", "c": "a dog in the sky", "d": "a plate of food"}


@pytest.fixture
def found():
    confidence = {"a": 0.95, "b": 0.85, "c": 0.15, "d": 0.45}
    sure = {i: value >= 0.4 for i, value in confidence.items()}
    return Certainty.of(CAPTIONS, confidence, sure, REFERENCES, {"a": 1.2, "b": 0.5, "c": 0.4, "d": 0.1})


def test_what_is_right_and_wrong(found):
    assert found.accepted.tolist() == [True, False, False, False]  # d is like nothing that people said
    assert found.wrong.tolist() == [False, True, True, False]
    assert found.person.tolist() == [False, True, False, False]
    assert is_accepted("a dog runs", REFERENCES["a"], 0.3)
    assert not is_accepted("a dog runs", REFERENCES["a"], 0.29)
    assert not is_accepted("a man runs", REFERENCES["a"], 2.0)


def test_calibration_error_by_hand(found):
    wanted = (abs(0.95 - 1) + abs(0.85 - 0) + abs(0.15 - 0) + abs(0.45 - 0)) / 4
    assert found.calibration_error == pytest.approx(wanted)
    assert calibration_error([0.7] * 10, [True] * 7 + [False] * 3) == pytest.approx(0.0)
    assert calibration_error([1.0], [True]) == 0.0  # the last bin holds 1


def test_among_the_surest(found):
    assert found.wrong_at(0.25) == 0.0
    assert found.wrong_at(0.5) == 0.5
    assert found.wrong_at(1.0) == 0.5
    assert found.wrong_at(1.0, person=True) == 0.25
    coverage, risk = found.curve()
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(risk, [0, 1 / 2, 1 / 3, 1 / 2])
    told = found.to_json()
    assert told["stated"] == 0.75
    assert told["stated_wrong"] == pytest.approx(1 / 3)
    assert told["wrong"] == {"1": 0.5, "0.75": 1 / 3, "0.5": 0.5, "0.25": 0.0}
