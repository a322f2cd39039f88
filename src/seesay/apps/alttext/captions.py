"""Captions of pictures: each distinct picture described once, and kept, so that a run goes on where it ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from seesay.errors import MediaError, UsageError
from seesay.files import cache_folder
from seesay.progress import ProgressCallback, silent

BATCH = 32


@dataclass(frozen=True)
class Described:
    """What a model says of a picture.

    Attributes:
        text: a sentence.
        sure: whether the model stands by it.
        confidence: the chance that a person would accept it; None for models that do not say.
        perhaps: words detected, for a person to whom it is shown.
    """

    text: str
    sure: bool
    confidence: float | None = None
    perhaps: str = ""


class Model(Protocol):
    """What describes pictures."""

    name: str
    version: str

    def describe(self, sources: list[Any]) -> Iterable[Described | str]:
        """Of each source what it shows, or why it cannot be described, in order."""


class RuntimeModel:
    """A captioner of `seesay.runtime`, loaded when it is first asked.

    Args:
        name: of the model; None for the embedded one.

    Raises:
        UsageError: no model has this name.
    """

    def __init__(self, name: str | None = None) -> None:
        from seesay.artifact import find_artifact
        from seesay.artifact.manifest import MANIFEST

        self._asked = name
        artifact = find_artifact(name)
        self.name = artifact.name
        self.version = hashlib.sha256((artifact.root / MANIFEST).read_bytes()).hexdigest()[:16]
        self._captioner: Any = None

    def describe(self, sources: list[Any]) -> Iterable[Described | str]:
        """Of each source what it shows, or why it cannot be described."""
        if self._captioner is None:
            from seesay.runtime import Captioner, load

            loaded = load(self._asked) if self._asked else load()
            if not isinstance(loaded, Captioner) or loaded.clip is not None:
                raise UsageError(f"--model {self._asked}: describes no photos; name a captioner of photos")
            self._captioner = loaded
        for _, result in self._captioner.stream(sources):
            if isinstance(result, MediaError):
                yield str(result).partition(": ")[2] or str(result)
                continue
            best = result[0]
            yield Described(best.text, best.sure is True, best.confidence, best.perhaps if best.words else "")


class Captions:
    """Descriptions by the digest of the picture's bytes.

    Args:
        model: makes the model; called when a picture is met that was not described before.
        folder: where descriptions are kept; None for the user's cache.
    """

    def __init__(self, model: Callable[[], Model], folder: Path | None = None) -> None:
        self._make = model
        self._made: Model | None = None
        self._folder = folder or cache_folder("alt")
        self._known: dict[str, Described | str] = {}
        self.asked = 0
        self._file: Path | None = None

    @property
    def model(self) -> Model:
        """The model."""
        if self._made is None:
            self._made = self._make()
            self._file = self._folder / f"{self._made.name.replace('/', '_')[:60]}-{self._made.version}.jsonl"
            self._read()
        return self._made

    @property
    def asked_for(self) -> bool:
        """Whether the model was needed at all."""
        return self._made is not None

    def _read(self) -> None:
        """What was kept; a line that was cut off, or is damaged, is as if it were not there."""
        assert self._file is not None
        try:
            lines = self._file.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                row = json.loads(line)
                digest = str(row.pop("sha256"))
                self._known[digest] = Described(
                    str(row["text"]), row["sure"] is True, row["confidence"], str(row["perhaps"])
                )
            except (ValueError, KeyError, TypeError, AttributeError):
                continue

    def __getitem__(self, digest: str) -> Described | str | None:
        return self._known.get(digest)

    def describe(self, sources: Mapping[str, Any], on_progress: ProgressCallback = silent) -> None:
        """Describe those of these pictures that were not described before.

        Args:
            sources: path or bytes of each picture, by digest.
            on_progress: called with the pictures done.
        """
        if not sources:
            return
        model = self.model
        todo = {digest: source for digest, source in sources.items() if digest not in self._known}
        assert self._file is not None
        digests = list(todo)
        for start in range(0, len(digests), BATCH):
            batch = digests[start : start + BATCH]
            on_progress(start, len(digests), "describe pictures")
            lines = []
            for digest, found in zip(batch, model.describe([todo[one] for one in batch]), strict=True):
                self.asked += 1
                self._known[digest] = found
                if isinstance(found, Described):
                    lines.append(json.dumps({"sha256": digest, **asdict(found)}) + "\n")
            self._keep("".join(lines))
        on_progress(len(digests), len(digests))

    def _keep(self, lines: str) -> None:
        """Keep descriptions; where nothing can be kept, the next run describes anew."""
        assert self._file is not None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a+b") as handle:
                if handle.tell() and not _ends_line(self._file):
                    handle.write(b"\n")
                handle.write(lines.encode())
        except OSError:
            pass


def _ends_line(file: Path) -> bool:
    with file.open("rb") as handle:
        handle.seek(-1, 2)
        return handle.read(1) == b"\n"


def digest_of(source: Path | bytes) -> str:
    """SHA-256 of a picture's bytes.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    digest = hashlib.sha256()
    with source.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
