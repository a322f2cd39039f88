"""`seesay corpus` with the embedded models: every format, the same rows as `seesay caption`, and wrong use."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from apps.corpus.conftest import digests, rows_of

from seesay.cli import run

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """Captions of the samples and a broken photo, in shards of four."""
    root = tmp_path_factory.mktemp("corpus")
    photos = root / "photos"
    shutil.copytree(SAMPLES, photos)
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    assert (
        run(["corpus", "caption", str(photos), "--out", str(root / "out"), "--shard-size", "4", "--workers", "1"]) == 1
    )
    return root


def test_captions_are_those_of_the_command(job, capsys):
    capsys.readouterr()
    run(["caption", str(job / "photos"), "--json"])
    expected = {one["path"]: one for one in json.loads(capsys.readouterr().out)}
    rows = rows_of(job / "out")
    assert {row["path"] for row in rows} == set(expected)
    for row in rows:
        known = expected[row["path"]]
        assert row["error"] == known["error"]
        assert row["model"] == "default"
        assert [c["text"] for c in row["captions"]] == [c["text"] for c in known["captions"]]
        for mine, theirs in zip(row["captions"], known["captions"], strict=True):
            assert mine["score"] == pytest.approx(theirs["score"], abs=0.05)  # batches of other sizes round differently
            assert "tokens" not in mine


def test_status_verify_and_retry(job, capsys):
    out = str(job / "out")
    assert run(["corpus", "status", out, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["items"], found["done"], found["bad"], found["shards"]) == (6, 6, 1, 2)
    assert run(["corpus", "status", out]) == 0
    assert "committed  2" in capsys.readouterr().out
    assert run(["corpus", "status", out, "--bad"]) == 0
    bad = json.loads(capsys.readouterr().out)
    assert bad["path"].endswith("broken.jpg")
    assert "broken.jpg: truncated or damaged" in bad["error"]
    assert run(["corpus", "verify", out]) == 0
    shutil.copytree(job / "out", job / "again")
    before = digests(job / "again")
    assert run(["corpus", "retry", str(job / "again"), "--workers", "1"]) == 1
    assert digests(job / "again") == before
    (job / "again" / "shards" / "00000001.jsonl").write_text("{}\n")
    assert run(["corpus", "verify", str(job / "again")]) == 1


def test_parquet_tars_and_vectors_hold_the_same(job):
    import pyarrow.parquet

    expected = {row["path"]: row["captions"] for row in rows_of(job / "out")}
    photos = str(job / "photos")
    for form in ("parquet", "tar"):
        options = ["--out", str(job / form), "--shard-size", "4", "--format", form, "--workers", "1"]
        assert run(["corpus", "caption", photos, *options]) == 1
        assert run(["corpus", "verify", str(job / form)]) == 0
    rows = pyarrow.parquet.read_table(job / "parquet" / "shards").to_pylist()
    shown = {row["path"]: [{k: v for k, v in c.items() if v is not None} for c in row["captions"]] for row in rows}
    assert shown == expected
    with tarfile.open(job / "tar" / "shards" / "00000000.tar") as tar:
        names = tar.getnames()
        first = json.load(tar.extractfile("00000000.json"))
        assert tar.extractfile("00000000.jpg").read() == Path(first["path"]).read_bytes()
    assert "00000001.json" in names  # the broken photo's
    assert "00000001.jpg" not in names
    assert run(["corpus", "features", photos, "--out", str(job / "vectors"), "--workers", "1"]) == 1
    rows = pyarrow.parquet.read_table(job / "vectors" / "shards").to_pylist()
    assert sorted(len(row["vector"] or ()) for row in rows) == [0] + [len(rows[0]["vector"])] * 5


def test_clips_are_recognized(job, tmp_path):
    from PIL import Image

    frames = [Image.new("RGB", (64, 48), (10 * n, 200, 90)) for n in range(12)]
    frames[0].save(tmp_path / "clip.gif", save_all=True, append_images=frames[1:])
    arguments = ["corpus", "recognize", str(tmp_path / "clip.gif"), "--out", str(tmp_path / "out"), "--top", "2"]
    assert run([*arguments, "--workers", "1"]) == 0
    (row,) = rows_of(tmp_path / "out")
    assert len(row["predictions"]) == 2
    assert set(row["predictions"][0]) == {"label", "probability"}


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["--engine", "spark"], "--engine spark: there are: local, ray", 2),
        (["--address", "auto"], "--address is of a Ray cluster; add --engine ray", 2),
        (["--format", "csv"], "--format csv: there are: jsonl, parquet, tar", 2),
        (["--item-seconds", "0"], "--item-seconds 0: it must be above 0", 2),
        (["--model", "nowhere"], "no model is called 'nowhere'", 2),
        (["--beam", "0"], "beam", 2),
        (["--model", "activities"], "recognizes activities and says no sentences", 2),
    ],
)
def test_wrong_use_is_one_line(arguments, message, code, tmp_path, capsys):
    assert run(["corpus", "caption", str(SAMPLES), "--out", str(tmp_path / "out"), *arguments]) == code
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_another_job_in_the_same_place_is_refused(job, capsys):
    arguments = ["corpus", "caption", str(job / "photos"), "--out", str(job / "out"), "--shard-size", "4"]
    assert run(arguments) == 2
    assert "holds a job already; go on with it by --resume" in capsys.readouterr().err
    assert run([*arguments, "--resume", "--beam", "2"]) == 2
    assert "the job there has other options" in capsys.readouterr().err
    assert run([*arguments, "--resume"]) == 1  # done, with a bad one
    assert run(["corpus", "status", str(job / "photos")]) == 2
    assert "holds no corpus job" in capsys.readouterr().err


def test_without_the_extra(tmp_path, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    begin = ["corpus", "caption", str(SAMPLES), "--out"]
    for arguments in ([str(tmp_path / "out"), "--format", "parquet"], [str(tmp_path / "out"), "--engine", "ray"]):
        assert run([*begin, *arguments]) == 6
        assert "pip install 'seesay[corpus]'" in capsys.readouterr().err
    assert run([*begin, "s3://bucket/out"]) == 6
    assert "pip install 'seesay[corpus]'" in capsys.readouterr().err
