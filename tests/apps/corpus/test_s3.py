"""Photos read from, and shards written to, a server that speaks S3, on this machine."""

import json
import logging
from pathlib import Path

import pytest
from apps.corpus.conftest import rows_of

from seesay.cli import run

moto_server = pytest.importorskip("moto.server", reason="needs moto[server]")
s3fs = pytest.importorskip("s3fs", reason="needs s3fs")

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """An empty bucket; its server listens on 127.0.0.1 alone."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    system.mkdir("corpus")
    yield system
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_photos_and_shards_in_a_bucket(bucket, tmp_path, capsys):
    for photo in SAMPLES.glob("*.jpg"):
        bucket.put_file(str(photo), f"corpus/photos/{photo.name}")
    bucket.pipe_file("corpus/photos/deeper/broken.jpg", b"\xff\xd8\xff\xe0 no more")
    options = ["--shard-size", "4", "--workers", "1"]
    begin = ["corpus", "caption", "s3://corpus/photos", "--out", "s3://corpus/captions", *options]
    assert run(begin) == 1
    assert run(["corpus", "caption", str(SAMPLES), "--out", str(tmp_path / "local"), *options]) == 0
    lines = b"".join(bucket.cat_file(name) for name in sorted(bucket.ls("corpus/captions/shards")))
    rows = {row["path"].rpartition("/")[2]: row for row in map(json.loads, lines.splitlines())}
    assert rows.pop("broken.jpg")["error"].startswith("s3://corpus/photos/deeper/broken.jpg: ")
    local = {Path(row["path"]).name: row for row in rows_of(tmp_path / "local")}
    assert set(rows) == set(local)
    for name, row in rows.items():
        assert row["error"] is None
        assert row["path"] == f"s3://corpus/photos/{name}"
        assert [c["text"] for c in row["captions"]] == [c["text"] for c in local[name]["captions"]]
    capsys.readouterr()
    assert run(["corpus", "verify", "s3://corpus/captions"]) == 0
    assert run(["corpus", "status", "s3://corpus/captions", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["committed"] == 2
    bucket.pipe_file("corpus/captions/shards/00000001.jsonl", b"{}\n")
    assert run(["corpus", "verify", "s3://corpus/captions", "--repair"]) == 1
    assert run([*begin, "--resume"]) == 1
    assert run(["corpus", "verify", "s3://corpus/captions"]) == 0
    bucket.put_file(str(SAMPLES / "cat.jpg"), "corpus/photos/deeper/broken.jpg")
    assert run(["corpus", "retry", "s3://corpus/captions", "--workers", "1"]) == 0
