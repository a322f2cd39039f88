"""A job: what is done to which items, cut into shards; written down once, so that any engine can go on with it.

DEST/job.json              what the job is; written last, when all items are listed
DEST/plan/00000000.jsonl   the items of a shard, one a line
DEST/shards/00000000.jsonl the answers (or .parquet, .tar), one row for each item, in order
DEST/records/00000000.json what commits a shard: rows, bad items, bytes, SHA-256
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import seesay
from seesay.apps.corpus.items import Item
from seesay.apps.corpus.store import Store
from seesay.errors import DataError, UsageError
from seesay.progress import ProgressCallback, silent

JOB = "job.json"
LAYOUT = 1


@dataclass(frozen=True)
class Job:
    """What a job is.

    Attributes:
        task: name in `TASKS`.
        models: names or paths; empty for the embedded one.
        model_sha256: of the models' manifests.
        sources: as the user gave them.
        options: of the task; whatever changes an answer.
        format: of the shards.
        shard_size: items in a shard.
        batch: items taken through the networks together.
        threads: of the networks, in each worker; other numbers may round differently.
        folder: the working folder that relative paths count from.
        items: in all.
        shards: in all.
        plan_sha256: of the listed items.
        version: of SeeSay.
    """

    task: str
    models: tuple[str, ...]
    model_sha256: str
    sources: tuple[str, ...]
    options: Mapping[str, Any]
    format: str = "jsonl"
    shard_size: int = 10_000
    batch: int = 32
    threads: int = 1
    folder: str = field(default_factory=os.getcwd)
    items: int = 0
    shards: int = 0
    plan_sha256: str = ""
    version: str = field(default_factory=lambda: seesay.__version__)

    @property
    def key(self) -> str:
        """What is the same for all that go on with this job: sources, models and options."""
        return hashlib.sha256(json.dumps(self._identity(), sort_keys=True).encode()).hexdigest()

    def _identity(self) -> dict[str, Any]:
        known = json.loads(json.dumps(asdict(self)))
        return {k: v for k, v in known.items() if k not in ("folder", "items", "shards", "plan_sha256", "version")}

    def differs_from(self, other: Job) -> list[str]:
        """What makes it another job, in words."""
        mine, others = self._identity(), other._identity()
        return [name.replace("_", " ") for name in mine if mine[name] != others[name]]

    def shard_file(self, shard: int) -> str:
        """Where a shard's answers are."""
        return f"shards/{shard:08d}.{self.format}"

    def count_in(self, shard: int) -> int:
        """Items of a shard."""
        return min(self.shard_size, self.items - shard * self.shard_size)


def plan_file(shard: int) -> str:
    """Where a shard's items are listed."""
    return f"plan/{shard:08d}.jsonl"


def record_file(shard: int) -> str:
    """What commits a shard."""
    return f"records/{shard:08d}.json"


def write_plan(store: Store, job: Job, items: Iterable[Item], on_progress: ProgressCallback = silent) -> Job:
    """List the items, shard by shard, then write the job down; memory holds one shard.

    Returns:
        The job with its numbers.

    Raises:
        DataError: there are no items.
    """
    digest, count, shards = hashlib.sha256(), 0, 0
    left = iter(items)
    while some := list(itertools.islice(left, job.shard_size)):
        content = "".join(f"{item.to_line()}\n" for item in some).encode("ascii")
        store.write(plan_file(shards), content)
        digest.update(content)
        count, shards = count + len(some), shards + 1
        on_progress(count, count, "listing")
    if not count:
        raise DataError(f"{', '.join(job.sources)}: holds no items for this model")
    whole = replace(job, items=count, shards=shards, plan_sha256=digest.hexdigest())
    store.write(JOB, json.dumps({"layout": LAYOUT, **asdict(whole), "key": whole.key}, indent=1).encode())
    return whole


def read_job(store: Store) -> Job | None:
    """The job that is written down in a store; None where there is none.

    Raises:
        DataError: it is damaged, or of a newer SeeSay.
    """
    content = store.read(JOB)
    if content is None:
        return None
    try:
        values = json.loads(content)
        if values.pop("layout") > LAYOUT:
            raise DataError(f"{store.name}/{JOB}: is of a newer SeeSay: pip install --upgrade seesay")
        key = values.pop("key")
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        job = Job(**plain)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{store.name}/{JOB}: is damaged ({error}); begin again in another folder") from error
    if job.key != key:
        raise DataError(f"{store.name}/{JOB}: was changed by hand; begin again in another folder")
    return job


def known_job(store: Store) -> Job:
    """As `read_job`, where there must be one.

    Raises:
        UsageError: there is none.
    """
    job = read_job(store)
    if job is None:
        begin = f"seesay corpus caption SOURCE --out {store.name}"
        raise UsageError(f"{store.name}: holds no corpus job; begin one: {begin}")
    return job


def read_plan(store: Store, shard: int) -> list[Item]:
    """The items of a shard.

    Raises:
        DataError: its list is missing.
    """
    content = store.read(plan_file(shard))
    if content is None:
        raise DataError(f"{store.name}/{plan_file(shard)}: is missing; begin again in another folder")
    return [Item.from_line(line) for line in content.decode("ascii").splitlines()]


def committed(store: Store) -> set[int]:
    """The shards that have a record."""
    return {int(one[-13:-5]) for one in store.list("records") if one.endswith(".json")}


def read_record(store: Store, shard: int) -> dict[str, Any] | None:
    """A shard's record; None where it has none.

    Raises:
        DataError: it is damaged.
    """
    content = store.read(record_file(shard))
    if content is None:
        return None
    try:
        found: dict[str, Any] = json.loads(content)
        assert {"rows", "bad", "bytes", "sha256"} <= set(found)
    except (ValueError, AssertionError, TypeError) as error:
        raise DataError(f"{store.name}/{record_file(shard)}: is damaged; run seesay corpus verify --repair") from error
    return found


def records(store: Store) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every shard's record, in order, one at a time."""
    for shard in sorted(committed(store)):
        record = read_record(store, shard)
        if record is not None:
            yield shard, record
