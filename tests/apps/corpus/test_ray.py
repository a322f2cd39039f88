"""A job on a real Ray, started on this machine: the same bytes as on processes of its own, whatever is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from apps.corpus import fake_corpus as fake
from apps.corpus.conftest import digests
from apps.corpus.test_jobs import children

from seesay.apps.corpus.inspection import bad_items, verify_job

pytest.importorskip("ray", reason="needs Ray: pip install 'seesay[corpus]'")


def actors(pid):
    """Ray's processes below a process that hold a worker."""
    found = []
    for child in children(pid):
        try:
            name = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        found += [child] if name.startswith(b"ray::") and b"ShardActor" in name else actors(child)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds actors by /proc")
def test_ray_goes_on_with_a_local_job_and_survives_the_loss_of_an_actor(texts, tmp_path):
    (texts / "012.txt").write_text("bad")
    (texts / "033.txt").write_text("abort")
    out = tmp_path / "out"
    fake.begin(texts, tmp_path / "whole", fake.engine_of("local", 2, attempts=2), cost=0.05)
    fake.begin(texts, out, fake.engine_of("local", 2, attempts=2), cost=0.05)
    for shard in (0, 2, 3, 4):  # as a killed job leaves it
        (out / "records" / f"{shard:08d}.json").unlink()
        (out / "shards" / f"{shard:08d}.jsonl").unlink()
    kept = (out / "shards" / "00000001.jsonl").stat().st_mtime_ns
    given = {"source": str(texts), "dest": str(out), "workers": 2, "engine": "ray", "cost": 0.05}
    job = subprocess.Popen([sys.executable, str(fake.HERE), "run", json.dumps(given)])
    try:
        deadline, killed = time.monotonic() + 200, False
        while not killed and job.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
            for actor in actors(job.pid)[:1]:
                if children(actor):  # its worker has begun
                    os.kill(actor, signal.SIGKILL)
                    killed = True
        assert job.wait(300) == 0
    finally:
        if job.poll() is None:
            job.kill()
            job.wait()
    assert killed
    assert digests(out) == digests(tmp_path / "whole")
    assert (out / "shards" / "00000001.jsonl").stat().st_mtime_ns == kept
    assert verify_job(str(out)) == []
    assert [Path(one["path"]).name for one in bad_items(str(out))] == ["012.txt", "033.txt"]
