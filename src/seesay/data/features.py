"""Encoded pictures on disk: memory-mapped float16 shards and an index, safe to kill at any moment.

    FOLDER/<hash of key>/key.json        encoder, weights and preprocessing, readable
                         index.jsonl     one line for each picture: path, fingerprint, row
                         grid-000.f16    rows of (N, D) float16, SHARD rows in a file
                         pooled-000.f16  rows of (D,) float16
                         lock            held by the one process that writes; others wait for it

Rows are written and flushed to disk before the index names them, so every line of the index speaks the truth; a torn
last line is dropped by the next writer. Another encoder has another folder, another picture another fingerprint.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from seesay.data.sample import Sample
from seesay.errors import DataError
from seesay.files import only_writer, write_whole
from seesay.media.packed import PackedFile

SHARD = 4096
WAIT = 1.0
"""Seconds between two looks at whether another process still writes."""
log = logging.getLogger("seesay.data")
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
        self,
        directory: Path,
        key: Mapping[str, Any],
        *,
        grid_shape: tuple[int, int] | None = None,
        pooled_dim: int | None = None,
    ) -> None:
        self._shapes: dict[str, tuple[int, ...]] = {}
        if grid_shape is not None:
            self._shapes["grid"] = grid_shape
        if pooled_dim is not None:
            self._shapes["pooled"] = (pooled_dim,)
        whole = {**key, "shapes": {name: list(shape) for name, shape in self._shapes.items()}}
        text = json.dumps(whole, sort_keys=True, indent=1)
        self.folder = directory / hashlib.sha256(text.encode()).hexdigest()[:20]
        self._encoder = str(key.get("encoder", "the encoder"))
        self._lock: BinaryIO | None = None
        self._maps: dict[tuple[str, int], Half] = {}
        self._asked: dict[str, str | None] = {}  # path → fingerprint before it was decoded
        self._rows: dict[str, tuple[str, int]] = {}  # path → fingerprint, row
        self._next = self._index_end = 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (file := self.folder / "key.json").exists() or file.read_text("utf-8") != text:
                write_whole(file, text)
            self._read_index()
        except OSError as error:
            raise DataError(f"{self.folder}: the feature cache cannot be used ({error.strerror or error})") from error

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
        """The samples whose features are not here, or are of an earlier state of the picture.

        Ask before the pictures are decoded: `write` keeps the fingerprints seen here, so that a picture that changes
        in between is missing again next time.
        """
        found = []
        for sample in samples:
            name, mark = _name(sample), fingerprint(sample.media)
            if mark is None or self._rows.get(name, ("", -1))[0] != mark:
                self._asked[name] = mark
                found.append(sample)
        return found

    def write(self, samples: Sequence[Sample], **features: Half) -> None:
        """Add rows: `grid=` (B, N, D) and `pooled=` (B, D) float16, as the cache keeps them.

        While another process writes to this cache, wait for it (`claim`).

        Raises:
            DataError: no space is left, or a picture's features are not finite; what was written before is whole.
        """
        for name, shape in self._shapes.items():
            if features[name].shape != (len(samples), *shape):
                raise ValueError(f"{name} has shape {features[name].shape}, not {(len(samples), *shape)}")
            self._check_finite(samples, features[name])
        self.claim()
        try:
            first, entries = self._next, []
            for row, sample in enumerate(samples, first):
                name = _name(sample)
                mark = self._asked[name] if name in self._asked else fingerprint(sample.media)
                if mark is not None:  # a picture that is not there has features of nothing
                    entries.append({"path": name, "mark": mark, "row": row})
            for name in self._shapes:
                self._write_rows(name, first, np.ascontiguousarray(features[name], np.float16))
            lines = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
            _write_at(self.folder / "index.jsonl", self._index_end, lines, last=True)
        except OSError as error:
            raise DataError(
                f"{self.folder}: features not written ({error.strerror or error}); "
                "what is there is kept, run again to go on"
            ) from error
        self._index_end += len(lines)
        self._next = first + len(samples)
        self._rows.update({str(e["path"]): (str(e["mark"]), int(str(e["row"]))) for e in entries})
        for sample in samples:
            self._asked.pop(_name(sample), None)

    def claim(self) -> None:
        """Become the one process that writes, waiting for another to end; then what that one wrote is known here.

        Raises:
            DataError: the folder's file system knows no locks, or it cannot be written.
        """
        if self._lock is not None:
            return
        waiting = False
        try:
            while self._lock is None:
                try:
                    self._lock = only_writer(self.folder / "lock")
                except DataError:
                    if not waiting:
                        log.warning("%s: another process fills this feature cache; waiting for it to end", self.folder)
                        waiting = True
                    time.sleep(WAIT)
            self._read_index()
        except OSError as error:
            raise DataError(f"{self.folder}: features not written ({error.strerror or error})") from error

    def _check_finite(self, samples: Sequence[Sample], values: Half) -> None:
        whole = np.isfinite(values).reshape(len(samples), -1).all(1)
        if not whole.all():
            raise DataError(
                f"{samples[int(whole.argmin())].media}: {self._encoder} makes numbers of it that are not finite, or "
                "past float16's 65,504, which the feature cache cannot keep; are its weights random? give trained "
                "ones (encoder.weights), or train the CNN from the first epoch (finetune.from_epoch=0)"
            )

    def grid(self, samples: Sequence[Sample]) -> Half:
        """(B, N, D) float16.

        Raises:
            DataError: a picture has no features here, or has changed since.
        """
        return self._take("grid", samples)

    def pooled(self, samples: Sequence[Sample]) -> Half:
        """(B, D) float16.

        Raises:
            DataError: a picture has no features here, or has changed since.
        """
        return self._take("pooled", samples)

    def _take(self, name: str, samples: Sequence[Sample]) -> Half:
        out = np.empty((len(samples), *self._shapes[name]), np.float16)
        for place, sample in enumerate(samples):
            mark, row = self._rows.get(_name(sample), (None, -1))
            if mark is None:
                raise DataError(f"{sample.media}: has no features in {self.folder}; extract them first")
            if mark != fingerprint(sample.media):
                raise DataError(f"{sample.media}: has changed since its features were extracted; extract them again")
            shard, row = divmod(row, SHARD)
            out[place] = self._map(name, shard, row)[row]
        return out

    def _map(self, name: str, shard: int, row: int) -> Half:
        """A shard as it lies on disk; mapped anew when it has grown past `row`."""
        known = self._maps.get((name, shard))
        if known is None or len(known) <= row:
            rows = self._rows_on_disk(name, shard)
            known = np.memmap(self._shard(name, shard), np.float16, "r", shape=(rows, *self._shapes[name]))
            self._maps[name, shard] = known
        return known

    def _shard(self, name: str, shard: int) -> Path:
        return self.folder / f"{name}-{shard:03}.f16"

    def _row_size(self, name: str) -> int:
        return 2 * int(np.prod(self._shapes[name]))

    def _rows_on_disk(self, name: str, shard: int) -> int:
        file = self._shard(name, shard)
        return file.stat().st_size // self._row_size(name) if file.exists() else 0

    def _write_rows(self, name: str, first: int, values: Half) -> None:
        done = 0
        while done < len(values):
            shard, row = divmod(first + done, SHARD)
            part = values[done : done + SHARD - row]
            _write_at(self._shard(name, shard), row * self._row_size(name), part.tobytes())
            done += len(part)

    def _read_index(self) -> None:
        """Know what is here; lines that are damaged, or whose rows are not on disk, count as missing."""
        self._rows.clear()
        self._next = 0
        self._maps.clear()
        try:
            text = (self.folder / "index.jsonl").read_bytes()
        except FileNotFoundError:
            text = b""
        self._index_end = text.rfind(b"\n") + 1
        whole: dict[int, int] = {}
        for line in text[: self._index_end].split(b"\n"):
            try:
                entry = json.loads(line)
                path, mark, row = str(entry["path"]), str(entry["mark"]), int(entry["row"])
            except (ValueError, KeyError, TypeError):
                continue
            self._next = max(self._next, row + 1)
            shard, place = divmod(row, SHARD)
            if shard not in whole:
                whole[shard] = min((self._rows_on_disk(name, shard) for name in self._shapes), default=SHARD)
            if place < whole[shard]:
                self._rows[path] = (mark, row)
            else:
                self._rows.pop(path, None)


def fingerprint(path: Path) -> str | None:
    """A picture's size and time of change, None where there is no file: another picture in its place has another."""
    if isinstance(path, PackedFile):
        return path.mark
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{status.st_size}-{status.st_mtime_ns}"


def _name(sample: Sample) -> str:
    if isinstance(sample.media, PackedFile):
        return sample.media.address
    path = os.path.abspath(sample.media)  # noqa: PTH100 - links are not followed: the path is the name
    return path if sample.start is sample.end is None else f"{path}#{sample.start}-{sample.end}"


def _write_at(file: Path, offset: int, data: bytes, *, last: bool = False) -> None:
    """Write and flush to disk; `last` drops what a killed run left behind it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    with os.fdopen(descriptor, "r+b") as handle:
        if last:
            handle.truncate(offset)
        handle.seek(offset)
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
