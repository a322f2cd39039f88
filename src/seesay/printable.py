"""Text that comes from elsewhere, made fit to be shown: by a terminal, a table, a file of subtitles."""

from __future__ import annotations

import json
import re
from typing import Any

_JOINERS = "\u200c\u200d"
"""Zero-width joiners are part of words in some scripts, and of some emoji; they move nothing."""
_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORMULA = "=+-@\t\r"


def printable(name: object) -> str:
    r"""Text as one line any terminal can show: line breaks, controls and non-UTF-8 bytes as `\n`, `\x1b`, `\xff`.

    Characters that turn the direction of writing or have no shape are controls too.
    """
    text = str(name)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else _escaped(c) for c in text)


def printable_lines(text: str) -> str:
    """Text of several lines, each as `printable` has it; tabs stay."""
    return "\n".join("\t".join(printable(part) for part in line.split("\t")) for line in text.splitlines())


def printable_json(value: Any, indent: int | None = None) -> str:
    r"""JSON in UTF-8 that a terminal can show: what JSON itself leaves of the controls (C1, DEL) is `\u009b` too."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def spreadsheet_cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula: one that begins like one gets an apostrophe first.

    As OWASP has it (https://owasp.org/www-community/attacks/CSV_Injection). Numbers stay as they are.
    """
    if not text.startswith(tuple(_FORMULA)):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode keeps it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
