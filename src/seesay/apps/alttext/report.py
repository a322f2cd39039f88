"""The report: one line for each picture without words, and how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from seesay.apps.alttext.documents import shown
from seesay.apps.alttext.findings import EMPTY, LEFT, MACHINE, MISSING, WORDS, Finding
from seesay.printable import printable


def lines(findings: Iterable[Finding], *, verbose: bool = False) -> Iterator[str]:
    """A line for each picture that lacks words; with `verbose` for each that was left alone, too."""
    for finding in findings:
        if finding.state == MISSING:
            yield line(finding)
        elif finding.state == LEFT and verbose:
            yield f"{_head(finding)}: left alone: {finding.use.left}"


def _head(finding: Finding) -> str:
    if finding.use.kind == "photo":
        return printable(finding.path)
    return f"{shown(finding.document, finding.path)}:{finding.use.where}: {printable(finding.use.source[:80])}"


def line(finding: Finding) -> str:
    """What is known of one picture without words, and what is proposed."""
    role = finding.role or "missing"
    why = f" ({printable(finding.why)})" if finding.why else ""
    problem = f"; cannot be looked at: {printable(finding.problem)}" if finding.problem else ""
    if finding.alt is None:
        return f"{_head(finding)}: {role}, for a person to say{why}{problem}"
    sure = "sure" if finding.sure else "not sure"
    if finding.confidence is not None:
        sure += f" {finding.confidence:.2f}"
    words = 'decorative: alt=""' if finding.alt == "" else f"“{printable(finding.alt)}”"
    detected = f"; detected: {printable(finding.perhaps)}" if finding.perhaps else ""
    return f"{_head(finding)}: {role}, {sure}: {words}{why}{detected}{problem}"


def counted(findings: Sequence[Finding]) -> dict[str, int]:
    """How many pictures there are of each state; of those without words how many proposals are sure."""
    states = Counter(finding.state for finding in findings)
    missing = [finding for finding in findings if finding.state == MISSING]
    sure = sum(finding.sure and finding.alt is not None for finding in missing)
    proposed = sum(not finding.sure and finding.alt is not None for finding in missing)
    counts = {"pictures": len(findings), "words": states[WORDS], "machine": states[MACHINE], "empty": states[EMPTY]}
    counts |= {"left": states[LEFT], "missing": len(missing), "sure": sure, "not_sure": proposed}
    return counts | {"for_a_person": len(missing) - sure - proposed}


def summary(counts: dict[str, int], documents: int, *, photos: bool = False) -> str:
    """One line of figures."""
    where = "" if photos else f" in {documents} {'document' if documents == 1 else 'documents'}"
    what = "photo" if photos else "picture"
    parts = [f"{counts['words']} with words"]
    if counts["machine"]:
        parts.append(f"{counts['machine']} with a model's words")
    if counts["empty"]:
        parts.append(f"{counts['empty']} left empty on purpose")
    if counts["left"]:
        parts.append(f"{counts['left']} left alone")
    missing = f"{counts['missing']} without"
    if counts["missing"]:
        missing += (
            f" ({counts['sure']} sure, {counts['not_sure']} not sure, {counts['for_a_person']} for a person to say)"
        )
    total = counts["pictures"]
    return f"{total} {what if total == 1 else what + 's'}{where}: {', '.join([*parts, missing])}"


def as_json(
    findings: Sequence[Finding], documents: int, model: dict[str, Any], failed: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """The whole report as plain JSON."""
    return {
        "model": model,
        "documents": documents,
        "summary": counted(findings),
        "uses": [finding.to_json() for finding in findings],
        "errors": [{"document": name, "error": error} for name, error in failed],
    }
