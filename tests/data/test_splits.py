"""Splits of data that names none."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from seesay.data import Dataset, Sample, cannot_be_trained, draw_splits, read_dataset
from seesay.errors import DataError, UsageError


def dataset(*samples):
    return Dataset("csv", Path("t.csv"), tuple(samples))


def photos(count, **more):
    return [Sample(f"{n}.jpg", Path(f"{n}.jpg"), ("a dog",), **more) for n in range(count)]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 15), st.none() | st.integers(0, 9)), min_size=30, max_size=80),
    st.sampled_from([0.1, 0.2, 0.3]),
    st.randoms(),
)
def test_what_belongs_together_is_never_parted(files_and_groups, share, random):
    samples = [
        Sample(f"{n}#{file}", Path(f"{file}.mp4"), ("a dog",), start=float(n), group=None if g is None else str(g))
        for n, (file, g) in enumerate(files_and_groups)
    ]
    try:
        data = draw_splits(dataset(*samples), dev=share, test=share)
    except DataError:
        return  # too few groups
    for key in (lambda s: s.media, lambda s: s.group or s.id):
        parts = {}
        for sample in data.samples:
            parts.setdefault(key(sample), set()).add(sample.split)
        assert all(len(found) == 1 for found in parts.values())
    assert data.splits == ("train", "dev", "test")
    shuffled = random.sample(samples, len(samples))
    again = draw_splits(dataset(*shuffled), dev=share, test=share)
    assert {s.id: s.split for s in again.samples} == {s.id: s.split for s in data.samples}


def test_shares_are_met_and_do_not_depend_on_folders():
    data = draw_splits(dataset(*photos(100)), dev=0.1, test=0.2)
    assert [len(data.split(s)) for s in ("train", "dev", "test")] == [70, 10, 20]
    moved = dataset(*(replace(s, media=Path("/elsewhere") / s.media) for s in photos(100)))
    assert [s.split for s in draw_splits(moved, 0.1, 0.2).samples] == [s.split for s in data.samples]
    few = draw_splits(dataset(*photos(3)), dev=0.1, test=0.1)
    assert sorted(s.split for s in few.samples) == ["dev", "test", "train"]
    with pytest.raises(DataError, match="too few pictures or groups to draw dev from"):
        draw_splits(dataset(*photos(1)), dev=0.1)


def test_classes_each_give_their_share():
    samples = [replace(s, id=f"{c}{s.id}", media=Path(f"{c}{s.id}"), label=c) for c in "ab" for s in photos(10)]
    alone = Sample("c", Path("c"), label="c")
    data = draw_splits(dataset(*samples, alone), dev=0.2, test=0.1)
    for part, count in (("train", 7), ("dev", 2), ("test", 1)):
        assert [sum(s.label == c for s in data.split(part)) for c in "ab"] == [count, count]
    assert data.samples[-1].split == "train"


def test_parts_that_are_there_stay():
    samples = [*photos(10, split="train"), Sample("t", Path("t"), split="test"), Sample("n", Path("n"))]
    data = draw_splits(dataset(*samples), dev=0.2)
    assert [len(data.split(s)) for s in ("train", "dev", "test")] == [8, 2, 1]
    assert data.samples[-1].split is None, "what no list names stays out"
    with pytest.raises(UsageError, match="has a split 'test' already"):
        draw_splits(dataset(*samples), test=0.2)
    one = draw_splits(dataset(*photos(10, split="dev")), dev=0.1, test=0.1)
    assert one.splits == ("train", "dev", "test"), "COCO's val alone, split anew"


@pytest.fixture
def table(tmp_path):
    for n in range(20):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{n}.jpg")
    rows = [f"{n}.jpg,a dog number {n}\n{n}.jpg,a dog again" for n in range(20)]
    (tmp_path / "t.csv").write_text("image,caption\n" + "\n".join(rows))
    images = [{"id": n, "file_name": f"{n}.jpg"} for n in range(20)]
    notes = [{"image_id": n, "caption": "a dog"} for n in range(20)]
    (tmp_path / "captions.json").write_text(json.dumps({"images": images, "annotations": notes}))
    (tmp_path / "captions.txt").write_text((tmp_path / "t.csv").read_text())
    return tmp_path


@pytest.mark.parametrize("spec", ["csv:{}/t.csv", "coco:{}/captions.json", "flickr8k:{}"])
def test_every_reader_takes_shares(table, spec):
    data = read_dataset(spec.format(table) + ",dev=0.1,test=0.2")
    assert [len(data.split(s)) for s in ("train", "dev", "test")] == [14, 2, 4]
    assert cannot_be_trained(data) is None
    assert "no picture is in a split" in cannot_be_trained(read_dataset(spec.format(table)))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (",dev=x", "dev='x' is not a number"),
        (",dev=0.6,test=0.6", "dev and test together=1.2 must be a share"),
        (",test=-1", "test=-1.0 must be a share"),
    ],
)
def test_shares_that_are_none(table, options, expected):
    with pytest.raises(UsageError, match=expected):
        read_dataset(f"csv:{table}/t.csv{options}")


def test_training_takes_default_splits_and_says_so(table, caplog):
    with caplog.at_level(logging.WARNING):
        data = read_dataset(f"csv:{table}/t.csv", default_splits=True)
        named = read_dataset(f"csv:{table}/t.csv,dev=0.1,test=0.1", default_splits=True)
    assert [len(data.split(s)) for s in ("train", "dev", "test")] == [16, 2, 2]
    assert data.samples == named.samples
    assert len(caplog.records) == 1
    assert "t.csv: names no splits: drawn by hash, the same at every reading (16 train, 2 dev, 2 test)" in caplog.text
    with pytest.raises(DataError, match="names no splits"):
        read_dataset(f"csv:{table}/t.csv").split("train")


def test_what_cannot_be_trained_on_is_said():
    assert "no 'dev' split: add dev=0.1" in cannot_be_trained(dataset(*photos(3, split="train")))
    assert "no 'train' split: add dev=0.1,test=0.1" in cannot_be_trained(dataset(*photos(3, split="dev")))
    assert cannot_be_trained(dataset()) == "nothing in it can be used"
