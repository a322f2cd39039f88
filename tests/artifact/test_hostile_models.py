"""A hundred and more hostile models, each refused in one line, whatever the version of ONNX Runtime."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import hostile_models
import numpy as np
import pytest
from hostile_models import HOSTILE, ONLY_WHEN_RUN, SIDE, arrays, make

import seesay
from seesay.artifact import pack, read_artifact
from seesay.artifact.verify import verify_model

PICTURE = np.full((SIDE, SIDE, 3), (9, 90, 200), np.uint8)


def test_the_model_that_they_are_made_of_is_sound(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny")
    caption = seesay.load(folder)(PICTURE)
    assert caption.text
    packed = pack(read_artifact(folder), tmp_path / "tiny.zip")
    assert seesay.load(packed)(PICTURE) == caption
    assert seesay.load(arrays()(tmp_path / "with neighbors"))(PICTURE).text
    for path in (folder, packed, tmp_path / "with neighbors"):
        found = verify_model(path)
        assert found.sound, found
        assert all(file.sha256 == "right" for file in found.files)


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 60
    assert set(ONLY_WHEN_RUN) <= set(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32" and name in hostile_models.PLACES:
        pytest.skip("links and pipes as POSIX has them")
    path = HOSTILE[name](tmp_path / "model")
    begin = time.process_time()
    with pytest.raises(seesay.SeeSayError) as caught:
        seesay.load(path)(PICTURE)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    found = verify_model(path)
    assert not found.sound or name in ONLY_WHEN_RUN
    faults = found.faults + [fault for file in found.files for fault in file.faults]
    assert all(fault.isprintable() and len(fault) < 700 for fault in faults)
    assert time.process_time() - begin < 10


def test_what_a_model_says_is_fit_for_a_terminal(tmp_path: Path) -> None:
    words = [*hostile_models.WORDS[:4], "\x1b[2Jdog", "cat\n\n2\n00:00:01,000 --> 00:00:02,000\nforged\u202e"]
    folder = make(
        tmp_path / "m",
        manifest={"name": "a\x1b]0;title\x07", "card": "fine\n\x1b[31mred\u2066", "vocabulary": {"tokens": words}},
    )
    captioner = seesay.load(folder)
    assert captioner.name == r"a\x1b]0;title\x07"
    assert captioner.artifact.manifest.card == "fine\n\\x1b[31mred\\u2066"
    for caption in captioner.caption([PICTURE], beam=2, num=2)[0]:
        assert caption.text.isprintable()
    assert all(word.isprintable() for word in captioner.vocabulary.tokens)


def test_the_hugging_face_caches_own_links_are_understood(tmp_path: Path) -> None:
    made, snapshot = make(tmp_path / "made"), tmp_path / "models--a--b" / "snapshots" / "0123"
    blobs = tmp_path / "models--a--b" / "blobs"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for number, file in enumerate(sorted(made.iterdir())):
        file.rename(blobs / str(number))
        (snapshot / file.name).symlink_to(f"../../blobs/{number}")
    assert seesay.load(snapshot)(PICTURE).text
    assert verify_model(snapshot).sound
    (snapshot / "encoder.onnx").unlink()
    (snapshot / "encoder.onnx").symlink_to(tmp_path / "made")
    with pytest.raises(seesay.ArtifactError, match="no file"):
        seesay.load(snapshot)
