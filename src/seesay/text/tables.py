"""Tables as people and programs save them: CSV in any of its dialects. The one reader of tables that SeeSay has."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from seesay.text.decoding import LINE_END

DELIMITERS = ",;\t|"
_SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?(?:\r\n|\n|\r|$)', re.I)  # Excel's word for the delimiter
_RAW_DELIMITERS = "\t|"  # tables parted by these are often written without any quoting


class TableError(ValueError):
    """Text that is no table; the message begins with the 1-based line."""


@dataclass(frozen=True)
class Table:
    """A table, parsed.

    Attributes:
        names: of the columns, as `column_name` has them.
        rows: each with the line on which it begins; blank rows are left out, and so are blank cells past the last
            column. A row may have more or fewer cells than there are columns.
        line: where the heading is.
        delimiter: between cells.
    """

    names: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    line: int
    delimiter: str


def column_name(cell: str) -> str:
    """A heading's cell for comparison: `Image Name`, `image-name` and `IMAGE_NAME` are all `image_name`."""
    return re.sub(r"[\s_-]+", "_", cell.strip().lower())


def heading(text: str, known: Collection[str]) -> tuple[str, list[str]]:
    """The delimiter and the cells of a table's first row; the delimiter that yields most of the known names.

    Args:
        text: of the whole table.
        known: names of columns, as `column_name` has them.
    """
    sep = _SEP_LINE.match(text)
    body = text[sep.end() :] if sep else text
    best = (-1, -1)
    chosen, cells = DELIMITERS[0], [""]
    for delimiter in sep[1] if sep else DELIMITERS:
        try:
            first = next((row for row in _reader(body, delimiter, skipinitialspace=True) if any(row)), [""])
        except csv.Error:
            first = LINE_END.split(body.lstrip("\r\n"), maxsplit=1)[0].split(delimiter)
            if delimiter not in _RAW_DELIMITERS or len(first) < 2:
                continue
        if len(first) > 1 and _single_quoted(first):
            first = [cell.strip()[1:-1] for cell in first]
        found = sum(column_name(cell) in known for cell in first), len(first)
        if found > best:
            best, chosen, cells = found, delimiter, first
    return chosen, cells


def parse_table(text: str, known: Collection[str]) -> Table:
    """Parse a table whose first row names its columns.

    Understood are commas, semicolons, tabs and bars between cells, or what a first line `sep=;` says; quoted cells with
    line breaks, delimiters and doubled quotes; spaces after delimiters; quotes after a backslash; tabs and bars without
    any quoting. Rows end with LF, CR LF or CR outside quotes, and with nothing else.

    Args:
        text: of the whole table, without a byte-order mark.
        known: names of columns, by which the delimiter is found.

    Raises:
        TableError: a quote is not closed, or text follows a closing quote.
    """
    delimiter, cells = heading(text, known)
    sep = _SEP_LINE.match(text)
    body = text[sep.end() :] if sep else text
    above = 1 if sep else 0
    trouble, parsed, error = None, None, None
    for options in _dialects(body, delimiter, cells):
        try:
            records = [(line + above, row) for line, row in _records(body, delimiter, **options)]
        except TableError as refused:
            error = error or TableError(_moved(str(refused), above))
            continue
        width = len(records[0][1]) if records else 0
        odd = sum(len(row) != width for _, row in records)
        if trouble is None or odd < trouble:
            trouble, parsed = odd, records
        if not odd:
            break
    if parsed is None:
        raise error or TableError("1: is empty")
    if not parsed:
        return Table((), [], 1 + above, delimiter)
    return Table(tuple(map(column_name, parsed[0][1])), parsed[1:], parsed[0][0], delimiter)


def _dialects(body: str, delimiter: str, cells: list[str]) -> Iterator[dict[str, Any]]:
    """Ways to read a table, the likeliest first."""
    first_line = LINE_END.split(body.lstrip("\r\n"), maxsplit=1)[0]
    spaced = delimiter + " " in first_line
    raw = {"quoting": csv.QUOTE_NONE, "skipinitialspace": spaced}
    if delimiter == "|" and spaced and '"' not in first_line:
        yield raw  # Kaggle's Flickr30k table
        return
    quote = "'" if len(cells) > 1 and _single_quoted(first_line.split(delimiter)) else '"'
    skip = spaced or re.search(rf"{re.escape(delimiter)} +{quote}", body) is not None
    yield {"quotechar": quote, "skipinitialspace": spaced}
    if skip and not spaced:
        yield {"quotechar": quote, "skipinitialspace": True}
    if "\\" in body:
        yield {"quotechar": quote, "skipinitialspace": skip, "escapechar": "\\"}
    if delimiter in _RAW_DELIMITERS:
        yield raw


def _single_quoted(cells: list[str]) -> bool:
    return all(len(cell.strip()) > 1 and cell.strip()[0] == cell.strip()[-1] == "'" for cell in cells)


def _records(body: str, delimiter: str, **options: Any) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank and the line on which it begins, without blank cells past the heading's last."""
    reader = _reader(body, delimiter, **options)
    width = 0
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise TableError(f"{start}: is not CSV ({error}); is a quote missing or not doubled?") from None
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        width = width or len(row)
        while len(row) > width and not row[-1].strip():
            row.pop()
        yield start, row


def _reader(body: str, delimiter: str, **options: Any) -> Any:
    csv.field_size_limit(max(csv.field_size_limit(), len(body) + 1))  # a cell may be as large as its file
    return csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True, **options)


def _moved(message: str, lines: int) -> str:
    number, _, rest = message.partition(":")
    return f"{int(number) + lines}:{rest}"
