"""A job looked at: how far it is, which items are bad, and whether its shards are what their records say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seesay.apps.corpus.items import shown_path
from seesay.apps.corpus.job import Job, committed, known_job, read_plan, read_record, record_file, records
from seesay.apps.corpus.progress import running, tally_of
from seesay.apps.corpus.running import absolute
from seesay.apps.corpus.shards import read_shard
from seesay.apps.corpus.store import Store, open_store, sha256_of
from seesay.errors import DataError
from seesay.progress import ProgressCallback, silent


def job_status(dest: str) -> dict[str, Any]:
    """How far a job is, running or not.

    Returns:
        Plain JSON values: task, items, done, bad, shards, committed, key, and `running` (None, or what the job that
        runs says: pid, host, engine, workers, rate in items/s, eta in seconds).

    Raises:
        UsageError: there is no job.
    """
    store = open_store(absolute(dest))
    job = known_job(store)
    tally = tally_of(store, job)
    live = running(store)
    return {
        "task": job.task,
        "model": list(job.models) or ["embedded"],
        "format": job.format,
        "items": job.items,
        "done": max(tally.done, int(live["done"]) if live else 0),
        "bad": tally.bad,
        "shards": job.shards,
        "committed": tally.shards,
        "key": job.key,
        "running": live,
    }


def bad_items(dest: str) -> Iterator[dict[str, Any]]:
    """The bad items of committed shards: shard, item, path, error."""
    store = open_store(absolute(dest))
    known_job(store)
    for shard, record in records(store):
        for one in record["bad"]:
            yield {"shard": shard, **one}


def verify_job(dest: str, *, repair: bool = False, on_progress: ProgressCallback = silent) -> list[str]:
    """What is wrong with a job's shards: one missing, changed, short, or with other items than were listed.

    Args:
        dest: folder or address.
        repair: take back the records of shards that are wrong, so that `--resume` does them anew.
        on_progress: called with shards done and shards in all.

    Returns:
        One line for each fault; none where all is well.
    """
    store = open_store(absolute(dest))
    job = known_job(store)
    faults: list[str] = []
    known = committed(store)
    for shard in range(job.shards):
        wrong = "is not done yet" if shard not in known else _wrong(store, job, shard)
        if wrong is not None:
            faults.append(f"shard {shard}: {wrong}")
            if repair and shard in known:
                store.delete(record_file(shard))
        on_progress(shard + 1, job.shards)
    expected = {job.shard_file(shard) for shard in range(job.shards)}
    faults += [f"{file}: is no shard of this job" for file in store.list("shards") if file not in expected]
    return faults


def _wrong(store: Store, job: Job, shard: int) -> str | None:
    try:
        record = read_record(store, shard)
        assert record is not None
        digest, size = sha256_of(store, job.shard_file(shard))
        if record.get("key") != job.key:
            return "its record is of another job"
        if (digest, size) != (record["sha256"], record["bytes"]):
            return f"{job.shard_file(shard)} was changed (other SHA-256)"
        with store.open(job.shard_file(shard)) as handle:
            paths = [row["path"] for row in read_shard(job.format, handle)]
        listed = [shown_path(item.path) for item in read_plan(store, shard)]
    except DataError as error:
        return str(error)
    if len(paths) != record["rows"] or len(paths) != job.count_in(shard):
        return f"has {len(paths)} rows, its record says {record['rows']}, and {job.count_in(shard)} were listed"
    if paths != listed:
        return "holds other items than were listed"
    return None
