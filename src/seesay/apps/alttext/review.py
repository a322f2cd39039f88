"""The page of `--review`: accept, edit, refuse or mark decorative what is proposed; it saves decisions as JSON."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seesay.apps.alttext.captions import Captions
from seesay.apps.alttext.decisions import FORMAT, VERSION, today
from seesay.apps.alttext.findings import MACHINE, MISSING, Finding
from seesay.errors import MediaError
from seesay.files import write_whole
from seesay.text.alt_words import LONGEST

THUMBNAIL = 240
"""Longest side, in pixels, of the pictures on the page."""
MOST = 2000
"""Most pictures on one page; the others come once these are decided and written."""
_WEB = Path(__file__).with_name("web")


class Thumbnails:
    """Small pictures of the page, by the digest of the picture."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def keep(self, digest: str, source: Path | bytes) -> None:
        """Make one, where there is none yet."""
        if digest not in self.found and len(self.found) < MOST:
            self.found[digest] = _thumbnail(source)


def write_review(file: Path, findings: Sequence[Finding], captions: Captions, thumbnails: Thumbnails) -> int:
    """Write the page, whole or not at all; it needs nothing but itself.

    Args:
        file: the page.
        findings: of all documents; those that lack words, or have a model's, are on the page.
        captions: whose model is named in the decisions.
        thumbnails: of the pictures.

    Returns:
        How many pictures are on the page.

    Raises:
        OSError: the file cannot be written.
    """
    shown = [finding for finding in findings if finding.state in (MISSING, MACHINE)][:MOST]
    pictures = list({finding.digest: None for finding in shown if thumbnails.found.get(finding.digest)})
    places = {digest: place for place, digest in enumerate(pictures)}
    rows = [_row(finding, places) for finding in shown]
    model = {"name": "", "version": ""}
    if any(finding.by == "model" for finding in shown):
        model = {"name": captions.model.name, "version": captions.model.version}
    value = {
        "format": FORMAT,
        "version": VERSION,
        "model": model,
        "date": today(),
        "longest": LONGEST,
        "rows": rows,
        "pictures": [thumbnails.found[digest] for digest in pictures],
    }
    # Inside a script element only "<" could end it.
    data = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    page = (_WEB / "review.html").read_text("utf-8")
    style, script = ((_WEB / name).read_text("utf-8") for name in ("review.css", "review.js"))
    page = page.replace("/*STYLE*/", style).replace("/*SCRIPT*/", script).replace("{/*DATA*/}", data)
    write_whole(file, page)
    return len(shown)


def _row(finding: Finding, places: dict[str, int]) -> dict[str, Any]:
    around = finding.use.around
    return {
        "key": finding.key,
        "document": finding.document,
        "source": finding.use.source[:500],
        "where": finding.use.where,
        "reason": _reason(finding),
        "alt": finding.alt if finding.state == MISSING else finding.use.alt,
        "was": finding.use.alt,
        "sure": finding.sure,
        "by": finding.by,
        "confidence": finding.confidence if finding.by == "model" else None,
        "perhaps": finding.perhaps,
        "unseen": f"The picture cannot be shown: {finding.problem or 'it cannot be made small'}.",
        "near": around.near or around.next,
        "caption": around.caption,
        "href": around.href or "",
        "picture": places.get(finding.digest),
    }


def _reason(finding: Finding) -> str:
    """In whole sentences why words are proposed, or who wrote those that stand there."""
    certainty = "" if finding.confidence is None else f" ({finding.confidence:.2f})"
    if finding.state == MACHINE:
        sure = "" if finding.confidence is None else f", with a confidence of {finding.confidence:.2f}"
        return f"{finding.why}{sure}. Edit them, or skip them to keep them."
    role = finding.role or "missing"
    why = f"{role[:1].upper()}{role[1:]}: {finding.why}." if finding.why else f"{role[:1].upper()}{role[1:]}."
    if finding.alt is None:
        return why if "must say" in finding.why else f"{why} A person must say it."
    return f"{why} The proposal is {'sure' if finding.sure else 'not sure'}{certainty}."


def _thumbnail(picture: Path | bytes) -> str:
    """A small JPEG as a data address; empty where the picture cannot be opened."""
    from seesay.media import open_picture

    try:
        small = open_picture(picture, target=(THUMBNAIL, THUMBNAIL))
    except MediaError:
        return ""
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=70)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
