"""A job begun, gone on with, or its bad items tried again, on any engine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import seesay
from seesay.addresses import local_path
from seesay.apps.corpus.engines import Engine
from seesay.apps.corpus.items import Item
from seesay.apps.corpus.job import Job, committed, known_job, read_job, read_record, write_plan
from seesay.apps.corpus.progress import Beacon, Tally, tally_of
from seesay.apps.corpus.runner import ShardFailedError
from seesay.apps.corpus.store import Store, open_store
from seesay.errors import DataError, UsageError
from seesay.progress import ProgressCallback, silent


def run_job(
    dest: str,
    job: Job,
    items: Callable[[], Iterable[Item]],
    engine: Engine,
    *,
    resume: bool = False,
    metrics: Path | None = None,
    on_progress: ProgressCallback = silent,
    on_note: Callable[[str], object] = lambda line: None,
) -> tuple[Tally, list[str]]:
    """Begin a job, or go on with it where it was left.

    Args:
        dest: folder or address.
        job: what is to be done; its numbers are found by listing.
        items: lists the items; called only where the job begins.
        engine: what does the shards.
        resume: go on with the job that is there.
        metrics: text file for Prometheus.
        on_progress: called with items done and items in all.
        on_note: called with what a person should know.

    Returns:
        Counts of the whole job, and the shards that could not be done.

    Raises:
        UsageError: another job is there, or one without `resume`, or one that runs.
        DataError: there are no items, or the job's files are damaged.
    """
    dest = absolute(dest)
    store = open_store(dest)
    with store.alone():
        known = read_job(store)
        if known is None:
            known = write_plan(store, job, items(), on_progress)
        elif not resume:
            raise UsageError(f"{store.name}: holds a job already; go on with it by --resume, or name another --out")
        elif different := known.differs_from(job):
            raise UsageError(
                f"{store.name}: the job there has other {', '.join(different)}; "
                "go on with the same ones, or name another --out"
            )
        if known.version != seesay.__version__:
            on_note(f"the job was begun by SeeSay {known.version}, and this is {seesay.__version__}")
        tally = tally_of(store, known)
        done = committed(store)
        todo = (shard for shard in range(known.shards) if shard not in done)
        return _run(dest, store, tally, engine, todo, metrics, on_progress, again=False)


def retry_job(
    dest: str,
    engine: Engine,
    *,
    metrics: Path | None = None,
    on_progress: ProgressCallback = silent,
) -> tuple[Tally, list[str]]:
    """Try the bad items of committed shards again; good rows stay as they are, and so do shards without bad ones.

    Args:
        dest: folder or address of a job.
        engine: what does the shards.
        metrics: text file for Prometheus.
        on_progress: called with items done and items in all.

    Returns:
        See `run_job`.

    Raises:
        UsageError: there is no job, or it runs.
    """
    dest = absolute(dest)
    store = open_store(dest)
    known_job(store)
    with store.alone():
        job = known_job(store)
        every = sorted(committed(store))
        bad = [shard for shard in every if (read_record(store, shard) or {}).get("bad")]
        tally = tally_of(store, job, (shard for shard in every if shard not in set(bad)))
        return _run(dest, store, tally, engine, iter(bad), metrics, on_progress, again=True)


def absolute(dest: str) -> str:
    """A folder's address as other processes, with other working folders, need it."""
    path = local_path(dest)
    return dest if path is None else str(path.absolute())


def _run(
    dest: str,
    store: Store,
    tally: Tally,
    engine: Engine,
    todo: Iterator[int],
    metrics: Path | None,
    on_progress: ProgressCallback,
    *,
    again: bool,
) -> tuple[Tally, list[str]]:
    failed: list[str] = []
    beacon = Beacon(store, tally, engine.name, engine.workers, metrics)
    first = next(todo, None)
    if first is None:
        beacon.finish()
        return tally, failed
    beacon.show(now=True)
    outcomes: Any = engine.run(dest, _chained(first, todo), again=again)
    try:
        with contextlib.closing(outcomes):
            for outcome in outcomes:
                if isinstance(outcome, ShardFailedError):
                    failed.append(str(outcome))
                elif outcome is not None:
                    tally.commit(outcome)
                tally.restarts = engine.restarts
                tally.look(engine.in_hand)
                on_progress(tally.done + tally.in_hand, tally.job.items, tally.line())
                beacon.show()
        tally.look(0)
    finally:
        beacon.finish()
    return tally, failed


def _chained(first: int, rest: Iterator[int]) -> Iterator[int]:
    yield first
    yield from rest


def check_store(store: Store) -> None:
    """Refuse a store that cannot be written.

    Raises:
        DataError: it cannot.
    """
    try:
        store.write("running.json", b"{}")
        store.delete("running.json")
    except Exception as error:  # stores have exceptions of their own
        raise DataError(f"{store.name}: cannot be written ({error})") from error
