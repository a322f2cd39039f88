import os
from pathlib import Path

import pytest

from seesay.errors import UsageError
from seesay.metrics import health


def test_captions_are_compared_as_tokens():
    found = health(
        ["A dog runs.", "a dog runs", "A cat!", ""],
        training=["A DOG RUNS .", "a bird"],
        vocabulary=["<pad>", "<start>", "<end>", "<unk>", "a", "dog", "runs", "bird", "sings"],
    )
    assert found.captions == 4
    assert found.distinct == 3 / 4
    assert found.words == 4
    assert found.vocabulary == 3 / 5  # a, dog, runs of five words; "cat" is not among them
    assert found.novel == 2 / 4
    assert found.mean_length == 8 / 4
    assert found.empty == 1


def test_what_is_not_known_is_not_made_up():
    found = health(["a dog"])
    assert found.novel is None
    assert found.vocabulary is None
    with pytest.raises(UsageError, match="no captions"):
        health([])


@pytest.mark.parametrize(
    ("system", "words", "mean_length", "repeated"),
    [("init", 295, 9.979, 111), ("merge", 346, 9.94, 106), ("par", 280, 9.964, 102), ("pre", 293, 9.73, 96)],
)
def test_published_systems_measure_as_published(system, words, mean_length, repeated):
    """vocab_used, mean_cap_len and num_existing_caps of github.com/mtanti/where-image2, Flickr8k, first run."""
    data = Path(os.environ.get("SEESAY_DATA", Path(__file__).parents[3] / "shared" / "data"))
    golden, flickr8k = data.parent / "golden" / "flickr8k", data / "flickr8k"
    if not flickr8k.exists() or not golden.exists():
        pytest.skip("needs Flickr8k's captions and the four systems' captions of its test photos (SEESAY_DATA)")
    train = set((flickr8k / "Flickr_8k.trainImages.txt").read_text("utf-8").split())
    pairs = [line.partition("\t") for line in (flickr8k / "Flickr8k.token.txt").read_text("utf-8").splitlines()]
    captions = (golden / f"{system}_1.txt").read_text("utf-8").splitlines()
    found = health(captions, training=[caption for item, _, caption in pairs if item.split("#")[0] in train])
    assert found.words == words
    assert found.mean_length == pytest.approx(mean_length)
    assert found.novel is not None
    assert round((1 - found.novel) * found.captions) == repeated
