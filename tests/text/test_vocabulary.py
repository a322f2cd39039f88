import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seesay.errors import ArtifactError, DataError
from seesay.text import STOP_WORDS, Vocabulary

CAPTIONS = [["a", "dog", "runs"], ["a", "dog", "barks"], ["the", "cat", "runs"]]


def test_order_is_specials_then_count_then_alphabet():
    words = Vocabulary.build(CAPTIONS, min_count=1)
    assert words.tokens == ("<pad>", "<start>", "<end>", "<unk>", "a", "dog", "runs", "barks", "cat", "the")
    assert (words.pad, words.start, words.end, words.unk) == (0, 1, 2, 3)


def test_rare_words_and_stop_words_are_left_out():
    assert Vocabulary.build(CAPTIONS, min_count=2).tokens[4:] == ("a", "dog", "runs")
    assert Vocabulary.build(CAPTIONS, min_count=1, stop_words=STOP_WORDS).tokens[4:] == ("dog", "runs", "barks", "cat")
    assert len(Vocabulary.build(CAPTIONS, min_count=1, max_size=2)) == 6


def test_unknown_words_and_the_end():
    words = Vocabulary.build(CAPTIONS, min_count=2)
    assert words.encode(["a", "zebra", "runs"]) == [4, 3, 6]
    assert words.decode([1, 4, 3, 6, 2, 5]) == ["a", "<unk>", "runs"]
    assert "dog" in words
    assert "zebra" not in words


@given(st.lists(st.lists(st.text(min_size=1, max_size=4), min_size=1), min_size=1))
def test_json_and_ids_come_back(captions):
    words = Vocabulary.build(captions, min_count=1) if any(t for c in captions for t in c) else None
    again = Vocabulary.from_json(json.loads(json.dumps(words.to_json())))
    assert again == words
    known = [t for c in captions for t in c if t in words and not t.startswith("<")]
    assert again.decode(again.encode(known)) == known


def test_nothing_left_is_an_error():
    with pytest.raises(DataError, match="min_count"):
        Vocabulary.build(CAPTIONS, min_count=9)


@pytest.mark.parametrize("values", [{}, {"tokens": "abc"}, {"tokens": ["a", "b"]}, {"tokens": ["<pad>", 1]}])
def test_a_damaged_vocabulary_is_refused(values):
    with pytest.raises(ArtifactError, match="vocabulary is damaged"):
        Vocabulary.from_json(values)


def test_a_word_twice_is_refused():
    with pytest.raises(ArtifactError):
        Vocabulary(("<pad>", "<start>", "<end>", "<unk>", "a", "a"))
