"""Where the items of a corpus job come from; listed one after the other, however many there are."""

from __future__ import annotations

import csv
import glob
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from seesay.addresses import expand, filesystem, is_address, local_path, open_binary, with_protocol
from seesay.apps.corpus.items import Item
from seesay.errors import DataError, MissingPartError
from seesay.extras import lacking
from seesay.media import find_endings, find_media, find_pictures
from seesay.media.find import LeftOut
from seesay.media.modality import CLIP_SUFFIXES, SOUND_SUFFIXES, SUFFIXES, TEXT_SUFFIXES, Modality
from seesay.media.source import is_url
from seesay.printable import printable

KINDS = ("list", "csv", "jsonl", "parquet", "tar")
"""Of files that name or hold items; `KIND:FILE`, or by the file's ending."""
PATHS = ("path", "file", "filename", "file_name", "image", "url")
BYTES = ("bytes", "image", "data")
"""Names of columns that are looked for."""
_ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".tar": "tar"}
_READ: dict[str, tuple[str, ...]] = {
    "picture": tuple(SUFFIXES),
    "clip": (*CLIP_SUFFIXES, ".gif", ".webp"),
    "text": tuple(TEXT_SUFFIXES),
    "sound": tuple(SOUND_SUFFIXES),
}
_LONGEST_LINE = 1 << 28


def list_items(
    sources: Sequence[str], reads: Modality, *, column: str | None = None, left_out: LeftOut | None = None
) -> Iterator[Item]:
    """Every item that these sources hold, in an order that depends on their names alone.

    - Folders, files and globs, local ones as `seesay caption` takes them; `-` reads a list from standard input.
    - `list:FILE`: a name a line. `csv:FILE`, `jsonl:FILE`, `parquet:FILE`: tables with a column of paths or, of JSONL
      in base64 and of Parquet, of bytes. Relative paths count from the table's folder.
    - `tar:FILE`: WebDataset tars, not compressed. The ending names the kind where no KIND does.
    - Any of these at an fsspec address (`s3://bucket/photos/`), with `{000..099}` and `*`.

    Args:
        sources: see above.
        reads: what the model reads; decides which files of folders and tars are items.
        column: of tables; None for the first of `PATHS` and `BYTES` that they have.
        left_out: of local folders, see `find_pictures`.

    Raises:
        DataError: a table or tar cannot be read; the message names file and line.
        UsageError: a source that is none, for example a web address.
    """
    for source in sources:
        kind, place = split_kind(source)
        if is_url(place):
            filesystem(place)  # refuses it
        if kind is not None:
            for file in expand(place):
                yield from _READERS[kind](file, reads, column)
        elif local_path(place) is not None:
            local = place[7:] if place.lower().startswith("file://") else place
            yield from _local(local, reads, left_out)
        else:
            for one in expand(place):
                yield from _remote(one, reads)


def split_kind(source: str) -> tuple[str | None, str]:
    """`KIND:PLACE` in its parts; the kind by the ending where it is not named, None for folders and media."""
    kind, colon, place = source.partition(":")
    if colon and kind in KINDS and not place.startswith("//"):
        return kind, place
    path = local_path(source)
    if path is not None and path.is_dir():
        return None, source
    return _ENDINGS.get(PurePosixPath(source).suffix.lower()), source


def _local(place: str, reads: Modality, left_out: LeftOut | None) -> Iterator[Item]:
    if place != "-" and not os.path.lexists(place) and not (glob.has_magic(place) and any(glob.iglob(place))):  # noqa: PTH207
        raise DataError(f"{printable(place)}: there is no such file or folder")
    found: Iterator[Any]
    if reads == "picture":
        found = find_pictures([place], left_out=left_out)
    elif reads == "clip":
        found = (one for one, _ in find_media([place], left_out=left_out))
    else:
        found = find_endings([place], _READ[reads])
    for one in found:
        yield Item(str(one))


def _remote(address: str, reads: Modality) -> Iterator[Item]:
    """The files below a folder of an object store, folder by folder, sorted; or one file."""
    system, root = filesystem(address)
    try:
        if system.isfile(root):
            yield Item(address)
            return
        todo = [root]
        empty = True
        while todo:
            folder = todo.pop()
            entries = sorted(system.ls(folder, detail=True), key=lambda entry: str(entry["name"]))
            if hasattr(system, "dircache"):
                system.dircache.clear()  # else it keeps every name for good
            for entry in entries:
                name = str(entry["name"])
                if entry["type"] != "directory" and PurePosixPath(name).suffix.lower() in _READ[reads]:
                    empty = False
                    yield Item(with_protocol(address, name))
            todo += [str(entry["name"]) for entry in reversed(entries) if entry["type"] == "directory"]
    except OSError as error:
        raise DataError(f"{printable(address)}: cannot be listed ({printable(error)})") from error
    if empty:
        raise DataError(f"{printable(address)}: holds no file with an ending of a {reads}")


def _beside(table: str, path: str) -> str:
    """A path of a table: relative ones count from its folder."""
    if is_address(path) or path.startswith("/") or Path(path).is_absolute():
        return path
    if is_address(table) and local_path(table) is None:
        return f"{table.rpartition('/')[0]}/{path}"
    return str(Path(table).parent / path)


def _list(file: str, reads: Modality, column: str | None) -> Iterator[Item]:
    with open_binary(file) as handle:
        for line in handle:
            name = line.decode("utf-8", "surrogateescape").removeprefix("\ufeff").rstrip("\r\n")
            if name:
                yield Item(_beside(file, name))


def _csv(file: str, reads: Modality, column: str | None) -> Iterator[Item]:
    with open_binary(file) as handle, io.TextIOWrapper(handle, "utf-8-sig", newline="") as text:
        rows = csv.DictReader(text)
        try:
            name = _chosen(file, rows.fieldnames or [], column, PATHS)
            for row in rows:
                yield _of_row(file, f"{file}:{rows.line_num}", row, name)
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{printable(file)}:{rows.line_num}: cannot be read as CSV ({printable(error)})") from error


def _jsonl(file: str, reads: Modality, column: str | None) -> Iterator[Item]:
    offset = number = 0
    with open_binary(file) as handle:
        while line := handle.readline(_LONGEST_LINE):
            number += 1
            where, start, offset = f"{file}:{number}", offset, offset + len(line)
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{printable(where)}: is no JSON ({printable(error)})") from None
            if not isinstance(row, dict):
                raise DataError(f"{printable(where)}: is no JSON object")
            name = _chosen(where, list(row), column, (*PATHS, *BYTES))
            if name in BYTES and name not in PATHS:
                known = row.get("id")
                yield Item(f"{file}#{number}", _id(known), ("line", file, start, len(line), name))
            else:
                yield _of_row(file, where, row, name)


def _of_row(file: str, where: str, row: dict[str, Any], name: str) -> Item:
    path = row.get(name)
    if not isinstance(path, str) or not path:
        raise DataError(f"{printable(where)}: {name} holds no path")
    return Item(_beside(file, path), _id(row.get("id")))


def _id(known: Any) -> str | None:
    return None if known is None or known == "" else str(known)


def _parquet(file: str, reads: Modality, column: str | None) -> Iterator[Item]:
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        raise MissingPartError(f"Parquet needs {lacking('pyarrow')}") from None
    with open_binary(file) as handle:
        try:
            table = parquet.ParquetFile(handle)
            schema = table.schema_arrow
            name = _chosen(file, schema.names, column, (*PATHS, *BYTES))
            type_ = schema.field(name).type
            held = arrow.types.is_binary(type_) or arrow.types.is_large_binary(type_)
            wanted = [one for one in ("id", *([] if held else [name])) if one in schema.names]
            row = 0
            for group in range(table.num_row_groups):
                count = table.metadata.row_group(group).num_rows
                columns = table.read_row_group(group, columns=wanted).to_pydict() if wanted else {}
                for place in range(count):
                    row += 1
                    known = _id(columns["id"][place]) if "id" in columns else None
                    if held:
                        yield Item(f"{file}#{row}", known, ("row", file, group, place, name))
                    else:
                        yield _of_row(file, f"{file}#{row}", {name: columns[name][place], "id": known}, name)
        except arrow.ArrowException as error:
            raise DataError(f"{printable(file)}: cannot be read as Parquet ({printable(error)})") from error


def _chosen(where: str, names: Sequence[str], column: str | None, known: Sequence[str]) -> str:
    """The column that holds paths or bytes.

    Raises:
        DataError: there is none.
    """
    found = [one for one in ([column] if column else known) if one in names]
    if found:
        return found[0]
    wanted = repr(column) if column else f"called {', '.join(dict.fromkeys(known))}"
    raise DataError(
        f"{printable(where)}: has no column {wanted}; its columns: {printable(', '.join(names)) or 'none'}. "
        "Name the one with --column"
    )


def _tar(file: str, reads: Modality, column: str | None) -> Iterator[Item]:
    """The members of a WebDataset tar that the model reads; their key is the name up to its first dot."""
    with open_binary(file) as handle:
        try:
            with tarfile.open(fileobj=handle, mode="r:") as tar:
                for member in tar:
                    tar.members = []  # type: ignore[attr-defined] # else it keeps every header
                    path = PurePosixPath(member.name)
                    if member.isreg() and path.suffix.lower() in _READ[reads]:
                        key = str(path.with_name(path.name.partition(".")[0]))
                        place = ("part", file, member.offset_data, member.size)
                        yield Item(f"{file}#{member.name}", key, place)
        except (tarfile.TarError, EOFError) as error:
            packed = "; a compressed tar cannot be read in parts: unpack it" if file.endswith("gz") else ""
            raise DataError(f"{printable(file)}: cannot be read as tar ({printable(error)}){packed}") from error


_READERS: dict[str, Callable[[str, Modality, str | None], Iterator[Item]]] = {
    "list": _list,
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "tar": _tar,
}
