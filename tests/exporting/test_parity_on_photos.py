"""The embedded model: exported and PyTorch captions are the same on real photos."""

from __future__ import annotations

from pathlib import Path

import seesay
from seesay.artifact import find_artifact
from seesay.data import read_dataset
from seesay.exporting import check_parity


def test_a_hundred_real_photos_get_the_same_captions(flickr8k_root: Path) -> None:
    photos = [sample.media for sample in read_dataset(f"flickr8k:{flickr8k_root}").split("test")[:100]]
    parity = check_parity(find_artifact(), photos)
    assert parity.pictures == 100
    assert parity.differing == ()
    assert parity.largest_score_gap < 1e-3


def test_a_photos_caption_does_not_depend_on_its_batch(flickr8k_root: Path) -> None:
    photos = [sample.media for sample in read_dataset(f"flickr8k:{flickr8k_root}").split("test")[:24]]
    captioner = seesay.load()
    together = captioner.caption(photos, batch_size=24)
    assert [best[0].text for best in together] == [captioner(photo).text for photo in photos]
    shuffled = captioner.caption(photos[::-1], batch_size=7)[::-1]
    assert [best[0].text for best in shuffled] == [best[0].text for best in together]


def test_embedded_artifact_is_whole_and_small() -> None:
    artifact = find_artifact()
    artifact.verify()
    assert artifact.exported
    assert artifact.size < 40_000_000
