"""JSON whose entries know their lines, so that a fault can be named by file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from seesay.text.decoding import LINE_END

_BLANK = re.compile(r"[ \t\r\n]*")
_SPACES = frozenset(" \t\r\n")
_Pairs = list[tuple[str, Any]]


class LinedList(list[Any]):
    """A list at the top of a JSON file."""

    _text = ""

    @cached_property
    def lines(self) -> list[int]:
        """The 1-based line on which each entry begins; found when it is first asked for."""
        return _Walk(self._text).entries()


class LinedDict(dict[str, Any]):
    """An object at the top of a JSON file; `pairs` holds every key as often as it stands there."""

    pairs: _Pairs
    _text = ""

    @cached_property
    def lines(self) -> list[int]:
        """The 1-based line on which each key of `pairs` stands; found when it is first asked for."""
        return _Walk(self._text).keys()[0]

    def lines_of(self, name: str) -> list[int]:
        """The 1-based line on which each entry of the list `name` begins."""
        return _Walk(self._text).keys(name)[1]


def loads(text: str) -> Any:
    """A JSON text; the list or object at its top knows its entries' lines.

    Raises:
        json.JSONDecodeError: it is not JSON.
        RecursionError: it is nested too deep.
    """
    last: _Pairs = []  # of the object that ends last, which is the one at the top

    def made(pairs: _Pairs) -> dict[str, Any]:
        nonlocal last
        last = pairs
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=made)
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # a whole number of thousands of digits
        raise json.JSONDecodeError(str(error).partition(";")[0], text, 0) from None
    if isinstance(value, list):
        value = LinedList(value)
        value._text = text
    elif isinstance(value, dict):
        value = LinedDict(value)
        value._text, value.pairs = text, last
    return value


class _Walk:
    """Goes through a text that is known to be JSON, a list or an object, and keeps the lines of what stands in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.decoder = json.JSONDecoder()
        self._at, self._line = 0, 1
        self._returns = "\r" in text

    def entries(self) -> list[int]:
        """Lines of the entries of the list at the top."""
        return self._array(self._blank(0))[0]

    def keys(self, name: str | None = None) -> tuple[list[int], list[int]]:
        """Lines of the keys of the object at the top, and of the entries of its last list `name`."""
        lines: list[int] = []
        entries: list[int] = []

        def member(index: int) -> int:
            nonlocal entries
            lines.append(self._line_at(index))
            key, index = self.decoder.raw_decode(self.text, index)
            index = self._blank(self._blank(index) + 1)
            if key == name and self.text[index] == "[":
                entries, end = self._array(index)
                return end
            return self.decoder.raw_decode(self.text, index)[1]

        self._members(self._blank(0), "}", member)
        return lines, entries

    def _array(self, index: int) -> tuple[list[int], int]:
        lines: list[int] = []

        def entry(index: int) -> int:
            lines.append(self._line_at(index))
            return self.decoder.raw_decode(self.text, index)[1]

        end = self._members(index, "]", entry)
        return lines, end

    def _members(self, index: int, close: str, read: Callable[[int], int]) -> int:
        """Read what stands between brackets and commas; the position after the closing bracket."""
        index = self._blank(index + 1)
        while self.text[index] != close:
            index = self._blank(read(index))
            if self.text[index] == ",":
                index = self._blank(index + 1)
        return index + 1

    def _blank(self, index: int) -> int:
        if self.text[index : index + 1] not in _SPACES:
            return index
        found = _BLANK.match(self.text, index)
        return found.end() if found else index

    def _line_at(self, index: int) -> int:
        """The line of a position that is not before the one asked for last."""
        if self._returns:
            self._line += sum(1 for _ in LINE_END.finditer(self.text, self._at, index))
        else:
            self._line += self.text.count("\n", self._at, index)
        self._at = index
        return self._line
