"""Decisions of a person, and the record of what was written: one JSON file each, of one layout."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seesay.errors import UsageError
from seesay.files import write_json
from seesay.printable import printable
from seesay.reading import read_file

FORMAT, VERSION = "seesay-alt", 1
ACTIONS = ("write", "decorative", "skip")
_MOST = 1 << 30


@dataclass(frozen=True)
class Decision:
    """What shall be, or was, written for one use of a picture.

    Attributes:
        key: of the use.
        document, source: of the use, for people.
        action: "write" the words, make it "decorative", or "skip" it.
        alt: the words.
        was: the words that stood there when it was decided; None where there were none.
        by: "person", "model", "rule", "photo" or "document".
        model, version: of the model, where its words are written.
        confidence: of the model.
        date: when, in ISO 8601.
    """

    key: str
    document: str
    source: str
    action: str
    alt: str = ""
    was: str | None = None
    by: str = "person"
    model: str = ""
    version: str = ""
    confidence: float | None = None
    date: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; what is empty is left out."""
        known: dict[str, Any] = {"key": self.key, "document": self.document, "source": self.source[:500]}
        known |= {"action": self.action, "alt": self.alt, "was": self.was, "by": self.by}
        more = {"model": self.model, "version": self.version, "confidence": self.confidence, "date": self.date}
        return known | {name: value for name, value in more.items() if value not in (None, "")}


def today() -> str:
    """The date of today, UTC."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def read_decisions(file: Path) -> dict[str, Decision]:
    """Decisions by key.

    Raises:
        UsageError: the file cannot be read, or an entry is not as it must be; the message names it.
    """
    try:
        values = json.loads(read_file(file, _MOST))
    except OSError as error:
        raise UsageError(f"{printable(file)}: cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{printable(file)}: is no JSON ({printable(error)[:100]})") from None
    entries = values.get("decisions") if isinstance(values, Mapping) else None
    if not isinstance(entries, list) or values.get("format") != FORMAT:
        raise UsageError(f"{printable(file)}: holds no decisions; the page of --review saves them")
    if values.get("version") != VERSION:
        raise UsageError(f"{printable(file)}: is of version {values.get('version')!r:.20}, and {VERSION} is read")
    found = {}
    for number, entry in enumerate(entries, 1):
        decision = _decision(entry, f"{printable(file)}: decision {number}")
        found[decision.key] = decision
    return found


def _decision(entry: Any, where: str) -> Decision:
    if not isinstance(entry, Mapping):
        raise UsageError(f"{where}: is no object")
    texts = {}
    for name in ("key", "document", "source", "action", "alt", "by", "model", "version", "date"):
        value = entry.get(name, "person" if name == "by" else "")
        if not isinstance(value, str):
            raise UsageError(f"{where}: {name} is no text")
        texts[name] = value
    if not texts["key"]:
        raise UsageError(f"{where}: has no key")
    if texts["action"] not in ACTIONS:
        raise UsageError(f"{where}: action is {texts['action']!r:.40}; it may be {', '.join(ACTIONS)}")
    if texts["action"] == "write" and not texts["alt"].strip():
        raise UsageError(f"{where}: has no words to write; action “decorative” leaves them empty on purpose")
    was, confidence = entry.get("was"), entry.get("confidence")
    if was is not None and not isinstance(was, str):
        raise UsageError(f"{where}: was is no text")
    if confidence is not None and (isinstance(confidence, bool) or not isinstance(confidence, (int, float))):
        raise UsageError(f"{where}: confidence is no number")
    return Decision(**texts, was=was, confidence=confidence)


def write_decisions(file: Path, decisions: Iterable[Decision]) -> None:
    """Write decisions whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    entries = [decision.to_json() for decision in decisions]
    write_json(file, {"format": FORMAT, "version": VERSION, "decisions": entries}, indent=1)
