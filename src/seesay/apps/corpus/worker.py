"""A worker: one model in a process of its own, which opens the items of one shard after the other, asks the model, and
commits the shard. It may be killed at any time.

Started by `runner` as `python -m seesay.apps.corpus.worker`; takes a JSON line for each shard on standard input and
answers with one on standard output. Rows that are done are kept in a spool, so that its successor goes on there.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

import numpy as np

from seesay.addresses import is_address
from seesay.apps.corpus.board import NETWORKS, Board
from seesay.apps.corpus.items import Item, open_item, shown_path
from seesay.apps.corpus.job import Job, known_job, read_plan, record_file
from seesay.apps.corpus.shards import read_shard, write_shard
from seesay.apps.corpus.store import Store, open_store, sha256_of
from seesay.apps.corpus.tasks import TASKS, CorpusTask, Row, model_sha256
from seesay.errors import DataError, MediaError, SeeSayError
from seesay.media.stream import in_order
from seesay.printable import printable

_PAUSE = 0.2
"""Seconds before an item is opened again, doubled each time: an object store may be short of breath."""


class ShardWorker:
    """Does shards of one job.

    Args:
        store: the job's.
        job: what is done.
        task: its model.
        board: shows what is in hand.
        openers: threads that open items.
        attempts: times that an item is opened before it counts as bad.
    """

    def __init__(self, store: Store, job: Job, task: CorpusTask, board: Board, openers: int, attempts: int) -> None:
        self.store, self.job, self.task, self.board = store, job, task, board
        self.openers, self.attempts = openers, attempts

    def do(
        self,
        shard: int,
        skip: Mapping[int, str],
        spool: Path | None = None,
        *,
        careful: bool = False,
        again: bool = False,
    ) -> dict[str, Any]:
        """Do a shard and commit it.

        Args:
            shard: its number.
            skip: items that are not opened any more, and why.
            spool: file of rows that are done; read first, then added to.
            careful: open one item at a time, and none while the networks work, so that a crash names its item.
            again: of a committed shard only the bad items; good rows stay as they are.

        Returns:
            The shard's record.
        """
        items = read_plan(self.store, shard)
        rows = self._good_rows(shard) if again else {}
        rows |= _read_spool(spool)
        self.board.clear()
        with spool.open("a", encoding="ascii") if spool else contextlib.nullcontext() as kept:
            self._missing(items, rows, skip, kept, careful)
        return self._commit(shard, items, [rows[n] for n in range(len(items))])

    def _missing(
        self, items: list[Item], rows: dict[int, Row], skip: Mapping[int, str], kept: IO[str] | None, careful: bool
    ) -> None:
        """Add the rows that lack, batch by batch; a batch has its own places whatever of it is already there."""
        size = self.job.batch
        batches = [range(first, min(first + size, len(items))) for first in range(0, len(items), size)]
        batches = [batch for batch in batches if not all(n in rows for n in batch)]
        wanted = [n for batch in batches for n in batch if n not in rows]
        done, bad = len(rows), sum(row["error"] is not None for row in rows.values())
        self.board.count(done, bad)
        with contextlib.closing(self._opened(items, wanted, skip, careful)) as opened:
            for batch in batches:
                arrays: Any = None
                found: dict[int, str] = {}
                todo = [n for n in batch if n not in rows]
                for n in todo:
                    result = next(opened)
                    if isinstance(result, str):
                        found[n] = result
                        continue
                    if arrays is None:
                        arrays = np.zeros((len(batch), *result.shape), result.dtype)
                    arrays[n - batch[0]] = result
                answers: list[Row] = []
                if arrays is not None:
                    self.board.take(NETWORKS, batch[0])
                    answers = self.task.answer(arrays)
                    self.board.leave(NETWORKS)
                for n in todo:
                    error = found.get(n)
                    answer = self.task.empty if error is not None else answers[n - batch[0]]
                    rows[n] = self._row(items[n], answer, error)
                    bad += error is not None
                if kept is not None:
                    kept.write("".join(f"{json.dumps([n, rows[n]])}\n" for n in todo))
                    kept.flush()
                done += len(todo)
                self.board.count(done, bad)

    def _row(self, item: Item, answer: Row, error: str | None) -> Row:
        known = {} if item.id is None else {"id": item.id}
        return {"path": shown_path(item.path), **known, **answer, "model": self.task.name, "error": error}

    def _opened(
        self, items: list[Item], wanted: list[int], skip: Mapping[int, str], careful: bool
    ) -> Generator[np.ndarray[Any, Any] | str, None, None]:
        """The array of each wanted item, or why there is none."""
        slots: SimpleQueue[int] = SimpleQueue()
        for slot in range(self.openers):
            slots.put(NETWORKS + 1 + slot)

        def load(number: int) -> np.ndarray[Any, Any] | str:
            if number in skip:
                return skip[number]
            slot = slots.get()
            self.board.take(slot, number)
            try:
                return self._load(items[number])
            finally:
                self.board.leave(slot)
                slots.put(slot)

        if careful:
            yield from map(load, wanted)
            return
        with contextlib.closing(in_order(load, wanted, self.openers, self.job.batch + self.openers)) as results:
            for result in results:
                assert not isinstance(result, MediaError)  # `load` gives its text
                yield result

    def _load(self, item: Item) -> np.ndarray[Any, Any] | str:
        reason = ""
        for attempt in range(self.attempts):
            if attempt and is_address(item.path):
                time.sleep(_PAUSE * 2**attempt)
            try:
                return self.task.preprocessing.load(open_item(item))
            except MediaError as error:
                reason = str(error)
            except MemoryError:
                reason = f"{printable(item.path)}: not enough memory for it"
            except Exception as error:  # a fault of a decoder, or of ours: it must not stop the others
                reason = f"{printable(item.path)}: {type(error).__name__}: {printable(error)}"
        return reason

    def _good_rows(self, shard: int) -> dict[int, Row]:
        try:
            with self.store.open(self.job.shard_file(shard)) as handle:
                rows = list(read_shard(self.job.format, handle))
        except FileNotFoundError:
            return {}
        return {n: _tidy(row) for n, row in enumerate(rows) if row["error"] is None}

    def _commit(self, shard: int, items: list[Item], rows: list[Row]) -> dict[str, Any]:
        """Write the shard whole, then the record that makes it count."""
        file = self.job.shard_file(shard)
        bad = [
            {"item": n, "path": row["path"], "error": row["error"]}
            for n, row in enumerate(rows)
            if row["error"] is not None
        ]
        self.store.delete(record_file(shard))  # of what is written anew
        with self.store.writing(file) as part:
            write_shard(self.job.format, part, list(zip(items, rows, strict=True)), self.task)
        digest, size = sha256_of(self.store, file)
        record = {
            "shard": shard,
            "file": file,
            "rows": len(rows),
            "bad": bad,
            "bytes": size,
            "sha256": digest,
            "key": self.job.key,
        }
        self.store.write(record_file(shard), json.dumps(record).encode("utf-8"))
        return record


def _tidy(row: Row) -> Row:
    """A row as `_row` makes it: Parquet names every key, with null where there is nothing."""
    if row.get("id", "") is None:
        del row["id"]
    row["error"] = row.get("error")
    for caption in row.get("captions", ()):
        for name in [name for name, value in caption.items() if value is None]:
            del caption[name]
    return row


def _read_spool(spool: Path | None) -> dict[int, Row]:
    """Rows that were done; a last line that was cut off is not."""
    if spool is None or not spool.exists():
        return {}
    found: dict[int, Row] = {}
    content = spool.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        spool.write_bytes(whole)
    for line in whole.splitlines():
        number, row = json.loads(line)
        found[number] = row
    return found


def load_task(job: Job) -> CorpusTask:
    """The job's model.

    Raises:
        DataError: this machine has another model of that name.
    """
    if job.model_sha256 and model_sha256(job.task, job.models) != job.model_sha256:
        raise DataError(f"{', '.join(job.models) or 'the embedded model'}: is another one here than the job began with")
    task: CorpusTask = TASKS[job.task](job.models, job.options, job.threads)
    return task


def main() -> None:
    """Load the model, say so, and do shards until standard input is closed."""
    source, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    for name in ("SIGINT", "SIGHUP"):  # for the one who started it, and who closes the pipe then
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)

    def say(**message: Any) -> None:
        out.write(json.dumps(message).encode() + b"\n")
        out.flush()

    given = json.loads(sys.argv[1])
    orders: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def listen() -> None:
        for line in source:
            orders.put(json.loads(line))
        os._exit(0)  # nobody is there any more

    try:
        store = open_store(given["dest"])
        job = known_job(store)
        with contextlib.suppress(OSError):
            os.chdir(job.folder)
        board = Board(Path(given["board"]), given["openers"] + 1)
        worker = ShardWorker(store, job, load_task(job), board, given["openers"], given["attempts"])
    except SeeSayError as error:
        say(event="refused", error=str(error), kind=type(error).__name__)
        return
    threading.Thread(target=listen, daemon=True).start()
    say(event="ready")
    while True:
        order = orders.get()
        skip = {int(number): why for number, why in order["skip"].items()}
        try:
            spool = Path(given["spool"])
            record = worker.do(order["shard"], skip, spool, careful=order["careful"], again=order["again"])
        except Exception as error:  # a full disk, a store that does not answer, a fault of the networks
            text = str(error) if isinstance(error, SeeSayError) else f"{type(error).__name__}: {error}"
            say(event="failed", error=text)
        else:
            say(event="done", record=record)


if __name__ == "__main__":
    main()
