"""A corpus task that costs next to nothing and misbehaves on demand; runs as a worker, or as a whole job.

An item is a small file of text: `bad`, `slow SECONDS`, `hang`, `abort` and `die N` (N times) say how opening it ends.

    python fake_corpus.py worker '{…}'                      # what a Runner starts
    python fake_corpus.py run SOURCE DEST WORKERS [ENGINE]  # a job, begun or gone on with
"""

import json
import os
import signal
import sys
import time
import zlib
from pathlib import Path

import numpy as np

from seesay.apps.corpus.job import Job
from seesay.apps.corpus.tasks import TASKS
from seesay.errors import MediaError

BATCH = 4
HERE = Path(__file__)
WORKER = (sys.executable, str(HERE), "worker")


class Numbers:
    """Texts as arrays."""

    shape = (2,)

    def load(self, source):
        text = (source.read() if hasattr(source, "read") else Path(source).read_bytes()).decode()
        word, _, rest = text.partition(" ")
        if word == "bad":
            raise MediaError(f"{source}: is bad")
        if word == "slow":
            time.sleep(float(rest))
        if word == "hang":
            time.sleep(1000)
        if word == "abort":
            os.abort()
        if word == "die":
            counter = Path(f"{source}.count")
            count = int(counter.read_text()) if counter.exists() else 0
            counter.write_text(str(count + 1))
            if count < int(rest):
                os.kill(os.getpid(), signal.SIGKILL)
        return np.asarray([1, zlib.crc32(text.encode())], np.int64)


@TASKS.register("fake")
class Fake:
    """The same answer to the same text, whatever is beside it."""

    def __init__(self, models, options, threads):
        self.name, self.reads, self.batch, self.preprocessing = "fake", "text", BATCH, Numbers()
        self.cost, self.size = options.get("cost", 0.0), options.get("size")
        self.empty = {"answer": None}

    def answer(self, arrays):
        if self.cost:
            time.sleep(self.cost * len(arrays))
        return [{"answer": f"{number:x}"} for _, number in arrays.tolist()]

    def columns(self):
        import pyarrow as arrow

        return [arrow.field("answer", arrow.string())]


def a_job(source, *, shard_size=10, form="jsonl", cost=0.0):
    return Job("fake", (), "", (str(source),), {"cost": cost}, form, shard_size, BATCH)


def begin(source, dest, engine, *, resume=True, shard_size=10, form="jsonl", cost=0.0, **more):
    from seesay.apps.corpus.running import run_job
    from seesay.apps.corpus.sources import list_items

    job = a_job(source, shard_size=shard_size, form=form, cost=cost)
    return run_job(str(dest), job, lambda: list_items([str(source)], "text"), engine, resume=resume, **more)


def engine_of(name, workers, **limits):
    from seesay.apps.corpus.engines import LocalEngine
    from seesay.apps.corpus.ray_engine import RayEngine
    from seesay.apps.corpus.runner import Limits

    made = Limits(**limits)
    return LocalEngine(workers, made, WORKER) if name == "local" else RayEngine(workers, made, None, WORKER)


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        from seesay.apps.corpus import worker

        del sys.argv[1]
        worker.main()
    else:
        given = json.loads(sys.argv[2])
        tally, failed = begin(
            given["source"], given["dest"], engine_of(given["engine"], given["workers"]), cost=given["cost"]
        )
        sys.exit(1 if failed else 0)
