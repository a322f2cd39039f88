"""What was found of each picture's use: whether it has words, what is proposed where it has none, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from seesay.apps.alttext.captions import Captions, Described, digest_of
from seesay.apps.alttext.decisions import Decision
from seesay.apps.alttext.documents import Document, load, picture_of, title_of_page
from seesay.apps.alttext.metadata.words import PhotoWords, words_of
from seesay.apps.alttext.roles import Facts, Role, role_of
from seesay.apps.alttext.uses import Around, Use
from seesay.errors import MediaError, SeeSayError
from seesay.media.source import WebPicture
from seesay.printable import printable
from seesay.progress import ProgressCallback, silent
from seesay.runtime.picture_signals import Signals, signals_of
from seesay.text.alt_words import LONGEST, is_english, machine_words, meaningful, perhaps, plain, sentence, short

WORDS, EMPTY, MACHINE, LEFT, MISSING = "words", "empty", "machine", "left", "missing"
STATES = (WORDS, EMPTY, MACHINE, LEFT, MISSING)
HELD = 256
"""Pictures that wait to be described together."""
_HELD_BYTES = 64 << 20
_NOTHING = Around()


@dataclass(frozen=True, slots=True)
class Finding:
    """One use of a picture, and what may be written.

    Attributes:
        document: its name, see `documents.document_name`; `path` is the file.
        path: of the document.
        use: the use.
        state: one of `STATES`: it has words, or empty ones (a decision), or a model's; is left alone; lacks words.
        role: one of `seesay.apps.alttext.roles.ROLES`; empty where it has words.
        why: the reason.
        alt: what is proposed; "" makes it decorative; None where a person must say it.
        sure: whether it may be written without a person.
        by: who proposes: "rule", "model", "photo" (its own metadata), "document" (its title, the link's target).
        confidence: of the model.
        perhaps: words that the model detected, where it is not sure.
        problem: why the picture could not be looked at.
        digest: of the picture's bytes; empty where it cannot be had.
        long: a longer description that the picture's metadata holds.
    """

    document: str
    path: Path
    use: Use
    state: str
    role: str = ""
    why: str = ""
    alt: str | None = None
    sure: bool = False
    by: str = ""
    confidence: float | None = None
    perhaps: str = ""
    problem: str = ""
    digest: str = ""
    long: str = ""

    @property
    def key(self) -> str:
        """What decisions call it."""
        return self.use.key(self.document)

    def written(self, words: str) -> Finding:
        """The same use, once these words are written."""
        return replace(self, use=replace(self.use, alt=words), state=WORDS if words else EMPTY)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; what is empty is left out, the words it has and those proposed are not."""
        known: dict[str, Any] = {
            "key": self.key,
            "document": self.document,
            "where": self.use.where,
            "source": self.use.source[:500],
            "kind": self.use.kind,
            "state": self.state,
            "current": self.use.alt,
        }
        if self.state == MISSING:
            known |= {"role": self.role, "alt": self.alt, "sure": self.sure, "why": self.why, "by": self.by}
        elif self.why:
            known["why"] = self.why
        more = {
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "perhaps": self.perhaps,
            "problem": self.problem,
            "left": self.use.left,
            "long_description": self.long,
        }
        return known | {name: value for name, value in more.items() if value not in (None, "")}


@dataclass
class _Draft:
    finding: Finding
    role: Role | None = None
    digest: str = ""
    words: PhotoWords | None = None


@dataclass(frozen=True, slots=True)
class _Looked:
    signals: Signals | None
    words: PhotoWords
    problem: str


class Finder:
    """Looks at documents one after the other.

    Args:
        captions: describes pictures.
        records: what was written before, by key: words of a model are told from a person's by it.
        again: propose anew where a model's words stand.
        allow_url: fetch pictures from the web.
        private: from one's own network, too.
        ocr: reads text in a picture; None where nothing does.
        keep: called with the digest of each picture that lacks words, and where its bytes are.
        on_progress: called as pictures are described.
    """

    def __init__(
        self,
        captions: Captions,
        *,
        records: Mapping[str, Decision] | None = None,
        again: bool = False,
        allow_url: bool = False,
        private: bool = False,
        ocr: Any = None,
        keep: Callable[[str, Path | bytes], None] | None = None,
        on_progress: ProgressCallback = silent,
    ) -> None:
        self.captions, self.records, self.again = captions, dict(records or {}), again
        self.allow_url, self.private, self.ocr = allow_url, private, ocr
        self.keep, self.on_progress = keep, on_progress
        self.failed: list[tuple[Document, str]] = []
        self.documents = 0
        self.backgrounds = 0
        self.notes: list[str] = []
        self._titles: dict[Path, str] = {}
        self._looked: dict[str, _Looked] = {}
        self._digests: dict[Path, str] = {}
        self._texts: dict[str, str | None] = {}
        self._waiting: dict[str, Any] = {}
        self._bytes = 0

    def find(self, documents: Iterable[Document]) -> Iterator[Finding]:
        """Every use of a picture, in the order of the documents."""
        drafts: list[_Draft] = []
        for document in documents:
            self.documents += 1
            load(document)
            if document.error or document.content is None:
                self.failed.append((document, document.error))
                continue
            self.backgrounds += len(document.content.backgrounds)
            if document.content.note:
                self.notes.append(f"{document.shown}: {document.content.note}")
            drafts += [self._draft(document, use) for use in document.uses]
            document.content, document.uses = None, ()
            if len(self._waiting) >= HELD or self._bytes >= _HELD_BYTES or len(drafts) > 20_000:
                yield from self._finished(drafts)
                drafts = []
        yield from self._finished(drafts)

    def _finished(self, drafts: list[_Draft]) -> list[Finding]:
        self.captions.describe(self._waiting, self.on_progress)
        self._waiting, self._bytes = {}, 0
        return [self._proposed(draft) for draft in drafts]

    def _draft(self, document: Document, use: Use) -> _Draft:
        finding = Finding(document.name, document.path, use, self._state(document, use))
        if finding.state != MISSING:
            if finding.state == MACHINE:
                finding = self._machine(document, finding)
            # A large site has many of these, and what stands around them is of no more use.
            return _Draft(replace(finding, use=replace(use, around=_NOTHING, slot=None)))
        digest, looked = "", _Looked(None, PhotoWords(), "")
        if use.kind != "area":
            digest, looked = self._look(document, use)
        text = self._text_in(document, use, digest, looked)
        role = role_of(use, looked.signals, Facts(lambda href: self._title_of(document, href), text))
        language = use.around.language or (document.content.language if document.content else "")
        finding = replace(finding, role=role.name, why=role.why, problem=looked.problem, digest=digest)
        finding = replace(finding, long=looked.words.extended)
        if role.describe and digest and not looked.problem and is_english(language):
            if self._proposed(_Draft(finding, role, "", looked.words)).alt is None:  # it has no words of its own
                self._wait(digest, document, use)
        elif role.describe and not is_english(language):
            why = f"the text is in “{printable(language[:12])}” and the model writes English; a person must say it"
            role = replace(role, why=why, describe=False)
        if role.alt == "" and role.sure and use.slot is not None and use.slot.style == "markdown":
            finding = replace(finding, state=EMPTY)  # brackets without words say just this
        if role.alt and not role.own and not is_english(language):
            role = replace(role, sure=False)
        return _Draft(finding, role, digest, looked.words)

    def _machine(self, document: Document, finding: Finding) -> Finding:
        """A use with a model's words: who wrote them, and, where pictures are kept, its picture."""
        record = self.records[finding.key]
        model = f"{record.model} {record.version}".strip()
        finding = replace(finding, why=machine_words(model, record.date), confidence=record.confidence)
        if self.keep is None or finding.use.kind == "area":
            return finding
        digest, looked = self._look(document, finding.use)
        return replace(finding, digest=digest, problem=looked.problem)

    def _state(self, document: Document, use: Use) -> str:
        if use.left:
            return WORDS if use.alt else LEFT
        record = self.records.get(use.key(document.name))
        if record is not None and record.by == "model" and use.alt == record.alt:
            return MISSING if self.again else MACHINE
        if use.alt is None and document.format.brackets and record is not None and record.alt == "":
            return EMPTY
        if use.alt == "":
            return EMPTY
        return WORDS if use.named else MISSING

    def _wait(self, digest: str, document: Document, use: Use) -> None:
        if digest not in self._waiting:
            source = self._source(document, use)
            self._waiting[digest] = source
            self._bytes += len(source) if isinstance(source, bytes) else 0

    def _source(self, document: Document, use: Use) -> Path | bytes:
        found = picture_of(document, use, allow_url=self.allow_url, private=self.private)
        if isinstance(found, WebPicture):
            from seesay.media.web import download

            return download(found.url, allow_private=found.allow_private).read()
        return found

    def _look(self, document: Document, use: Use) -> tuple[str, _Looked]:
        """Look at a picture, once for each distinct one."""
        try:
            source = self._source(document, use)
            path = source if isinstance(source, Path) else None
            digest = self._digests.get(path) if path else None
            digest = digest or digest_of(source)
            if path is not None:
                self._digests[path] = digest
        except (SeeSayError, OSError) as error:
            return "", _Looked(None, PhotoWords(), printable(getattr(error, "strerror", None) or error))
        if digest not in self._looked:
            words, problem, signals = words_of(source), "", None
            try:
                signals = signals_of(source)
            except MediaError as error:
                problem = str(error).rpartition(": ")[2] if isinstance(source, bytes) else str(error).partition(": ")[2]
            if words.alt and problem and words.vector:
                problem = ""
            self._looked[digest] = _Looked(signals, words, problem)
            if self.keep is not None and signals is not None:
                self.keep(digest, source)
        return digest, self._looked[digest]

    def _text_in(self, document: Document, use: Use, digest: str, looked: _Looked) -> str | None:
        """Text read in a drawing, once for each distinct one."""
        if self.ocr is None or looked.signals is None or not looked.signals.drawn:
            return None
        if digest not in self._texts:
            self._texts[digest] = self.ocr(self._source(document, use))
        return self._texts[digest]

    def _title_of(self, document: Document, href: str) -> str:
        """The title of a page of the same site."""
        if document.title_of is not None:
            return document.title_of(href)
        bare = unquote(re.split(r"[?#]", href)[0])
        if not bare or ":" in bare or bare.startswith("//") or "\0" in bare:
            return ""
        try:
            path = ((document.site if bare.startswith("/") else document.path.parent) / bare.lstrip("/")).resolve()
            if path.is_dir():
                path = path / "index.html"
            if path == document.path.resolve() or not path.is_relative_to(document.root):
                return ""
            if path not in self._titles:
                self._titles[path] = title_of_page(path)
            return self._titles[path]
        except (OSError, ValueError, RuntimeError):
            return ""

    def _proposed(self, draft: _Draft) -> Finding:
        """The finding with what is proposed: the photo's own words, what the rule gives, or the model's caption."""
        finding, role, words = draft.finding, draft.role, draft.words
        if role is None or words is None or finding.state != MISSING:
            return finding
        if role.alt == "":
            return replace(finding, alt="", sure=role.sure, by="rule")
        if words.alt and role.name != "functional":
            why = "the picture's own alt text" + (f", written by {words.machine}" if words.machine else "")
            return replace(finding, why=why, alt=short(words.alt), sure=len(words.alt) <= 2 * LONGEST, by="photo")
        title = plain(finding.use.around.title)
        if role.name != "functional" and meaningful(title) and title != plain(finding.use.around.caption):
            long = len(title) > LONGEST
            return replace(finding, why="its title", alt=short(title), sure=not long, by="document")
        if role.alt is not None:
            by = "document" if role.own else "rule"
            return replace(finding, alt=short(plain(role.alt)), sure=role.sure and len(role.alt) <= LONGEST, by=by)
        if words.description and meaningful(words.description) and role.name != "functional":
            alt = short(words.description)
            return replace(finding, why="the photo's own description, which may be a caption", alt=alt, by="photo")
        return self._described(finding, role, draft.digest)

    def _described(self, finding: Finding, role: Role, digest: str) -> Finding:
        found = self.captions[digest] if role.describe and digest else None
        if isinstance(found, str):
            return replace(finding, problem=found)
        if not isinstance(found, Described):
            return replace(finding, why=role.why)
        if not found.sure:
            words = perhaps(found.text)
            why = f"{role.why}; the model is not sure"
            return replace(
                finding,
                why=why,
                alt=short(role.prefix + words) if words else None,
                by="model",
                confidence=found.confidence,
                perhaps=found.perhaps,
            )
        alt = sentence(found.text)
        alt = role.prefix + (alt[:1].lower() + alt[1:] if role.prefix else alt)
        return replace(
            finding, alt=alt, sure=bool(alt) and len(alt) <= LONGEST, by="model", confidence=found.confidence
        )
