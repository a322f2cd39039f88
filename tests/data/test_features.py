import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


def test_a_second_writer_waits_for_the_first_and_knows_what_it_wrote(tmp_path, pictures, monkeypatch, caplog):
    monkeypatch.setattr(module, "WAIT", 0.01)
    first, second = (FeatureCache(tmp_path / "c", KEY, **SHAPES) for _ in range(2))
    first.write(pictures[:1], **features(pictures[:1]))
    done = []

    def wait():
        second.claim()
        done.append(len(second.missing(pictures[:2])))

    with caplog.at_level("WARNING", "seesay.data"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        assert not done
        first.write(pictures[1:2], **features(pictures[1:2]))
        first.close()
        waiting.join(10)
    assert done == [0]
    assert caplog.text.count("another process fills this feature cache; waiting") == 1
    second.write(pictures[2:3], **features(pictures[2:3]))
    second.close()


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_what_is_not_finite_is_refused_with_its_picture(tmp_path, pictures, value):
    broken = features(pictures[:3])
    broken["grid"][1, 2, 3] = value
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        with pytest.raises(DataError, match=r"1\.jpg: toy makes numbers of it that are not finite") as raised:
            cache.write(pictures[:3], **broken)
        assert "\n" not in str(raised.value)
    assert FeatureCache(tmp_path / "c", KEY, **SHAPES).missing(pictures) == pictures


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


def test_a_picture_that_changes_while_it_is_decoded_is_missing_again(tmp_path, pictures):
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        cache.missing(pictures)
        pictures[3].media.write_bytes(b"changed before its features are written")
        cache.write(pictures, **features(pictures))
        assert cache.missing(pictures) == [pictures[3]]
        with pytest.raises(DataError, match=r"3\.jpg: has changed since its features were extracted"):
            cache.grid(pictures)


def test_a_picture_that_is_gone_is_never_here(tmp_path, pictures):
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        pictures[1].media.unlink()
        cache.write(pictures, **features(pictures))
        assert cache.missing(pictures) == [pictures[1]]


def test_damage_to_index_or_shards_costs_only_what_was_damaged(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(module, "SHARD", 4)
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        cache.write(pictures, **features(pictures))
    index = cache.folder / "index.jsonl"
    lines = index.read_bytes().split(b"\n")
    index.write_bytes(b"\n".join([lines[0], b"\0" * 20, *lines[2:]]))
    os.truncate(cache.folder / "grid-000.f16", 2 * 12 * 3 + 1)  # three rows and a bit
    (cache.folder / "pooled-001.f16").unlink()
    with FeatureCache(tmp_path / "c", KEY, **SHAPES) as cache:
        lost = cache.missing(pictures)
        assert [int(s.id) for s in lost] == [1, 3, 4, 5, 6, 7]
        cache.write(lost, **features(lost))
    assert FeatureCache(tmp_path / "c", KEY, **SHAPES).grid(pictures)[:, 0, 0].tolist() == list(range(10))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 9))
def test_cut_anywhere_it_goes_on(tmp_path, pictures, cut_index, cut_rows, before):
    """The index ends at any byte, rows at any byte after the last that it names: what a kill can leave."""
    with tempfile.TemporaryDirectory(dir=tmp_path) as directory:
        with FeatureCache(Path(directory), KEY, **SHAPES) as cache:
            cache.write(pictures[:before], **features(pictures[:before]))
            index, rows = cache.folder / "index.jsonl", cache.folder / "grid-000.f16"
            ends = [index.stat().st_size, rows.stat().st_size]
            cache.write(pictures[before:], **features(pictures[before:]))
        if cut_index % 2:  # the index was being written: all rows are there
            os.truncate(index, ends[0] + cut_index % (index.stat().st_size - ends[0]))
        else:  # rows were being written: the index does not name them
            os.truncate(index, ends[0])
            os.truncate(rows, ends[1] + cut_rows % (rows.stat().st_size - ends[1]))
        with FeatureCache(Path(directory), KEY, **SHAPES) as cache:
            missing = cache.missing(pictures)
            assert not {s.id for s in missing} & {s.id for s in pictures[:before]}
            cache.write(missing, **features(missing))
        again = FeatureCache(Path(directory), KEY, **SHAPES)
        assert again.grid(pictures)[:, 2, 3].tolist() == list(range(10))
        assert again.pooled(pictures)[:, 3].tolist() == [i + 0.5 for i in range(10)]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="the feature cache cannot be used") as raised:
        FeatureCache(tmp_path / "file", KEY, **SHAPES)
    assert "\n" not in str(raised.value)


WRITER = """
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
from seesay.data import FeatureCache
from test_features import KEY, SHAPES, features, many
cache = FeatureCache(Path({cache!r}), KEY, **SHAPES)
missing = cache.missing(many(Path({photos!r})))
print("ready", flush=True)
for start in range(0, len(missing), 3):
    cache.write(missing[start : start + 3], **features(missing[start : start + 3]))
print("done", flush=True)
"""


def many(folder):
    return [Sample(str(i), folder / f"{i}.jpg") for i in range(1500)]


def test_killed_writers_leave_a_valid_part_that_the_next_goes_on_with(tmp_path):
    photos = tmp_path / "many"
    photos.mkdir()
    for sample in many(photos):
        sample.media.write_bytes(sample.id.encode())
    script = WRITER.format(tests=str(Path(__file__).parent), photos=str(photos), cache=str(tmp_path / "c"))
    sizes = [0]
    for round_number in range(8):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.01 * round_number)
            process.kill()
        cache = FeatureCache(tmp_path / "c", KEY, **SHAPES)
        missing = {s.id for s in cache.missing(many(photos))}
        here = [s for s in many(photos) if s.id not in missing]
        assert cache.grid(here)[:, 1, 1].tolist() == [int(s.id) for s in here] if here else True
        assert len(here) >= sizes[-1]
        sizes.append(len(here))
    assert sizes[-1] > 0
    assert any(0 < size < 1500 for size in sizes)  # some were cut in the middle
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
    assert FeatureCache(tmp_path / "c", KEY, **SHAPES).missing(many(photos)) == []
