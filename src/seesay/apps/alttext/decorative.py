"""The mark by which Office says that a picture is decorative: an extension of its properties (MS-ODRAWXML 2.24)."""

from __future__ import annotations

from dataclasses import dataclass

from seesay.apps.alttext.tags import Tag
from seesay.apps.alttext.uses import Slot

_URI = "{C183D7F6-B498-43B3-948B-1728B52AA6E4}"
_MARK = '<adec:decorative xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/>'
_MAIN = "http://schemas.openxmlformats.org/drawingml/2006/main"


@dataclass
class Properties:
    """The element (`docPr`, `cNvPr`) that holds a picture's words, while it is read.

    Attributes:
        depth: how deep it stands.
        tag: its start tag.
        end: byte at which its end tag begins.
        extensions: end tag of its list of extensions.
        marked: whether it has a mark already, whatever that says.
    """

    depth: int
    tag: Tag
    end: int | None = None
    extensions: Tag | None = None
    marked: bool = False

    def closed(self, tag: Tag, depth: int) -> None:
        """Take notice of an end tag inside of the drawing; `depth` is how deep its element stands."""
        if self.end is None and not self.tag.empty:
            if depth == self.depth:
                self.end = tag.start
            elif depth == self.depth + 1 and tag.name.rpartition(":")[2] == "extLst":
                self.extensions = tag

    def slot(self, charset: str, part: str) -> Slot | None:
        """Where the mark goes; None where it cannot be written without changing more."""
        if self.marked:
            return None
        if self.extensions is not None:
            prefix = self.extensions.name.rpartition(":")[0]
            ext = f"{prefix}:ext" if prefix else "ext"
            at = self.extensions.start
            return _slot(at, at, f'<{ext} uri="{_URI}">{_MARK}</{ext}>', charset, part)
        made = f'<a:extLst xmlns:a="{_MAIN}"><a:ext uri="{_URI}">{_MARK}</a:ext></a:extLst>'
        if self.tag.empty:
            return _slot(self.tag.end - 2, self.tag.end, f">{made}</{self.tag.name}>", charset, part)
        return None if self.end is None else _slot(self.end, self.end, made, charset, part)


def _slot(start: int, end: int, text: str, charset: str, part: str) -> Slot:
    return Slot(start, end, text.encode(), b"", "xml", charset, part=part)
