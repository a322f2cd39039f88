"""Uses of pictures in Markdown: CommonMark with GitHub's tables, reference links, and the HTML in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seesay.apps.alttext.html_uses import read_html
from seesay.apps.alttext.uses import NEAR, Around, Slot, Use
from seesay.errors import DataError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

SPAN = "span"
_FRONT = re.compile(rb"\A(?:\xef\xbb\xbf)?(---|\+\+\+)[ \t]*\r?\n[\s\S]{0,200000}?\r?\n\1[ \t]*(?:\r?\n|\Z)")


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for name in ("image", "html_inline", "backticks", "autolink", "escape"):
        _remember(parser, name)
    return parser


def _remember(parser: MarkdownIt, name: str) -> None:
    """Let a rule write down which characters of its text each token was."""
    ruler = parser.inline.ruler
    rule: Any = ruler.__rules__[ruler.__find__(name)].fn

    def noting(state: Any, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        done = bool(rule(state, silent))
        if done and not silent:
            if name == "escape":
                state.env.setdefault("escapes", []).append((state.src, start, state.pos))
            elif len(state.tokens) > before:
                state.tokens[-1].meta = {SPAN: (start, state.pos)}
        return done

    ruler.at(name, noting)


def read_markdown(data: bytes, name: str = "") -> list[Use]:
    """The uses of pictures in a Markdown file.

    A picture with empty brackets lacks words: Markdown has no other way to write one without.

    Args:
        data: the file.
        name: for messages.

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    front = _FRONT.match(data)
    head = data[: front.end()].decode("utf-8-sig") if front else ""
    body = text[len(head) :]
    body = re.sub(r"[^\n\r]", " ", head) + body  # what stands before keeps its lines
    page = _Page(body)
    bom = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    found = page.uses(_Bytes(text, bom))
    found += [use for use in read_html(page.html_only(text, bom, len(head)), name) if use.kind != "svg"]
    found.sort(key=lambda use: use.slot.start if use.slot else 0)
    return _numbered(found)


def _numbered(uses: Sequence[Use]) -> list[Use]:
    totals, seen, result = Counter(use.source for use in uses), Counter[str](), []
    for use in uses:
        around = replace(use.around, repeated=totals[use.source])
        result.append(replace(use, number=seen[use.source], around=around))
        seen[use.source] += 1
    return result


class _Bytes:
    """Byte of each character, asked for in any order."""

    def __init__(self, text: str, bom: int) -> None:
        self.bom = bom
        self.ascii = text.isascii()
        self.text = text
        self.steps = [0]
        if not self.ascii:
            for i in range(0, len(text), 1024):
                self.steps.append(self.steps[-1] + len(text[i : i + 1024].encode()))

    def __call__(self, place: int) -> int:
        if self.ascii:
            return self.bom + place
        block = place >> 10
        return self.bom + self.steps[block] + len(self.text[block << 10 : place].encode())


class _Page:
    """Tokens of a page, and where each line begins.

    The parser ends lines at "\n" alone; it turns "\r\n" and "\r" into that first, so lines are found here the same way.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [0] + [found.end() for found in re.finditer(r"\r\n|\n|\r", text)] + [len(text)]
        self.env: dict[str, Any] = {}
        self.tokens = _parser().parse(text, self.env)
        self.html: list[tuple[int, int]] = []
        self.code: list[tuple[int, int]] = []
        self.inline: list[tuple[Token, list[tuple[int, int, int]]]] = []
        self._locate()

    def _line(self, number: int) -> tuple[int, int]:
        number = min(number, len(self.lines) - 2)
        return self.lines[number], self.lines[number + 1]

    def _locate(self) -> None:
        """Find the characters of each block's text in the file."""
        cells: dict[int, int] = {}
        last: tuple[int, int] | None = None
        for token in self.tokens:
            if token.map:
                last = (token.map[0], token.map[1])
            if token.type == "html_block" and token.map:
                self.html.append((self._line(token.map[0])[0], self._line(token.map[1] - 1)[1]))
            elif token.type in ("fence", "code_block") and token.map:
                self.code.append((self._line(token.map[0])[0], self._line(token.map[1] - 1)[1]))
            elif token.type == "inline" and last is not None:
                rows = token.map or list(last)
                self.inline.append((token, self._pieces(token.content, rows[0], rows[1], cells)))

    def _pieces(self, content: str, first: int, end: int, cells: dict[int, int]) -> list[tuple[int, int, int]]:
        """(place in the content, place in the file, length) of each line of a text; none where it was changed."""
        pieces, inside = [], 0
        for number, piece in enumerate(content.split("\n")):
            if first + number >= max(end, first + 1):
                return []
            start, stop = self._line(first + number)
            line = self.text[start:stop]
            at = line.find(piece, cells.get(first + number, 0)) if piece else 0
            if at < 0:
                return []  # an escaped bar in a table, a tab that was expanded
            if "\n" not in content and piece:
                cells[first + number] = at + len(piece)
            pieces.append((inside, start + at, len(piece)))
            inside += len(piece) + 1
        return pieces

    def spans(self, kind: str) -> Iterator[tuple[Token, int, int]]:
        """Tokens of a kind with their characters in the file."""
        for token, pieces in self.inline:
            for child in token.children or []:
                if child.type == kind and SPAN in child.meta:
                    start, end = child.meta[SPAN]
                    places = _file_place(pieces, start), _file_place(pieces, end - 1)
                    if places[0] is not None and places[1] is not None:
                        yield child, places[0], places[1] + 1

    def uses(self, byte: _Bytes) -> list[Use]:
        """Pictures of Markdown's own."""
        found: list[Use] = []
        texts = [_plain(token.children or []) for token, _ in self.inline]
        for number, (token, pieces) in enumerate(self.inline):
            near = texts[number]
            beside = "" if near else " ".join(texts[max(0, number - 1) : number] + texts[number + 1 : number + 2])
            children = token.children or []
            images = [child for child in children if child.type == "image"]
            for image in images:
                use = self._use(image, children, pieces, byte)
                if use is not None:
                    around = replace(use.around, near=near[:NEAR], next=beside[:NEAR])
                    if not near and use.around.href is None:
                        sources = tuple(str(one.attrs.get("src", "")) for one in images)
                        around = replace(around, run=len(images), place=images.index(image), runs_on=sources[:12])
                    found.append(replace(use, around=around))
        return found

    def _use(self, image: Token, children: list[Token], pieces: Any, byte: _Bytes) -> Use | None:
        if SPAN not in image.meta:
            return None
        start, end = image.meta[SPAN]
        label_start, label_end = start + 2, start + 2 + len(image.content)
        at, stop = _file_place(pieces, start), _file_place(pieces, end - 1)
        begin = _file_place(pieces, label_start)
        last = _file_place(pieces, label_end)
        href, words = _link(image, children)
        alt = " ".join(_plain(image.children or [], alts=True).split())
        source, around = (
            str(image.attrs.get("src", "")),
            Around(href=href, words=words, title=str(image.attrs.get("title") or "")),
        )
        if (
            at is None
            or stop is None
            or begin is None
            or last is None
            or self.text[at : at + 2] + self.text[last] != "![]"
        ):
            return Use(
                source, "img", "a table", alt or None, around, left="stands beside an escaped bar; write it by hand"
            )
        line = self._line_of(at)
        slot = Slot(byte(begin), byte(last), style="markdown")
        return Use(source, "img", f"{line + 1}:{at - self.lines[line] + 1}", alt or None, around, slot)

    def _line_of(self, place: int) -> int:
        import bisect

        return bisect.bisect_right(self.lines, place) - 1

    def html_only(self, text: str, bom: int, head: int) -> bytes:
        """The file with code, escapes and metadata (its first `head` characters) as blanks: the tags left are HTML."""
        blanks = [(0, head), *self.code]
        for kind in ("code_inline", "image"):
            blanks += [(start, end) for _, start, end in self.spans(kind)]
        by_text: dict[str, list[list[tuple[int, int, int]]]] = {}
        for token, pieces in self.inline:
            by_text.setdefault(token.content, []).append(pieces)
        for source, start, end in dict.fromkeys(self.env.get("escapes", ())):
            for pieces in by_text.get(source, ()):
                at, stop = _file_place(pieces, start), _file_place(pieces, end - 1)
                if at is not None and stop is not None:
                    blanks.append((at, stop + 1))
        parts, place = [], 0
        for start, end in sorted(blanks):
            if start >= place:
                parts += [
                    text[place:start],
                    re.sub(r"[^\n\r]", lambda c: " " * len(c.group().encode()), text[start:end]),
                ]
                place = end
        joined = "".join([*parts, text[place:]])
        return b" " * bom + joined.encode()


def _file_place(pieces: Sequence[tuple[int, int, int]], place: int) -> int | None:
    for inside, at, length in pieces:
        if inside <= place <= inside + length:
            return at + place - inside
    return None


def _plain(children: Sequence[Token], *, alts: bool = False) -> str:
    parts = []
    for child in children:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "image" and alts:
            parts.append(_plain(child.children or [], alts=True))
    return " ".join("".join(parts).split()) if not alts else "".join(parts)


def _link(image: Token, children: list[Token]) -> tuple[str | None, str]:
    """The link that a picture is in, and its words."""
    begin = end = None
    for number, child in enumerate(children):
        if child is image:
            break
        if child.type == "link_open":
            begin = number
        elif child.type == "link_close":
            begin = None
    if begin is None:
        return None, ""
    end = next((i for i in range(begin, len(children)) if children[i].type == "link_close"), len(children))
    words = _plain([one for one in children[begin:end] if one is not image])
    others = [
        _plain(one.children or [], alts=True) for one in children[begin:end] if one.type == "image" and one is not image
    ]
    return str(children[begin].attrs.get("href", "")), " ".join([words, *others]).strip()
