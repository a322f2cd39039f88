"""Photos that get words in themselves: what they have, and what is proposed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from seesay.apps.alttext.captions import Captions, Described, digest_of
from seesay.apps.alttext.documents import document_name
from seesay.apps.alttext.findings import MACHINE, MISSING, WORDS, Finding
from seesay.apps.alttext.metadata.words import words_of
from seesay.apps.alttext.uses import Use
from seesay.errors import MediaError, UsageError
from seesay.media import find_pictures
from seesay.printable import printable
from seesay.progress import ProgressCallback, silent
from seesay.runtime.alt_text import DRAWN, words_for
from seesay.runtime.picture_signals import signals_of
from seesay.text.alt_words import machine_words

HELD = 64


def find_photos(
    paths: Sequence[str | os.PathLike[str]],
    captions: Captions,
    *,
    again: bool = False,
    keep: Callable[[str, Path | bytes], None] | None = None,
    on_progress: ProgressCallback = silent,
) -> Iterator[Finding]:
    """Every photo of these arguments, with its words or what is proposed.

    Args:
        paths: files, folders, globs, "-".
        captions: describes photos.
        again: propose anew where a model's words stand.
        keep: called with the digest and the file of each photo that lacks words.
        on_progress: called as photos are described.
    """
    held: list[tuple[Finding, str]] = []
    waiting: dict[str, Path] = {}
    for argument in paths:
        for found in find_pictures([argument]):
            path = Path(str(found))
            if not path.is_file():
                raise UsageError(f"{printable(path)}: holds no photo, or is not there")
            finding, digest = _photo(path, document_name(path), again, look=keep is not None)
            held.append((replace(finding, digest=digest), digest if finding.role == "informative" else ""))
            if digest and keep is not None:
                keep(digest, path)
            if finding.role == "informative" and digest:
                waiting[digest] = path
            if len(waiting) >= HELD:
                captions.describe(waiting, on_progress)
                yield from _proposed(held, captions)
                held, waiting = [], {}
    captions.describe(waiting, on_progress)
    yield from _proposed(held, captions)


def _photo(path: Path, name: str, again: bool, *, look: bool) -> tuple[Finding, str]:
    words = words_of(path)
    use = Use(name, "photo", "metadata", words.alt or None)
    if words.alt and not (words.machine and again):
        if not words.machine:
            return Finding(name, path, use, WORDS), ""
        finding = Finding(name, path, use, MACHINE, why=machine_words(words.machine, ""))
        try:
            return finding, digest_of(path) if look else ""
        except OSError as error:
            return replace(finding, problem=str(error.strerror or error)), ""
    finding = Finding(name, path, use, MISSING, "informative", "a photo without alt text")
    try:
        drawn = signals_of(path).drawn
        return replace(finding, role="complex", why=DRAWN) if drawn else finding, digest_of(path)
    except (MediaError, OSError) as error:
        return replace(finding, problem=str(error).partition(": ")[2] or str(error)), ""


def _proposed(held: Iterable[tuple[Finding, str]], captions: Captions) -> Iterator[Finding]:
    for finding, digest in held:
        found = captions[digest] if digest else None
        if isinstance(found, str):
            yield replace(finding, problem=found)
        elif isinstance(found, Described):
            alt, sure = words_for(found.text, found.sure)
            why = finding.why if found.sure else f"{finding.why}; the model is not sure"
            words = "" if found.sure else found.perhaps
            proposed = replace(finding, alt=alt or None, sure=sure, by="model", why=why)
            yield replace(proposed, confidence=found.confidence, perhaps=words)
        else:
            yield finding
