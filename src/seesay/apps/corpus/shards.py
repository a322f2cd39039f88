"""Shards of answers: JSON lines, Parquet, or WebDataset tars with a `.json` beside each photo."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from seesay.apps.corpus.items import Item, read_item
from seesay.apps.corpus.tasks import CorpusTask, Row
from seesay.errors import MissingPartError
from seesay.extras import lacking

FORMATS = ("jsonl", "parquet", "tar")
Pairs = Sequence[tuple[Item, Row]]


def write_shard(form: str, file: Path, pairs: Pairs, task: CorpusTask) -> None:
    """Write the rows of a shard; what is written depends on nothing else.

    Args:
        form: one of `FORMATS`.
        file: to write to.
        pairs: each item and its row, in order.
        task: knows the columns of Parquet.

    Raises:
        MissingPartError: Parquet, and pyarrow is not installed.
    """
    _WRITERS[form](file, pairs, task)


def read_shard(form: str, handle: IO[bytes]) -> Iterator[Row]:
    """The rows of a shard, as they were given to `write_shard`; keys whose value is null may be left out."""
    return _READERS[form](handle)


def check_format(form: str) -> None:
    """Refuse a form of shards whose part is not installed.

    Raises:
        MissingPartError: Parquet, and pyarrow is not installed.
    """
    if form == "parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ModuleNotFoundError:
            raise MissingPartError(f"--format parquet needs {lacking('pyarrow')}") from None


def _line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _write_jsonl(file: Path, pairs: Pairs, task: CorpusTask) -> None:
    with file.open("wb") as handle:
        for _, row in pairs:
            handle.write(_line(row) + b"\n")


def _read_jsonl(handle: IO[bytes]) -> Iterator[Row]:
    for line in handle:
        yield json.loads(line)


def _write_parquet(file: Path, pairs: Pairs, task: CorpusTask) -> None:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    text = arrow.string()
    last = [arrow.field("model", text), arrow.field("error", text)]
    schema = arrow.schema([arrow.field("path", text), arrow.field("id", text), *task.columns(), *last])
    parquet.write_table(arrow.Table.from_pylist([row for _, row in pairs], schema), file, compression="zstd")


def _read_parquet(handle: IO[bytes]) -> Iterator[Row]:
    import pyarrow.parquet as parquet

    yield from parquet.ParquetFile(handle).read().to_pylist()


def _write_tar(file: Path, pairs: Pairs, task: CorpusTask) -> None:
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as tar:
        for number, (item, row) in enumerate(pairs):
            key = f"{number:08d}"
            if row["error"] is None:
                ending = PurePosixPath(item.path).suffix.lower() or ".bin"
                add_member(tar, f"{key}{ending}", read_item(item))
            add_member(tar, f"{key}.json", _line(row))


def _read_tar(handle: IO[bytes]) -> Iterator[Row]:
    with tarfile.open(fileobj=handle, mode="r:") as tar:
        for member in tar:
            if member.name.endswith(".json"):
                opened = tar.extractfile(member)
                assert opened is not None
                yield json.load(opened)


def add_member(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file to a tar; its header says nothing of time, owner or machine."""
    header = tarfile.TarInfo(name)
    header.size, header.mode = len(content), 0o644
    tar.addfile(header, io.BytesIO(content))


_WRITERS: dict[str, Callable[[Path, Pairs, CorpusTask], None]] = {
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
    "tar": _write_tar,
}
_READERS: dict[str, Callable[[IO[bytes]], Iterator[Row]]] = {
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
    "tar": _read_tar,
}
