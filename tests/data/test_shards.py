"""WebDataset shards: written from a data set, read back as the same samples, from disk and from an object store."""

import io
import json
import shutil
import tarfile

import fsspec
import pytest
from PIL import Image

from seesay.cli import run
from seesay.data import FeatureCache, check_pictures, read_dataset
from seesay.data.shards import write_shards
from seesay.errors import DataError, MediaError, UsageError
from seesay.media import open_picture
from seesay.media.packed import PackedFile


@pytest.fixture
def table(tmp_path):
    rows = ["image,caption,split"]
    for number in range(13):
        Image.new("RGB", (40, 30), (number * 15, 90, 200)).save(tmp_path / f"p{number:02d}.png")
        split = ("train", "dev", "test")[(number > 8) + (number > 10)]
        rows += [f"p{number:02d}.png,a photo of {number},{split}", f"p{number:02d}.png,é {number},{split}"]
    (tmp_path / "mine.csv").write_text("\n".join(rows) + "\n")
    return f"csv:{tmp_path}/mine.csv"


def plain(dataset):
    return [(s.id, s.references, s.split, s.label, s.modality) for s in dataset.samples]


def in_order(dataset):
    return sorted(plain(dataset))


def test_the_same_samples_come_back(table, tmp_path, capsys):
    assert run(["data", "shard", table, "--out", str(tmp_path / "shards"), "--shard-size", "4"]) == 0
    assert "13 pictures in 5 shards" in capsys.readouterr().out
    whole, packed = read_dataset(table), read_dataset(f"shards:{tmp_path}/shards")
    assert in_order(packed) == in_order(whole)
    files = {sample.id: sample.media for sample in whole.samples}
    for sample in packed.samples:
        assert open_picture(sample.media).tobytes() == open_picture(files[sample.id]).tobytes()
        assert sample.media.read_bytes() == files[sample.id].read_bytes()
    assert check_pictures(packed) == ()
    index = json.loads((tmp_path / "shards" / "index.json").read_text())
    assert [one["split"] for one in index["shards"]] == ["train", "train", "train", "dev", "test"]
    write_shards(whole, tmp_path / "again", shard_size=4)
    for one in index["shards"]:
        again, first = (tmp_path / folder / one["file"] for folder in ("again", "shards"))
        assert again.read_bytes() == first.read_bytes()
    with pytest.raises(UsageError, match="holds shards already"):
        write_shards(whole, tmp_path / "shards")


def test_features_know_a_packed_photo_from_another(table, tmp_path):
    write_shards(read_dataset(table), tmp_path / "shards")
    (first, second, *_) = read_dataset(f"shards:{tmp_path}/shards").samples
    import numpy as np

    with FeatureCache(tmp_path / "cache", {"k": 1}, grid_shape=(1, 2), pooled_dim=2) as cache:
        cache.claim()
        cache.write([first], grid=np.ones((1, 1, 2), np.float16), pooled=np.ones((1, 2), np.float16))
        assert cache.missing([first, second]) == [second]


def test_from_an_object_store(table, tmp_path):
    write_shards(read_dataset(table), tmp_path / "shards", shard_size=5)
    system = fsspec.filesystem("memory")
    if system.exists("/shards"):
        system.rm("/shards", recursive=True)
    system.put(str(tmp_path / "shards"), "/shards", recursive=True)
    shutil.rmtree(tmp_path / "shards")
    packed = read_dataset("shards:memory://shards")
    assert in_order(packed) == in_order(read_dataset(table))
    assert open_picture(packed.samples[3].media).size == (40, 30)
    assert packed.samples[3].media.mark


def test_tars_from_elsewhere(tmp_path):
    photo = io.BytesIO()
    Image.new("RGB", (20, 20), (9, 9, 9)).save(photo, "PNG")
    members = {
        "a/1.png": photo.getvalue(), "a/1.txt": b"a dark square\n",
        "a/2.png": photo.getvalue(), "a/2.json": b'{"caption": "another", "split": "val"}',
        "a/3.png": photo.getvalue(), "a/3.cls": b"7",
        "a/4.png": photo.getvalue(),
        "a/5.json": b"{}",
    }  # fmt: skip
    with tarfile.open(tmp_path / "train-0.tar", "w") as tar:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    dataset = read_dataset(f"shards:{tmp_path}", strict=False)
    assert [(s.id, s.references, s.split, s.label) for s in dataset.samples] == [
        ("a/1", ("a dark square",), "train", None), ("a/2", ("another",), "dev", None), ("a/3", (), "train", "7"),
    ]  # fmt: skip
    assert [fault.kind for fault in dataset.faults] == ["picture without captions", "sample without media"]
    assert open_picture(dataset.samples[0].media).size == (20, 20)


def test_what_is_wrong_is_named(table, tmp_path):
    with pytest.raises(DataError, match="nothing matches"):
        read_dataset(f"shards:{tmp_path}")
    write_shards(read_dataset(table), tmp_path / "shards")
    sample = read_dataset(f"shards:{tmp_path}/shards").samples[0]
    (tmp_path / "shards" / "train-000000.tar").write_bytes(b"short")
    with pytest.raises(MediaError, match=r"train-000000.tar/000000.png: .*ends before this file does"):
        open_picture(sample.media)
    (tmp_path / "shards" / "index.json").write_text('{"shards": [{"file": "../x.tar", "split": null}]}')
    with pytest.raises(DataError, match="which is no tar of this folder"):
        read_dataset(f"shards:{tmp_path}/shards")
    (tmp_path / "shards" / "index.json").write_text("[]")
    with pytest.raises(DataError, match=r"index.json: is damaged"):
        read_dataset(f"shards:{tmp_path}/shards")
    lines = (tmp_path / "shards" / "train-000000.jsonl").read_text()
    (tmp_path / "shards" / "index.json").unlink()
    (tmp_path / "shards" / "train-000000.jsonl").write_text(lines.replace('"offset": ', '"offset": -', 1))
    with pytest.raises(DataError, match=r"train-000000.jsonl:1: is damaged"):
        read_dataset(f"shards:{tmp_path}/shards")
    packed = PackedFile.of(str(tmp_path / "gone.tar"), "a.jpg", 0, 10)
    assert packed.mark is None
    with pytest.raises(MediaError, match="cannot be read"):
        open_picture(packed)
