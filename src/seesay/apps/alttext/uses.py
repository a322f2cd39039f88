"""One use of a picture in a document, what stands around it, and the bytes where its words belong."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_USES = 100_000
"""Most pictures of one document that are looked at."""
NEAR = 300
"""Most characters kept of each text around a picture."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>&~!#$])")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where words go: the bytes from `start` to `end` are replaced by `before`, the words, and `after`.

    Attributes:
        start: first byte that is replaced.
        end: byte after the last one; the same as `start` where words are inserted.
        before: bytes before the words, an attribute's name and quote.
        after: bytes after them.
        style: how words are escaped: "html", "xml", "markdown" or "line".
        charset: of the document.
        quote: the quote around the words.
        part: the member of a zip; empty for plain files.
    """

    start: int
    end: int
    before: bytes = b""
    after: bytes = b""
    style: str = "html"
    charset: str = "utf-8"
    quote: str = '"'
    part: str = ""

    def filled(self, words: str) -> bytes:
        """The bytes that take the place of the slot."""
        words = " ".join(words.split())
        if self.style == "markdown":
            words = _MARKDOWN.sub(r"\\\1", words).replace("|", "&#124;")  # a bar ends a table's cell
        elif self.style in ("html", "xml"):
            words = html.escape(words, quote=False).replace(self.quote, "&quot;" if self.quote == '"' else "&#39;")
        return self.before + words.encode(self.charset, "xmlcharrefreplace") + self.after


@dataclass(frozen=True, slots=True)
class Around:
    """What a document says of a picture beside its alt text.

    Attributes:
        href: where the link goes that the picture is in; None outside of links.
        button: whether it is a button, or in one.
        words: other text of that link or button, labels and the alt text of its other pictures included.
        caption: the figure's caption.
        title: the `title` attribute.
        label: the name that `aria-label` or `aria-labelledby` gives.
        near: text of the same paragraph.
        next: text of the paragraphs before and after, where the picture stands alone in its own.
        names: class and id, in lower case.
        width, height: as the document says, in pixels.
        hidden: whether assistive technology is told to pass it over.
        described: whether a longer description is linked (`longdesc`, `aria-describedby`).
        language: of the text around, as `lang` says; empty where it is not said.
        repeated: pictures of the same source in the document.
        run: pictures that follow each other without text between, this one included.
        place: this one's place in that run, from 0 on.
        runs_on: names of the pictures of the run.
    """

    href: str | None = None
    button: bool = False
    words: str = ""
    caption: str = ""
    title: str = ""
    label: str = ""
    near: str = ""
    next: str = ""
    names: str = ""
    width: int | None = None
    height: int | None = None
    hidden: bool = False
    described: bool = False
    language: str = ""
    repeated: int = 1
    run: int = 1
    place: int = 0
    runs_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a picture.

    Attributes:
        source: the picture as the document names it: a path, an address, a zip's member.
        kind: "img", "input", "area", "svg", "drawing" (of an office document), "figure" (of a PDF), "photo" (a file).
        where: line and column, or what part of the document.
        alt: the words it has; None where it has none, "" where a person left them empty.
        around: what stands around it.
        slot: where words go; None where none can be written.
        left: why it is left alone, for example since a template makes it; empty else.
        number: which use of this source in the document it is, from 0 on.
        mark: where the format's mark of a decorative picture goes, filled without words; None where there is none.
    """

    source: str
    kind: str
    where: str
    alt: str | None
    around: Around = field(default_factory=Around, compare=False)
    slot: Slot | None = field(default=None, compare=False)
    left: str = ""
    number: int = 0
    mark: Slot | None = field(default=None, compare=False)

    @property
    def named(self) -> bool:
        """Whether it needs no words: it has some, or was left empty on purpose, or has a name of another kind."""
        return self.alt is not None or bool(self.around.label)

    def key(self, document: str) -> str:
        """What the use is called in decisions: the same as long as its document, source and number are.

        Args:
            document: the document's name, see `documents.document_name`.
        """
        # The digest names, it protects nothing.
        return hashlib.sha256(
            "\0".join((document, self.source, str(self.number))).encode("utf-8", "replace")
        ).hexdigest()[:16]


def spliced(data: bytes, edits: Iterable[tuple[Slot, str]]) -> bytes:
    """`data` with words put into slots; every other byte stays.

    Raises:
        ValueError: two slots overlap.
    """
    parts, place = [], 0
    for slot, words in sorted(edits, key=lambda edit: edit[0].start):
        if slot.start < place:
            raise ValueError("two places for words overlap")
        parts += [data[place : slot.start], slot.filled(words)]
        place = slot.end
    return b"".join([*parts, data[place:]])
