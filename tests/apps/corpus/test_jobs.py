"""Jobs on this machine: whole, resumed, with bad items, and killed at any moment."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from apps.corpus import fake_corpus as fake
from apps.corpus.conftest import digests, rows_of

from seesay.apps.corpus.inspection import bad_items, job_status, verify_job
from seesay.apps.corpus.job import committed, known_job
from seesay.apps.corpus.running import retry_job
from seesay.apps.corpus.store import open_store
from seesay.errors import DataError, UsageError

FAST = {"item_seconds": 1.0, "attempts": 2}


def test_every_item_has_its_row_in_order(texts, tmp_path):
    tally, failed = fake.begin(texts, tmp_path / "out", fake.engine_of("local", 2))
    rows = rows_of(tmp_path / "out")
    assert [Path(row["path"]).name for row in rows] == [f"{n:03d}.txt" for n in range(47)]
    assert all(row["answer"] and row["model"] == "fake" and row["error"] is None for row in rows)
    assert (tally.done, tally.bad, tally.shards, failed) == (47, 0, 5, [])
    assert verify_job(str(tmp_path / "out")) == []
    found = job_status(str(tmp_path / "out"))
    assert (found["done"], found["committed"], found["running"]) == (47, 5, None)


def test_a_job_that_is_done_is_not_done_again(texts, tmp_path):
    fake.begin(texts, tmp_path / "out", fake.engine_of("local", 1))
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out" / "shards").iterdir()}
    fake.begin(texts, tmp_path / "out", fake.engine_of("local", 1))
    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "out" / "shards").iterdir()}


def test_a_missing_shard_is_done_again_to_the_byte(texts, tmp_path):
    out = tmp_path / "out"
    fake.begin(texts, out, fake.engine_of("local", 1))
    whole = digests(out)
    (out / "records" / "00000001.json").unlink()
    (out / "shards" / "00000003.jsonl").write_text("changed")
    faults = verify_job(str(out), repair=True)
    assert [fault.split(":")[0] for fault in faults] == ["shard 1", "shard 3"]
    assert committed(open_store(str(out))) == {0, 2, 4}
    fake.begin(texts, out, fake.engine_of("local", 2))
    assert digests(out) == whole
    assert verify_job(str(out)) == []


def test_another_job_is_refused(texts, tmp_path):
    out = tmp_path / "out"
    fake.begin(texts, out, fake.engine_of("local", 1))
    with pytest.raises(UsageError, match="holds a job already; go on with it by --resume"):
        fake.begin(texts, out, fake.engine_of("local", 1), resume=False)
    with pytest.raises(UsageError, match="has other shard size"):
        fake.begin(texts, out, fake.engine_of("local", 1), shard_size=7)


def test_one_job_at_a_time(texts, tmp_path):
    store = open_store(str(tmp_path / "out"))
    with store.alone(), pytest.raises(UsageError, match="another process works there"):
        fake.begin(texts, tmp_path / "out", fake.engine_of("local", 1))


def test_nothing_to_do_is_said(tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError, match="holds no items"):
        fake.begin(tmp_path / "empty.jsonl", tmp_path / "out", fake.engine_of("local", 1))
    with pytest.raises(UsageError, match="holds no corpus job"):
        job_status(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("form", ["jsonl", "parquet", "tar"])
def test_bad_items_are_listed_and_taken_up_again(texts, tmp_path, form):
    out = tmp_path / "out"
    fake.begin(texts, tmp_path / "whole", fake.engine_of("local", 2), form=form)
    content = {number: (texts / f"{number:03d}.txt").read_text() for number in (3, 17, 46)}
    for number in content:
        (texts / f"{number:03d}.txt").write_text("bad")
    tally, _ = fake.begin(texts, out, fake.engine_of("local", 2), form=form)
    assert tally.bad == 3
    listed = list(bad_items(str(out)))
    assert [Path(one["path"]).name for one in listed] == ["003.txt", "017.txt", "046.txt"]
    assert all("is bad" in one["error"] for one in listed)
    for number, text in list(content.items())[:2]:
        (texts / f"{number:03d}.txt").write_text(text)
    untouched = (out / "shards" / f"00000002.{form}").stat().st_mtime_ns
    tally, _ = retry_job(str(out), fake.engine_of("local", 2))
    assert (tally.done, tally.bad) == (47, 1)
    (texts / "046.txt").write_text(content[46])
    retry_job(str(out), fake.engine_of("local", 1))
    assert digests(out) == digests(tmp_path / "whole")  # as if they had never been bad
    assert (out / "shards" / f"00000002.{form}").stat().st_mtime_ns == untouched
    assert verify_job(str(out)) == []


def test_what_hangs_or_crashes_is_named_and_the_rest_is_done(texts, tmp_path):
    """One item hangs its decoder, one crashes the process, one does so once, and one is broken."""
    for number, text in ((5, "hang"), (21, "abort"), (22, "bad"), (33, "die 1")):
        (texts / f"{number:03d}.txt").write_text(text)
    out = tmp_path / "out"
    tally, failed = fake.begin(texts, out, fake.engine_of("local", 2, **FAST))
    assert failed == []
    errors = {Path(one["path"]).name: one["error"] for one in bad_items(str(out))}
    assert set(errors) == {"005.txt", "021.txt", "022.txt"}
    assert errors["005.txt"] == "took longer than 1 s to open"
    assert errors["021.txt"] == "the process that opened it crashed (SIGABRT)"
    assert tally.restarts >= 5
    good = [row for row in rows_of(out) if row["error"] is None]
    assert len(good) == 44
    assert all(row["answer"] for row in good)


def test_a_worker_that_is_refused_stops_the_job(texts, tmp_path):
    fake.begin(texts, tmp_path / "out", fake.engine_of("local", 1))
    (tmp_path / "out" / "records" / "00000000.json").unlink()
    engine = fake.engine_of("local", 1)
    engine.command = (sys.executable, "-c", "raise SystemExit(7)")
    with pytest.raises(Exception, match=r"a worker did not start \(exit code 7\)"):
        fake.begin(texts, tmp_path / "out", engine)


def test_progress_is_read_elsewhere_and_by_prometheus(texts, tmp_path):
    seen, out, metrics = [], tmp_path / "out", tmp_path / "corpus.prom"

    def on_progress(done, total, what=None):
        seen.append((done, total))
        if (out / "running.json").exists():
            live = job_status(str(out))["running"]
            assert live["pid"] == os.getpid()
            assert live["workers"] == 1

    fake.begin(texts, out, fake.engine_of("local", 1), cost=0.005, metrics=metrics, on_progress=on_progress)
    assert seen[-1] == (47, 47)
    text = metrics.read_text()
    assert 'seesay_corpus_items_done{task="fake"} 47' in text
    assert "# TYPE seesay_corpus_items_bad gauge" in text
    assert not (out / "running.json").exists()


def children(pid):
    """Processes that a process has started (Linux)."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(status.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(status.parent.name))
        except OSError:
            continue
    return found


def kill_at_random(texts, out, moments, seed, engines=("local",)):
    """Run a job, `kill -9` its driver or one of its workers at random moments, go on; how often it was killed."""
    random_ = random.Random(seed)
    killed = 0
    kept = {}
    while True:
        for record in (out / "records").glob("0*.json"):  # what was committed is not done again
            assert kept.setdefault(record, record.stat().st_mtime_ns) == record.stat().st_mtime_ns
        given = {
            "source": str(texts), "dest": str(out), "workers": random_.choice((1, 2, 3)),
            "engine": random_.choice(engines), "cost": 0.1,  # seconds an item: there is time to be killed in
        }  # fmt: skip
        job = subprocess.Popen([sys.executable, str(fake.HERE), "run", json.dumps(given)])
        try:
            while job.poll() is None and killed < moments:
                time.sleep(random_.uniform(0.1, 1.2))
                workers = children(job.pid)
                target = random_.choice(workers) if workers and random_.random() < 0.5 else job.pid
                if job.poll() is None:
                    os.kill(target, signal.SIGKILL)
                    killed += 1
                if target == job.pid:
                    break
            if job.wait(120) == 0:
                return killed
        finally:
            if job.poll() is None:
                job.kill()
                job.wait()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds workers by /proc")
def test_killed_at_random_moments_the_shards_are_the_same(texts, tmp_path):
    (texts / "012.txt").write_text("bad")
    fake.begin(texts, tmp_path / "whole", fake.engine_of("local", 1))
    killed = kill_at_random(texts, tmp_path / "out", int(os.environ.get("SEESAY_KILLS", 6)), seed=7)
    assert killed >= 3
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")
    assert verify_job(str(tmp_path / "out")) == []
    paths = [row["path"] for row in rows_of(tmp_path / "out")]
    assert len(paths) == len(set(paths)) == 47
    assert known_job(open_store(str(tmp_path / "out"))).items == 47
