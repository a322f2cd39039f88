"""How far a job is: counted while it runs, readable from another terminal, and for Prometheus."""

from __future__ import annotations

import json
import os
import socket
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seesay.apps.corpus.job import Job, committed, read_record
from seesay.apps.corpus.store import Store
from seesay.files import write_whole

RUNNING = "running.json"
_FRESH = 60.0
"""Seconds after which a job that has said nothing is not running any more."""
_EVERY = 2.0
_WINDOW = 60.0


@dataclass
class Tally:
    """Counts of a job that runs.

    Attributes:
        job: what is done.
        done: items in committed shards.
        bad: of these, bad ones.
        shards: committed shards.
        restarts: workers started in place of others.
    """

    job: Job
    done: int = 0
    bad: int = 0
    shards: int = 0
    restarts: int = 0
    in_hand: int = 0
    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def commit(self, record: dict[str, Any]) -> None:
        """A shard was committed."""
        self.done += record["rows"]
        self.bad += len(record["bad"])
        self.shards += 1

    def look(self, in_hand: int) -> None:
        """So many items are done in shards that are not committed yet."""
        self.in_hand = in_hand
        now = time.monotonic()
        self._seen.append((now, self.done + in_hand))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Items a second, of the last minute."""
        if len(self._seen) < 2:
            return 0.0
        (begun, first), (now, last) = self._seen[0], self._seen[-1]
        return max(0.0, (last - first) / max(now - begun, 1e-9))

    @property
    def eta(self) -> float | None:
        """Seconds that are left at this rate; None while nothing is known."""
        left = self.job.items - self.done - self.in_hand
        return left / self.rate if self.rate else None

    def line(self) -> str:
        """For a progress bar."""
        eta = "" if self.eta is None else f", {clock(self.eta)} left"
        return f"{self.job.task}: {self.rate:.1f} items/s{eta}, {self.bad} bad"


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


class Beacon:
    """Writes a tally where others read it: beside the job, and for Prometheus, every few seconds.

    Args:
        store: the job's.
        tally: what is counted.
        engine: "local" or "ray".
        workers: how many.
        metrics: text file for Prometheus's node exporter; None for none.
    """

    def __init__(self, store: Store, tally: Tally, engine: str, workers: int, metrics: Path | None) -> None:
        self.store, self.tally, self.metrics = store, tally, metrics
        self._about = {"pid": os.getpid(), "host": socket.gethostname(), "engine": engine, "workers": workers}
        self._last = 0.0

    def show(self, *, now: bool = False) -> None:
        """Write, where the last time is long enough ago."""
        if not now and time.monotonic() - self._last < _EVERY:
            return
        t = self.tally
        state = {
            **self._about,
            "updated": time.time(),
            "done": t.done + t.in_hand,
            "rate": round(t.rate, 3),
            "eta": None if t.eta is None else round(t.eta, 1),
            "restarts": t.restarts,
        }
        self.store.write(RUNNING, json.dumps(state).encode())
        if self.metrics is not None:
            write_whole(self.metrics, prometheus(t))
        self._last = time.monotonic()

    def finish(self) -> None:
        """The job does not run any more."""
        if self.metrics is not None:
            write_whole(self.metrics, prometheus(self.tally))
        self.store.delete(RUNNING)


def prometheus(tally: Tally) -> str:
    """A tally in Prometheus's text format."""
    figures = (
        ("items", "gauge", "Items of the job", tally.job.items),
        ("items_done", "gauge", "Items done, those of shards in hand too", tally.done + tally.in_hand),
        ("items_bad", "gauge", "Items of committed shards that could not be read", tally.bad),
        ("shards", "gauge", "Shards of the job", tally.job.shards),
        ("shards_committed", "gauge", "Shards that are committed", tally.shards),
        ("items_per_second", "gauge", "Items a second, of the last minute", round(tally.rate, 3)),
        ("worker_restarts", "counter", "Workers that died or hung and were started again", tally.restarts),
    )
    return "".join(
        f"# HELP seesay_corpus_{name} {about}\n# TYPE seesay_corpus_{name} {kind}\n"
        f'seesay_corpus_{name}{{task="{tally.job.task}"}} {value}\n'
        for name, kind, about, value in figures
    )


def tally_of(store: Store, job: Job, only: Iterable[int] | None = None) -> Tally:
    """What is committed of a job so far."""
    tally = Tally(job)
    for shard in sorted(committed(store)) if only is None else only:
        record = read_record(store, shard)
        if record is not None:
            tally.commit(record)
    return tally


def running(store: Store) -> dict[str, Any] | None:
    """What a job that runs last said of itself; None where none does."""
    content = store.read(RUNNING)
    if content is None:
        return None
    try:
        state: dict[str, Any] = json.loads(content)
    except ValueError:
        return None
    return state if time.time() - float(state.get("updated", 0)) < _FRESH else None
