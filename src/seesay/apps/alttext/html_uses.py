"""Uses of pictures in HTML, XHTML included, with what stands around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from seesay.apps.alttext.tags import MASK, Attribute, Lines, Tag, charset_of, decoded, masked, read_tags
from seesay.apps.alttext.uses import MOST_USES, NEAR, Around, Slot, Use
from seesay.errors import DataError

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_BLOCK_WORDS = """
address article aside blockquote body button caption center dd details dialog div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hr html label legend li main nav ol option p pre section select
summary table tbody td tfoot th thead tr ul
"""
_BLOCKS = frozenset(_BLOCK_WORDS.split())
_SOURCES = ("src", "data-src", "data-lazy-src", "data-original", "data-srcset", "srcset")
_BINDINGS = {
    f"{start}{name}{']' if start.startswith('[') else ''}"
    for start in (":", "v-bind:", "[", "[attr.", "ng-", "ng-attr-", "x-bind:", "bind:")
    for name in ("src", "alt", "srcset")
}
"""Attributes by which scripts (Vue, Angular, Alpine) set a picture or its words."""
_BACKGROUND = re.compile(r"background(?:-image)?\s*:[^;}]{0,300}?url\(\s*['\"]?([^'\")]{1,2000})", re.I)
_ACTIVE = {"button", "link", "menuitem", "tab", "checkbox", "switch", "radio", "option"}


@dataclass
class _Node:
    """An open element, and the text collected in it where that matters."""

    name: str
    attributes: dict[str, Attribute]
    hidden: bool
    language: str
    words: list[str] = field(default_factory=list)
    size: int = 0
    block: int = 0

    def add(self, text: str) -> None:
        if self.size < NEAR:
            self.words.append(text[: NEAR - self.size])
            self.size += len(text)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@dataclass
class _Found:
    """A use, before all that follows it is read."""

    use: Use
    holder: _Node | None
    figure: _Node | None
    block: int
    gap: int
    language: str
    labelled: str


class HtmlReader:
    """One walk over a document.

    Attributes:
        backgrounds: pictures that style sheets show; they cannot have alt text.
        base: of relative addresses, as the document says; empty where it does not.
        title: of the document.
    """

    def __init__(self, data: bytes, *, xml: bool = False, part: str = "", name: str = "") -> None:
        charset = charset_of(data, xml=xml)
        if charset is None:
            raise DataError(f"{name}: is not in a charset whose markup is ASCII (UTF-16, ISO-2022); save it as UTF-8")
        text = data.decode("latin-1")
        self.charset, self.xml, self.part, self.name = charset, xml, part, name
        self.text = text if xml else masked(text)
        self.backgrounds: list[str] = []
        self.base = self.title = self.language = ""
        self._open: list[_Node] = []
        self._names: Counter[str] = Counter()
        self._blocks: list[_Node] = [_Node("", {}, False, "")]
        self._active: list[_Node] = []
        self._figures: list[_Node] = []
        self._ids: dict[str, _Node] = {}
        self._captions: dict[int, str] = {}
        self._found: list[_Found] = []
        self._gap = 0
        self._lines = Lines(self.text)
        for tag in read_tags(self.text, xml=xml):
            self._take(tag)
        while self._open:
            self._close_last()

    def uses(self) -> list[Use]:
        """Every use, in the order of the document."""
        counts: Counter[str] = Counter()
        totals = Counter(one.use.source for one in self._found)
        runs = Counter(one.gap for one in self._found)
        members: dict[int, list[str]] = {}
        for one in self._found:
            members.setdefault(one.gap, []).append(one.use.source)
        seen: Counter[int] = Counter()
        result = []
        for one in self._found:
            around = one.use.around
            holder, figure = one.holder, one.figure
            own, label = self._blocks[one.block].text, around.label
            if one.labelled:
                label = " ".join(self._ids[i].text for i in one.labelled.split()[:8] if i in self._ids) or label
            beside = ""
            if not own:
                near = (self._blocks[i].text for i in (one.block - 1, one.block + 1) if 0 <= i < len(self._blocks))
                beside = " ".join(near)
            around = replace(
                around,
                label=label,
                title=around.title or (self._value(holder.attributes.get("title")) if holder is not None else ""),
                words=around.words or (self._words_of(holder) if holder is not None else ""),
                caption="" if figure is None else self._captions.get(id(figure), ""),
                near=own,
                next=beside.strip(),
                language=one.language,
                repeated=totals[one.use.source],
                run=runs[one.gap],
                place=seen[one.gap],
                runs_on=tuple(members[one.gap][:12]) if runs[one.gap] > 1 else (),
            )
            seen[one.gap] += 1
            result.append(replace(one.use, around=around, number=counts[one.use.source]))
            counts[one.use.source] += 1
        return result

    def _words_of(self, holder: _Node) -> str:
        parts = [holder.text, self._value(holder.attributes.get("aria-label"))]
        return " ".join(part for part in parts if part)

    def _value(self, attribute: Attribute | None) -> str:
        return " ".join(decoded(attribute.raw, self.charset).split()) if attribute else ""

    def _take(self, tag: Tag) -> None:
        if not tag.name:
            self._take_text(tag)
            return
        name = tag.name.rpartition(":")[2].lower() if self.xml else tag.name
        if tag.closing:
            self._close(name)
            return
        attributes = tag.attributes or {}
        if name in ("img", "input", "area", "image", "svg", "object"):
            self._take_picture(name, tag, attributes)
        if name == "base" and not self.base:
            self.base = self._value(attributes.get("href"))
        if name in _BLOCKS:
            self._new_block()
        style = attributes.get("style")
        if style is not None and "url" in style.raw and len(self.backgrounds) < 10_000:
            self.backgrounds += _BACKGROUND.findall(self._value(style))
        if (tag.empty and self.xml) or name in VOID:
            return
        self._open_one(name, attributes)

    def _open_one(self, name: str, attributes: dict[str, Attribute]) -> None:
        above = self._open[-1] if self._open else None
        language = self._value(attributes.get("lang") or attributes.get("xml:lang")) or (
            above.language if above else ""
        )
        node = _Node(name, attributes, (above is not None and above.hidden) or self._hides(attributes), language)
        node.block = len(self._blocks) - 1
        if name == "html":
            self.language = language
        self._open.append(node)
        self._names[name] += 1
        if (name == "a" and "href" in attributes) or name == "button" or self._role(attributes) in _ACTIVE:
            self._active.append(node)
        elif name == "figure" or self._role(attributes) == "figure":
            self._figures.append(node)
        if "id" in attributes and len(self._ids) < 20_000:
            self._ids.setdefault(self._value(attributes["id"]), node)

    def _role(self, attributes: dict[str, Attribute]) -> str:
        return self._value(attributes.get("role")).lower()

    def _hides(self, attributes: dict[str, Attribute]) -> bool:
        """Whether assistive technology is told to pass it over; what is not shown may be shown later by a script."""
        return self._value(attributes.get("aria-hidden")).lower() == "true"

    def _close(self, name: str) -> None:
        if not self._names[name]:
            return
        while self._open:
            if self._close_last() == name:
                break

    def _close_last(self) -> str:
        node = self._open.pop()
        self._names[node.name] -= 1
        if self._active and self._active[-1] is node:
            self._active.pop()
        if self._figures and self._figures[-1] is node:
            self._figures.pop()
        if node.name == "figcaption" and self._figures:
            self._captions[id(self._figures[-1])] = node.text
        if node.name == "title" and not self.title:
            self.title = node.text
        if node.name in _BLOCKS:
            self._new_block()
        return node.name

    def _new_block(self) -> None:
        if self._blocks[-1].words or (self._found and self._found[-1].block == len(self._blocks) - 1):
            self._blocks.append(_Node("", {}, False, ""))
            self._gap += 1

    def _take_text(self, tag: Tag) -> None:
        inner = self._open[-1] if self._open else None
        if (tag.raw and not self.xml) or (inner is not None and inner.name in ("style", "script")):
            if inner is not None and inner.name == "style" and len(self.backgrounds) < 10_000:
                self.backgrounds += _BACKGROUND.findall(self.text[tag.start : tag.end])
            return
        raw = self.text[tag.start : min(tag.end, tag.start + 4 * NEAR)].replace(MASK, "")
        if not raw.strip():
            for node in self._listening():
                if node.words:
                    node.add(" ")
            return
        text = decoded(raw, self.charset)
        self._gap += 1
        for node in self._listening():
            node.add(text)

    def _listening(self) -> Iterator[_Node]:
        inner = self._open[-1] if self._open else None
        in_title = inner is not None and inner.name == "title"
        if not in_title and not (inner is not None and inner.name == "figcaption"):
            yield self._blocks[-1]
        yield from self._active[-3:]
        for node in self._open[-6:]:
            if node.name in ("figcaption", "title") or "id" in node.attributes:
                yield node

    def _take_picture(self, name: str, tag: Tag, attributes: dict[str, Attribute]) -> None:
        above = self._open[-1] if self._open else None
        if name == "object" or (name == "image" and not any(node.name == "svg" for node in self._open[-8:])):
            return
        if name == "input" and self._value(attributes.get("type")).lower() != "image":
            return
        if name == "area" and "href" not in attributes:
            return
        role = self._role(attributes)
        if name in ("svg", "image") and (name == "image" or role != "img"):
            return
        raw_source = next(
            (attributes[key] for key in _SOURCES if key in attributes and attributes[key].raw.strip()), None
        )
        source = self._value(raw_source)
        if raw_source is not None and raw_source.name.endswith("srcset"):
            source = source.split(",")[0].split(" ")[0]
        if name == "svg":
            source = f"svg at byte {tag.start}"
        if name == "area":
            source = self._value(attributes.get("href"))
        alt = attributes.get("alt")
        holder = self._active[-1] if self._active else None
        if alt is not None and alt.raw and holder is not None and MASK not in alt.raw:
            holder.add(f" {self._value(alt)} ")
        around = Around(
            href=self._href(name, holder, attributes),
            button=name == "input" or (holder is not None and holder.name != "a"),
            words=self._value(attributes.get("value")) if name == "input" else "",
            title=self._value(attributes.get("title")),
            label=self._value(attributes.get("aria-label")),
            names=" ".join(self._value(attributes.get(key)) for key in ("class", "id", "name")).strip().lower(),
            width=_pixels(attributes.get("width")),
            height=_pixels(attributes.get("height")),
            hidden=(above is not None and above.hidden) or self._hides(attributes) or role in ("presentation", "none"),
            described="longdesc" in attributes or "aria-describedby" in attributes,
        )
        use = Use(
            source,
            "img" if name == "img" else name,
            self._lines.where(tag.start),
            None if alt is None or MASK in alt.raw else self._value(alt),
            around,
            None if name == "svg" else self._slot(tag, attributes),
            self._left(tag, attributes, source, name),
        )
        language = self._value(attributes.get("lang")) or (above.language if above else "")
        block = len(self._blocks) - 1
        labelled = self._value(attributes.get("aria-labelledby"))
        figure = self._figures[-1] if self._figures else None
        if len(self._found) >= MOST_USES:
            raise DataError(f"{self.name}: shows more than {MOST_USES} pictures")
        self._found.append(_Found(use, holder, figure, block, self._gap, language, labelled))

    def _href(self, name: str, holder: _Node | None, attributes: dict[str, Attribute]) -> str | None:
        if name == "area":
            return self._value(attributes.get("href"))
        if holder is None or "href" not in holder.attributes:
            return None
        return self._value(holder.attributes["href"])

    def _left(self, tag: Tag, attributes: dict[str, Attribute], source: str, name: str) -> str:
        if MASK in self.text[tag.start : tag.end]:
            return "a template makes it"
        if not _BINDINGS.isdisjoint(attributes):
            return "a script makes it"
        if name == "svg":
            return "" if self._value(attributes.get("aria-label")) else "give the svg a <title>"
        return "" if source or name == "area" else "it names no picture"

    def _slot(self, tag: Tag, attributes: dict[str, Attribute]) -> Slot:
        options: dict[str, Any] = {"charset": self.charset, "part": self.part, "style": "xml" if self.xml else "html"}
        alt = attributes.get("alt")
        if alt is None:
            source = attributes.get("src")
            at = source.end if source is not None and source.quote else tag.name_end
            return Slot(at, at, b' alt="', b'"', **options)
        if alt.value is None or not alt.quote:
            return Slot(alt.start, alt.end, b'alt="', b'"', **options)
        return Slot(*alt.value, quote=alt.quote, **options)


def _pixels(attribute: Attribute | None) -> int | None:
    found = re.fullmatch(r"\s*(\d{1,6})(?:\.\d*)?(?:px)?\s*", attribute.raw) if attribute else None
    return int(found[1]) if found else None


def read_html(data: bytes, name: str = "", *, xml: bool = False, part: str = "") -> list[Use]:
    """The uses of pictures in a page.

    Args:
        data: the page as it lies on disk.
        name: for messages.
        xml: read it as XHTML.
        part: member of a zip that it is.

    Raises:
        DataError: its charset is not one whose markup is ASCII.
    """
    return HtmlReader(data, xml=xml, part=part, name=name).uses()
