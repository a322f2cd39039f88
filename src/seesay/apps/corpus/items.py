"""One photo or clip of a corpus: what it is called, and where its bytes lie."""

from __future__ import annotations

import base64
import binascii
import io
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from seesay.addresses import filesystem, is_address, local_path, open_binary, read_part
from seesay.errors import MediaError, SeeSayError
from seesay.media.source import MAX_BYTES
from seesay.printable import printable

Place = tuple[Any, ...]


@dataclass(frozen=True)
class Item:
    """One photo, clip, text or sound.

    Attributes:
        path: its file or address; of a part of a file `file#part`.
        id: what the source calls it, where it does: a table's `id`, a WebDataset key.
        place: where the bytes are, where that is no whole file: `("part", file, offset, size)` of a tar,
            `("row", file, row group, row, column)` of Parquet, `("line", file, offset, size, column)` of JSONL with
            base64.
    """

    path: str
    id: str | None = None
    place: Place | None = None

    def to_line(self) -> str:
        """One line of ASCII JSON; bytes of a name that are no UTF-8 survive."""
        return json.dumps([self.path, self.id, self.place])

    @classmethod
    def from_line(cls, line: str) -> Item:
        """What `to_line` gave."""
        path, known, place = json.loads(line)
        return cls(path, known, None if place is None else tuple(place))


def shown_path(path: str) -> str:
    r"""A path as valid Unicode for rows: bytes that are no UTF-8 are written as `\xff`."""
    try:
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return path.encode("utf-8", "backslashreplace").decode()


class Content(io.BytesIO):
    """The bytes of an item under its own name, which messages show."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(data)
        self.name = name


def open_item(item: Item) -> Any:
    """What a model's preprocessing takes: a local file's path, else the bytes under the item's name.

    Raises:
        MediaError: the bytes cannot be had.
    """
    if item.place is None:
        path = local_path(item.path)
        if path is not None:
            return path
    return Content(item.path, read_item(item))


def read_item(item: Item) -> bytes:
    """The bytes of an item, at most `MAX_BYTES`.

    Raises:
        MediaError: they cannot be had; the message names the item.
    """
    try:
        data = _bytes_of(item)
    except SeeSayError as error:
        raise MediaError(str(error)) from error
    except Exception as error:  # object stores have exceptions of their own
        reason = printable(getattr(error, "strerror", None) or error) or type(error).__name__
        raise MediaError(f"{printable(item.path)}: cannot be read ({reason})") from error
    if len(data) > MAX_BYTES:
        raise MediaError(f"{printable(item.path)}: more than {MAX_BYTES >> 20} MiB")
    if not data:
        raise MediaError(f"{printable(item.path)}: there are no bytes")
    return data


def _bytes_of(item: Item) -> bytes:
    if item.place is None:
        if is_address(item.path) and local_path(item.path) is None:
            system, inside = filesystem(item.path)
            size = int(system.size(inside) or 0)
            if size > MAX_BYTES:
                raise MediaError(f"{printable(item.path)}: has {size} bytes; at most {MAX_BYTES} are read")
            return bytes(system.cat_file(inside))
        with open_binary(item.path) as handle:
            return handle.read(MAX_BYTES + 1)
    kind, file, *rest = item.place
    if kind == "row":
        group, row, column = rest
        return bytes(_group(file, group, column)[row] or b"")
    offset, size = rest[:2]
    data = read_part(file, offset, min(size, MAX_BYTES + 1))
    if kind == "part":
        if len(data) < min(size, MAX_BYTES + 1):
            raise MediaError(f"{printable(item.path)}: the file ends before it does")
        return data
    try:
        return base64.b64decode(json.loads(data)[rest[2]], validate=True)
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise MediaError(f"{printable(item.path)}: {rest[2]} holds no base64 ({printable(error)})") from error


@lru_cache(maxsize=2)
def _group(file: str, group: int, column: str) -> Any:
    """A column of a Parquet row group; items come in order, so the last ones are kept."""
    import pyarrow.parquet as parquet

    with open_binary(file) as handle:
        return parquet.ParquetFile(handle).read_row_group(group, columns=[column]).column(column).to_pylist()
