"""Detectors find the words that pictures' captions hold, and captions without pictures are learned from."""

from collections import Counter

import numpy as np
import pytest
import torch

from seesay.errors import DataError
from seesay.models.class_words import class_words
from seesay.models.detector import WordDetector
from seesay.models.memory import Memory
from seesay.text import Learned, Vocabulary
from seesay.text.mentions import Mentions
from seesay.training.detection import common_words, detectable_words, fit_detector
from seesay.training.sections import DetectorSettings
from seesay.training.unpaired import LENT_POSITIONS, Imagined, Unpaired, lend_grid, read_captions

WORDS = ("red", "green", "blue")
SETTINGS = DetectorSettings(words=10, positives=5)


def colored(count=120):
    """Pictures whose vectors tell their color, and how many of their captions name it."""
    rng = np.random.default_rng(0)
    color = np.arange(count) % 3
    vectors = rng.normal(0, 0.3, (count, 12)).astype(np.float32)
    vectors[np.arange(count), color] += 2
    shares = np.zeros((count, 3), np.float32)
    shares[np.arange(count), color] = 0.8
    return vectors, shares, color


def test_a_detector_finds_what_it_learned_and_is_calibrated():
    vectors, shares, color = colored()
    detector = WordDetector(12, WORDS, (4, 5, 6), 0)
    found = fit_detector(detector, "none", vectors, shares, SETTINGS)
    assert (found.argmax(1) == color).all()  # by probes that have not learned from the picture
    new, _, new_color = colored(60)
    probabilities = detector(torch.from_numpy(new)).numpy()
    assert (probabilities.argmax(1) == new_color).all()
    assert probabilities.max(1).mean() == pytest.approx(0.8, abs=0.08)


def test_a_picture_that_is_there_twice_is_in_one_fold():
    vectors, shares, _ = colored(60)
    rng = np.random.default_rng(1)
    vectors, shares = rng.normal(size=(60, 12)).astype(np.float32), rng.permutation(shares)  # nothing to be told
    doubled = np.repeat(vectors, 2, 0), np.repeat(shares, 2, 0)
    apart = fit_detector(
        WordDetector(12, WORDS, (4, 5, 6), 0), "none", *doubled, SETTINGS, np.repeat(range(60), 2).tolist()
    )
    leaking = fit_detector(WordDetector(12, WORDS, (4, 5, 6), 0), "none", *doubled, SETTINGS)
    right = np.repeat(shares, 2, 0) > 0
    assert leaking[right].mean() - leaking[~right].mean() > apart[right].mean() - apart[~right].mean()


def test_class_words_lead_to_words_that_people_use():
    words = class_words()
    assert len(words) == 1000
    assert {"cat"} <= set(words[281])
    assert "airplane" in words[404]
    assert "cat" not in words[288]  # a leopard


def test_common_words_are_ones_that_pictures_show():
    counts = Counter({"the": 90, "dog": 40, "dogs": 30, "near": 60, "grass": 20, "2": 50})
    assert common_words(counts, 5) == ["dog", "grass"]
    pictures = [[["dogs"]]] * 6 + [[["grass"]]] * 3
    assert detectable_words(counts, pictures, SETTINGS, "resnet18") == (["dog"], 0)
    assert detectable_words(Counter(), [], SETTINGS, "resnet18") == ([], 0)


@pytest.fixture
def imagined():
    vectors, shares, _ = colored()
    found = fit_detector(WordDetector(12, WORDS, (4, 5, 6), 0), "none", vectors, shares, SETTINGS)
    return Imagined(found, shares, vectors.mean(0), torch.tensor([4, 5, 6]))


def test_words_of_an_absent_picture_are_like_those_of_pictures_with_such_captions(imagined):
    memory, lenders = imagined.memory([[0], [2], []] * 20, (1, 2))
    assert memory.grid.shape == (60, 0, 12)
    own = memory.words.view(20, 3, 3)
    assert own[:, 0, 0].mean() > 0.7
    assert own[:, 1, 2].mean() > 0.7
    assert [lender % 3 for lender in lenders[::3]] == [0] * 20
    again, _ = imagined.memory([[0], [2], []] * 20, (1, 2))
    assert torch.equal(again.words, memory.words)


def test_some_absent_pictures_get_places_of_another_ones_grid(imagined):
    memory, lenders = imagined.memory([[0]] * 50, (3,))
    grids = Memory(torch.arange(50.0)[:, None, None].expand(50, 30, 12), torch.ones(50, 12))
    lent = lend_grid(memory, grids, (3,))
    assert lent.grid.shape == (50, LENT_POSITIONS, 12)
    assert 15 < int(lent.mask[:, 0].sum()) < 45
    assert torch.equal(lent.grid[7], torch.full((LENT_POSITIONS, 12), 7.0))
    assert torch.equal(lent.pooled[lent.mask[:, 0]], torch.ones(int(lent.mask[:, 0].sum()), 12))
    assert len(lenders) == 50


def test_captions_without_pictures_are_read_and_drawn_by_share(tmp_path):
    (tmp_path / "a.tsv").write_text("1.jpg\tA red dog.\n1.jpg\tred\n", "utf-8")
    (tmp_path / "b.tsv").write_text("blue\n\n", "utf-8")
    unpaired = Unpaired({str(tmp_path / "a.tsv"): 3, str(tmp_path / "b.tsv"): 1})
    vocabulary = Vocabulary.build([["a", "red", "dog", "blue"]], 1)
    unpaired.prepare(vocabulary, Learned(), Mentions(WORDS, Counter(WORDS)))
    ids, words = unpaired.draw(200, (5,))
    assert 110 < sum(row == [0] for row in words) < 185
    assert all(vocabulary.decode(row) in (["a", "red", "dog"], ["red"], ["blue"]) for row in ids)
    assert unpaired.draw(200, (5,)) == (ids, words)


def test_what_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(DataError, match=r"none\.tsv: cannot be read"):
        read_captions(str(tmp_path / "none.tsv"))
    (tmp_path / "empty.tsv").write_text("1.jpg\t\n", "utf-8")
    with pytest.raises(DataError, match="holds no caption"):
        read_captions(str(tmp_path / "empty.tsv"))
