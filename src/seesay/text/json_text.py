"""JSON whose entries know their lines, so that a fault can be named by file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from seesay.text.decoding import LINE_END

_BLANK = re.compile(r"[ \t\r\n]*")
_SPACES = frozenset(" \t\r\n")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')


class LinedList(list[Any]):
    """A list of a JSON file, with the 1-based line on which each entry begins."""

    lines: list[int]


class LinedDict(dict[str, Any]):
    """A JSON file's object, with every key as often as it stands there: line, key, value."""

    pairs: list[tuple[int, str, Any]]


def loads(text: str) -> Any:
    """A JSON text; the list or object at its top, and the lists right below that object, know their entries' lines.

    Raises:
        json.JSONDecodeError: it is not JSON.
        RecursionError: it is nested too deep.
    """
    walk = _Walk(text)
    value: Any
    start = walk.blank(0)
    if text[start : start + 1] == "[":
        value, end = walk.array(start)
    elif text[start : start + 1] == "{":
        value, end = walk.object(start)
    else:
        value, end = walk.value(start)
    end = walk.blank(end)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.decoder = json.JSONDecoder()
        self._at, self._line = 0, 1
        self._returns = "\r" in text

    def blank(self, index: int) -> int:
        if self.text[index : index + 1] not in _SPACES:
            return index
        found = _BLANK.match(self.text, index)
        return found.end() if found else index

    def line(self, index: int) -> int:
        """The line of a position that is not before the one asked for last."""
        if self._returns:
            self._line += sum(1 for _ in LINE_END.finditer(self.text, self._at, index))
        else:
            self._line += self.text.count("\n", self._at, index)
        self._at = index
        return self._line

    def value(self, index: int) -> tuple[Any, int]:
        return self.decoder.raw_decode(self.text, index)

    def array(self, index: int) -> tuple[LinedList, int]:
        found, lines = LinedList(), []

        def entry(index: int) -> int:
            lines.append(self.line(index))
            value, end = self.value(index)
            found.append(value)
            return end

        end = self._members(index, "]", entry)
        found.lines = lines
        return found, end

    def object(self, index: int) -> tuple[LinedDict, int]:
        pairs: list[tuple[int, str, Any]] = []

        def member(index: int) -> int:
            if not _STRING.match(self.text, index):
                raise json.JSONDecodeError("Expecting property name enclosed in double quotes", self.text, index)
            line = self.line(index)
            key, index = self.value(index)
            index = self.blank(index)
            if self.text[index : index + 1] != ":":
                raise json.JSONDecodeError("Expecting ':' delimiter", self.text, index)
            index = self.blank(index + 1)
            value, end = self.array(index) if self.text[index : index + 1] == "[" else self.value(index)
            pairs.append((line, key, value))
            return end

        end = self._members(index, "}", member)
        found = LinedDict((key, value) for _, key, value in pairs)
        found.pairs = pairs
        return found, end

    def _members(self, index: int, close: str, read: Callable[[int], int]) -> int:
        """Read what stands between brackets and commas; the position after the closing bracket."""
        index = self.blank(index + 1)
        if self.text[index : index + 1] == close:
            return index + 1
        while True:
            index = self.blank(read(index))
            sign = self.text[index : index + 1]
            if sign == close:
                return index + 1
            if sign != ",":
                raise json.JSONDecodeError("Expecting ',' delimiter", self.text, index)
            index = self.blank(index + 1)
