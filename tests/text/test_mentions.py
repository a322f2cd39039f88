"""Which words captions hold, plurals as their singulars."""

from collections import Counter

import numpy as np

from seesay.text.mentions import Mentions, singular

COUNTS = Counter(
    {"dog": 50, "dogs": 20, "glass": 30, "glasses": 9, "bus": 12, "grass": 40, "bu": 0, "box": 9, "boxes": 4}
)


def test_plurals_count_as_their_singulars_and_other_words_ending_alike_do_not():
    assert [singular(word, COUNTS) for word in ("dogs", "boxes", "glass", "bus", "grass", "dog")] == [
        "dog",
        "box",
        "glass",
        "bus",
        "grass",
        "dog",
    ]


def test_shares_are_of_a_pictures_captions():
    mentions = Mentions(["dog", "grass", "box"], COUNTS)
    pictures = [[["two", "dogs", "and", "a", "dog"], ["grass"]], [["boxes", "on", "grass"]]]
    np.testing.assert_allclose(mentions.shares(pictures), [[0.5, 0.5, 0], [0, 1, 1]])
    assert mentions.of(["a", "dog", "dogs"]) == [0]
