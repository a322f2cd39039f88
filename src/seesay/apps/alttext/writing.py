"""Words written into documents: only where they are still wanted, and nothing else changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seesay.apps.alttext.decisions import Decision, today
from seesay.apps.alttext.documents import Content, Format, content_of
from seesay.apps.alttext.findings import LEFT, MACHINE, MISSING, Finding
from seesay.apps.alttext.metadata.write import Words, write_words
from seesay.apps.alttext.metadata.xmp import Mark
from seesay.apps.alttext.placing import put_in_place
from seesay.apps.alttext.uses import Use
from seesay.errors import DataError
from seesay.reading import read_file
from seesay.text.alt_words import plain

TRIES = 3


@dataclass(frozen=True)
class Chosen:
    """Words that shall be written for one finding."""

    finding: Finding
    decision: Decision


def choose(
    findings: Iterable[Finding], decisions: Mapping[str, Decision] | None, *, unsure: bool, model: tuple[str, str]
) -> list[Chosen]:
    """What shall be written.

    Args:
        findings: of all documents.
        decisions: a person's, by key; None where there are none: then what is sure is written. A model's words that
            are accepted as they stand are among what is written: from then on they count as a person's.
        unsure: write what is not sure, too.
        model: name and version of the model, for the record.
    """
    found = []
    for finding in findings:
        if decisions is not None:
            decision = decisions.get(finding.key)
            if decision is not None and decision.action != "skip" and _may(finding, decision):
                found.append(Chosen(finding, decision))
            continue
        if finding.state != MISSING or finding.alt is None or not (finding.sure or unsure):
            continue
        name, version = model if finding.by == "model" else ("", "")
        found.append(
            Chosen(
                finding,
                Decision(
                    finding.key,
                    finding.document,
                    finding.use.source,
                    "write" if finding.alt else "decorative",
                    finding.alt,
                    finding.use.alt,
                    finding.by,
                    name,
                    version,
                    finding.confidence,
                    today(),
                ),
            )
        )
    return found


def _may(finding: Finding, decision: Decision) -> bool:
    """Whether the words that stand there are those that the person saw; a model's may be accepted as they are."""
    if finding.state == LEFT or finding.use.alt != decision.was:
        return False
    return decision.alt != finding.use.alt or finding.state in (MACHINE, MISSING)


def carried_out(findings: Iterable[Finding], decisions: Mapping[str, Decision]) -> int:
    """How many decisions need nothing more: what they say stands there, and not as a model's words."""
    return sum(
        decision.action != "skip" and decision.alt == finding.use.alt and not _may(finding, decision)
        for finding in findings
        if (decision := decisions.get(finding.key)) is not None
    )


def write_document(
    path: Path, name: str, kind: Format, chosen: Sequence[Chosen], *, backup: bool = False
) -> list[Chosen]:
    """Write words into one document.

    Args:
        path: the file.
        name: of the document in keys.
        kind: of the document.
        chosen: words for its pictures.
        backup: keep the document as it was beside it, as NAME.bak.

    Returns:
        Those that were written; where a person wrote words meanwhile, these stay.

    Raises:
        DataError: the document cannot be written without changing more than the words; nothing was written.
        OSError: it cannot be read or written.
    """
    wanted = {one.finding.key: one for one in chosen}
    for attempt in range(TRIES):
        data = read_file(path, kind.limit)
        content = content_of(kind, data, path.name)
        edits: list[tuple[Use, str]] = []
        done = []
        for use in content.uses:
            one = wanted.get(use.key(name))
            if one is None or use.left or use.alt != one.finding.use.alt:
                continue
            done.append(one)
            if one.decision.alt == use.alt:  # a person stands by a model's words: that is for the record alone
                continue
            empty = use.mark is not None or not kind.brackets
            if use.slot is not None and (one.decision.alt or empty or use.slot.style == "html"):
                edits.append((use, plain(one.decision.alt)))
        if not edits:
            return done
        made = kind.write(data, edits)
        _check(content, content_of(kind, made, path.name), edits)
        try:
            put_in_place(path.resolve(), data, made, backup=backup)
        except DataError:
            if attempt + 1 == TRIES:
                raise
            continue
        return done
    return []


def write_photo(one: Chosen, *, backup: bool = False, again: bool = False) -> bool:
    """Write words into one photo, or beside it; a decorative photo gets none.

    Returns:
        Whether something was written.

    Raises:
        DataError: the photo is damaged, or has alt text already; nothing was written.
        OSError: it cannot be read or written.
    """
    decision = one.decision
    if not decision.alt:
        return False
    mark = None
    if decision.by == "model":
        mark = Mark(decision.model, decision.version, decision.confidence, decision.date or today())
    again = again or one.finding.state == MACHINE  # whose words a person accepted or changed
    write_words(one.finding.path, Words(plain(decision.alt), mark=mark), backup=backup, again=again)
    return True


def _check(before: Content, after: Content, edits: Sequence[tuple[Use, str]]) -> None:
    """See to it that all pictures are as they were but for their words."""
    words = {id(use): text for use, text in edits}
    expected = [(use.source, use.kind, words.get(id(use), use.alt) or "") for use in before.uses]
    found = [(use.source, use.kind, use.alt or "") for use in after.uses]
    if expected != found:
        raise DataError("its words cannot be written without changing more; write them by hand")
