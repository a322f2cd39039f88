"""What a job lists: folders, lists, tables, tars and addresses, in order, and what is wrong with them."""

import base64
import io
import json
import tarfile

import fsspec
import pyarrow
import pyarrow.parquet
import pytest

from seesay.apps.corpus.items import Item, open_item, read_item
from seesay.apps.corpus.sources import list_items, split_kind
from seesay.errors import DataError, MediaError, UsageError

JPEG = b"\xff\xd8\xff\xe0 as it begins"


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    for name in ("b/2.jpg", "a.jpg", "c.png"):
        (folder / name).write_bytes(JPEG + name.encode())
    (folder / "notes.txt").write_text("no photo")
    return folder


def listed(*sources, reads="picture", column=None):
    return list(list_items([str(one) for one in sources], reads, column=column))


def names(items, folder):
    return [item.path.removeprefix(f"{folder}/") for item in items]


def test_folders_globs_and_lists(photos, tmp_path):
    assert names(listed(photos), photos) == ["a.jpg", "b/2.jpg", "c.png"]
    assert names(listed(f"{photos}/*.jpg"), photos) == ["a.jpg"]
    assert names(listed(f"file://{photos}"), photos) == ["a.jpg", "b/2.jpg", "c.png"]
    (photos / "list.txt").write_bytes(b"\xef\xbb\xbfa.jpg\r\n\nb/2.jpg\n")
    found = listed(f"list:{photos}/list.txt")
    assert names(found, photos) == ["a.jpg", "b/2.jpg"]
    assert all(read_item(item).startswith(JPEG) for item in found)


def test_a_name_that_is_no_utf8_survives_the_plan():
    item = Item("photos/\udcff\n.jpg", "\udcfe")
    assert Item.from_line(item.to_line()) == item
    assert item.to_line().isascii()


def test_csv_and_jsonl_of_paths(photos):
    (photos / "t.csv").write_text('id,file,words\n7,a.jpg,"two\nlines"\n8,b/2.jpg,x\n')
    found = listed(photos / "t.csv")
    assert [(item.id, read_item(item)[-5:]) for item in found] == [("7", b"a.jpg"), ("8", b"2.jpg")]
    (photos / "t.jsonl").write_text('{"image": "a.jpg"}\n\n{"image": "c.png", "id": 3}\n')
    assert [(item.id, item.path.rpartition("/")[2]) for item in listed(photos / "t.jsonl")] == [
        (None, "a.jpg"), ("3", "c.png"),
    ]  # fmt: skip


def test_bytes_in_jsonl_and_parquet(tmp_path):
    lines = [{"bytes": base64.b64encode(JPEG + bytes([n])).decode(), "id": n} for n in range(3)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = listed(tmp_path / "t.jsonl")
    assert [read_item(item)[-1] for item in found] == [0, 1, 2]
    table = pyarrow.table({"photo": [JPEG + bytes([n]) for n in range(5)], "id": list("abcde")})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    found = listed(tmp_path / "t.parquet", column="photo")
    assert [(item.id, read_item(item)[-1]) for item in found] == list(zip("abcde", range(5), strict=True))
    assert open_item(found[0]).name.endswith("t.parquet#1")


def test_paths_in_parquet(photos):
    pyarrow.parquet.write_table(pyarrow.table({"path": ["a.jpg", "c.png"]}), photos / "t.parquet")
    assert names(listed(photos / "t.parquet"), photos) == ["a.jpg", "c.png"]


def write_tar(file, members, mode="w"):
    with tarfile.open(file, mode) as tar:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))


def test_webdataset_tars(tmp_path):
    for shard in range(12):
        members = {f"x/{shard}.v1.jpg": JPEG + bytes([shard]), f"x/{shard}.json": b"{}"}
        write_tar(tmp_path / f"s-{shard:02d}.tar", members)
    found = listed(f"{tmp_path}/s-{{00..11}}.tar")
    assert [(item.id, read_item(item)[-1]) for item in found] == [(f"x/{n}", n) for n in range(12)]
    assert len(listed(f"{tmp_path}/s-0*.tar")) == 10
    assert found[3].path.endswith("s-03.tar#x/3.v1.jpg")


def test_an_object_store(photos):
    system = fsspec.filesystem("memory")
    system.rm("/corpus", recursive=True) if system.exists("/corpus") else None
    for name in ("b/2.jpg", "a.jpg", "c.txt"):
        system.pipe_file(f"/corpus/{name}", JPEG + name.encode())
    system.pipe_file("/corpus/t.csv", b"path\nb/2.jpg\nmemory://corpus/a.jpg\n")
    assert [item.path for item in listed("memory://corpus")] == ["memory://corpus/a.jpg", "memory://corpus/b/2.jpg"]
    found = listed("memory://corpus/t.csv")
    assert [read_item(item)[-5:] for item in found] == [b"2.jpg", b"a.jpg"]
    content = open_item(found[0])
    assert (content.name, content.read()[:3]) == ("memory://corpus/b/2.jpg", b"\xff\xd8\xff")
    with pytest.raises(DataError, match=r"memory://nothing: (cannot be listed|holds no file)"):
        listed("memory://nothing")
    with pytest.raises(MediaError, match="cannot be read"):
        read_item(Item("memory://corpus/gone.jpg"))


def test_kinds():
    assert split_kind("csv:a.b") == ("csv", "a.b")
    assert split_kind("s3://bucket/a.parquet") == ("parquet", "s3://bucket/a.parquet")
    assert split_kind("s3://bucket/photos/") == (None, "s3://bucket/photos/")
    assert split_kind("tar:s3://b/x-{0..3}.tar") == ("tar", "s3://b/x-{0..3}.tar")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "x,y\n1,2\n", r"a.csv: has no column called path, .*; its columns: x, y. Name the one with --column"),
        ("a.csv", "path\na.jpg\n\n''\n,\n", r"a.csv:5: path holds no path"),
        ("a.jsonl", '{"path": "a"}\n{"path"\n', r"a.jsonl:2: is no JSON"),
        ("a.jsonl", "[1]\n", r"a.jsonl:1: is no JSON object"),
        ("a.parquet", "PAR2", r"a.parquet: cannot be read as Parquet"),
        ("a.tar", "no tar at all", r"a.tar: cannot be read as tar"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        listed(tmp_path / name)


def test_what_is_not_there_and_what_is_on_the_web(tmp_path):
    with pytest.raises(DataError, match="there is no such file or folder"):
        listed(tmp_path / "gone")
    with pytest.raises(DataError, match="nothing matches"):
        listed(f"{tmp_path}/*.csv")
    with pytest.raises(UsageError, match="is on the web; only files and stores are read"):
        listed("https://example.invalid/photos.csv")
    with pytest.raises(UsageError, match="nonsense"):
        listed("nonsense://a/b")
    write_tar(tmp_path / "a.tar.gz", {"a.jpg": JPEG}, "w:gz")
    with pytest.raises(DataError, match="a compressed tar cannot be read in parts"):
        listed(f"tar:{tmp_path}/a.tar.gz")
    (tmp_path / "t.jsonl").write_text('{"bytes": "not base64!"}\n')
    with pytest.raises(MediaError, match=r"t.jsonl#1: bytes holds no base64"):
        read_item(listed(tmp_path / "t.jsonl")[0])
