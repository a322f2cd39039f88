"""Encoded pictures on disk: memory-mapped float16 shards and an index, safe to kill at any moment.

    FOLDER/<hash of key>/key.json        encoder, weights and preprocessing, readable
                         index.jsonl     one line for each picture: path, fingerprint, row
                         grid-000.f16    rows of (N, D) float16, SHARD rows in a file
                         pooled-000.f16  rows of (D,) float16

Rows are written and flushed to disk before the index names them, so every line of the index speaks the truth; a torn
last line is dropped by the next writer. Another encoder has another folder, another picture another fingerprint.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from seesay.data.sample import Sample
from seesay.errors import DataError

SHARD = 4096
Half = NDArray[np.float16]


class FeatureCache:
    """Features of pictures for one encoder.

    Args:
        directory: of all caches; this one is a folder in it.
        key: what the features depend on, plain JSON: encoder, weights, preprocessing.
        grid_shape: (N, D) of a picture's grid; None keeps none.
        pooled_dim: D of a picture's pooled vector; None keeps none.

    Raises:
        DataError: the folder cannot be written or read.
    """

    def __init__(
        self, directory: Path, key: Mapping[str, Any], *, grid_shape: tuple[int, int] | None, pooled_dim: int | None
    ) -> None:
        self._shapes: dict[str, tuple[int, ...]] = {}
        if grid_shape is not None:
            self._shapes["grid"] = grid_shape
        if pooled_dim is not None:
            self._shapes["pooled"] = (pooled_dim,)
        whole = {**key, "shapes": {name: list(shape) for name, shape in self._shapes.items()}}
        text = json.dumps(whole, sort_keys=True, indent=1)
        self.folder = directory / hashlib.sha256(text.encode()).hexdigest()[:20]
        self._lock: BinaryIO | None = None
        self._maps: dict[tuple[str, int], Half] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / "key.json").exists():
                (self.folder / "key.json").write_text(text, "utf-8")
            self._rows, self._index_end = self._read_index()
        except OSError as error:
            raise DataError(f"{self.folder}: the feature cache cannot be used ({error.strerror})") from error

    def __enter__(self) -> FeatureCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let other processes write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        self._maps.clear()

    def __len__(self) -> int:
        return len(self._rows)

    def missing(self, samples: Iterable[Sample]) -> list[Sample]:
        """The samples whose features are not here, or are of an earlier state of the picture."""
        return [s for s in samples if self._rows.get(_name(s), ("", -1))[0] != fingerprint(s.media)]

    def write(self, samples: Sequence[Sample], **features: Half) -> None:
        """Add rows: `grid=` (B, N, D) and `pooled=` (B, D) float16, as the cache keeps them.

        Raises:
            DataError: no space is left, or another process writes to this cache; what was written before is whole.
        """
        try:
            self._claim()
            first = 1 + max((row for _, row in self._rows.values()), default=-1)
            marks = [fingerprint(sample.media) for sample in samples]
            for name, shape in self._shapes.items():
                values = np.ascontiguousarray(features[name], np.float16)
                if values.shape != (len(samples), *shape):
                    raise ValueError(f"{name} has shape {values.shape}, not {(len(samples), *shape)}")
                self._write_rows(name, first, values)
            entries = [
                {"path": _name(sample), "mark": mark, "row": row}
                for row, (sample, mark) in enumerate(zip(samples, marks, strict=True), first)
            ]
            lines = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
            self._write_at(self.folder / "index.jsonl", self._index_end, lines)
            self._index_end += len(lines)
            self._rows.update({str(e["path"]): (str(e["mark"]), int(str(e["row"]))) for e in entries})
        except OSError as error:
            raise DataError(
                f"{self.folder}: features not written ({error.strerror or error}); "
                "what is there is kept, run again to go on"
            ) from error

    def grid(self, samples: Sequence[Sample]) -> Half:
        """(B, N, D) float16."""
        return self._take("grid", samples)

    def pooled(self, samples: Sequence[Sample]) -> Half:
        """(B, D) float16."""
        return self._take("pooled", samples)

    def _take(self, name: str, samples: Sequence[Sample]) -> Half:
        out = np.empty((len(samples), *self._shapes[name]), np.float16)
        for place, sample in enumerate(samples):
            entry = self._rows.get(_name(sample))
            if entry is None:
                raise DataError(f"{sample.media}: has no features in {self.folder}; extract them first")
            shard, row = divmod(entry[1], SHARD)
            out[place] = self._map(name, shard, row)[row]
        return out

    def _map(self, name: str, shard: int, row: int) -> Half:
        """A shard as it lies on disk; mapped anew when it has grown past `row`."""
        known = self._maps.get((name, shard))
        if known is None or len(known) <= row:
            file, shape = self._shard(name, shard), self._shapes[name]
            size = 2 * int(np.prod(shape))
            known = np.memmap(file, np.float16, "r", shape=(file.stat().st_size // size, *shape))
            self._maps[name, shard] = known
        return known

    def _shard(self, name: str, shard: int) -> Path:
        return self.folder / f"{name}-{shard:03}.f16"

    def _write_rows(self, name: str, first: int, values: Half) -> None:
        size = 2 * int(np.prod(self._shapes[name]))
        while len(values):
            shard, row = divmod(first, SHARD)
            part, values = values[: SHARD - row], values[SHARD - row :]
            self._write_at(self._shard(name, shard), row * size, part.tobytes())
            first += len(part)

    @staticmethod
    def _write_at(file: Path, offset: int, data: bytes) -> None:
        """Write and flush to disk; what a killed run left after `offset` goes."""
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        with os.fdopen(descriptor, "r+b") as handle:
            handle.truncate(offset)
            handle.seek(offset)
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())

    def _read_index(self) -> tuple[dict[str, tuple[str, int]], int]:
        """Path → (fingerprint, row), and where the last whole line ends."""
        try:
            text = (self.folder / "index.jsonl").read_bytes()
        except FileNotFoundError:
            return {}, 0
        end = text.rfind(b"\n") + 1
        rows = {}
        for line in text[:end].splitlines():
            entry = json.loads(line)
            rows[entry["path"]] = (entry["mark"], entry["row"])
        return rows, end

    def _claim(self) -> None:
        """Become the one writer; a lock goes with the process that holds it, however it ends."""
        if self._lock is not None:
            return
        self._lock = (self.folder / "lock").open("wb")
        try:
            import fcntl
        except ImportError:  # Windows: one writer is up to the user
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise DataError(
                f"{self.folder}: another process writes to this feature cache; wait for it to end"
            ) from None
        self._rows, self._index_end = self._read_index()  # another may have written since


def fingerprint(path: Path) -> str:
    """A picture's size and time of change: another picture in its place has another."""
    try:
        status = path.stat()
    except OSError:
        return "missing"
    return f"{status.st_size}-{status.st_mtime_ns}"


def _name(sample: Sample) -> str:
    return os.path.abspath(sample.media)  # noqa: PTH100 - links are not followed: the path is the name
