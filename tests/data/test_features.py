import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from seesay.data import FeatureCache, Sample
from seesay.data import features as module
from seesay.errors import DataError

KEY = {"encoder": "toy", "weights": "1"}
SHAPES = {"grid_shape": (3, 4), "pooled_dim": 4}


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    made = []
    for i in range(10):
        (folder / f"{i}.jpg").write_bytes(bytes([i]) * 10)
        made.append(Sample(str(i), folder / f"{i}.jpg"))
    return made


def features(samples):
    grid = np.stack([np.full((3, 4), int(s.id)) for s in samples]).astype(np.float16)
    return {"grid": grid, "pooled": grid[:, 0] + 0.5}


def test_what_is_written_is_read_in_any_order_and_by_another(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(module, "SHARD", 4)  # several shards
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        assert cache.missing(pictures) == pictures
        cache.write(pictures[:3], **features(pictures[:3]))
        assert [s.id for s in cache.missing(pictures)] == [s.id for s in pictures[3:]]
        cache.write(pictures[3:], **features(pictures[3:]))
    again = FeatureCache(tmp_path / "c", KEY, **SHAPES)
    assert again.missing(pictures) == []
    asked = [pictures[i] for i in (9, 0, 4, 4)]
    assert again.grid(asked)[:, 0, 0].tolist() == [9, 0, 4, 4]
    assert again.pooled(asked)[:, 0].tolist() == [9.5, 0.5, 4.5, 4.5]
    assert again.grid(asked).dtype == np.float16


def test_another_encoder_never_reads_these(tmp_path, pictures):
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        cache.write(pictures, **features(pictures))
    for key, shapes in (({**KEY, "weights": "2"}, SHAPES), (KEY, {**SHAPES, "grid_shape": (4, 3)})):
        assert FeatureCache(tmp_path / "c", key, **shapes).missing(pictures) == pictures


def test_a_changed_picture_is_missing(tmp_path, pictures):
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        cache.write(pictures, **features(pictures))
        pictures[2].media.write_bytes(b"another picture")
        os.utime(pictures[5].media, ns=(1, 1))
        assert [s.id for s in cache.missing(pictures)] == ["2", "5"]
        newer = {name: values + 100 for name, values in features([pictures[2]]).items()}
        cache.write([pictures[2]], **newer)
        assert cache.grid([pictures[2]])[0, 0, 0] == 102
        assert [s.id for s in cache.missing(pictures)] == ["5"]


def test_a_torn_last_line_and_rows_without_a_line_are_written_again(tmp_path, pictures):
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        cache.write(pictures[:5], **features(pictures[:5]))
        folder = cache.folder
    index = folder / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-7])
    with (folder / "grid-000.f16").open("ab") as handle:
        handle.write(b"\1" * 31)
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        assert cache.missing(pictures) == pictures[4:]
        cache.write(pictures[4:], **features(pictures[4:]))
    again = FeatureCache(tmp_path / "c", KEY, **SHAPES)
    assert again.grid(pictures)[:, 2, 3].tolist() == list(range(10))


def test_a_second_writer_is_refused_and_a_dead_one_forgotten(tmp_path, pictures):
    first, second = (FeatureCache(tmp_path / "c", KEY, **SHAPES) for _ in range(2))
    first.write(pictures[:1], **features(pictures[:1]))
    with pytest.raises(DataError, match="another process"):
        second.write(pictures[1:2], **features(pictures[1:2]))
    first.close()
    second.write(pictures[1:2], **features(pictures[1:2]))
    assert second.missing(pictures[:2]) == []
    second.close()


def test_no_space_is_one_line_and_loses_nothing(tmp_path, pictures, monkeypatch):
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        cache.write(pictures[:4], **features(pictures[:4]))

        def full(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(DataError, match="No space left on device"):
                cache.write(pictures[4:], **features(pictures[4:]))
        assert cache.grid(pictures[:4])[:, 0, 0].tolist() == [0, 1, 2, 3]
        cache.write(pictures[4:], **features(pictures[4:]))
        assert cache.grid(pictures)[:, 0, 0].tolist() == list(range(10))


def test_features_that_are_not_there_are_named(tmp_path, pictures):
    with pytest.raises(DataError, match=r"3\.jpg: has no features"):
        FeatureCache(tmp_path / "c", KEY, **SHAPES).grid([pictures[3]])


WRITER = """
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
from seesay.data import FeatureCache, Sample
from test_features import KEY, SHAPES, features
pictures = [Sample(str(i), Path({photos!r}) / f"{{i}}.jpg") for i in range(10)]
cache = FeatureCache(Path({cache!r}), KEY, **SHAPES)
print("ready", flush=True)
while True:
    for s in cache.missing(pictures) or pictures:
        cache.write([s], **features([s]))
"""


def test_killed_writers_leave_a_valid_part(tmp_path, pictures):
    script = WRITER.format(
        tests=str(Path(__file__).parent), photos=str(pictures[0].media.parent), cache=str(tmp_path / "c")
    )
    for round_number in range(3):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.02 + 0.05 * round_number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        cache = FeatureCache(tmp_path / "c", KEY, **SHAPES)
        missing = cache.missing(pictures)
        here = [s for s in pictures if s not in missing]
        if here:
            assert cache.grid(here)[:, 1, 1].tolist() == [int(s.id) for s in here]
