"""HTML pages that need nothing beside themselves: readable on a telephone, by keyboard, by ear, and in the dark."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Sequence

from PIL import Image

STYLE = """
:root { color-scheme: light dark; --edge: #8885; --soft: #595959; --link: #0b57d0; --strong: #fff3d6; }
@media (prefers-color-scheme: dark) { :root { --soft: #b8b8b8; --link: #a8c7fa; --strong: #4a3a10; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  background: Canvas; color: CanvasText; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } h3 { font-size: 1rem; }
a { color: var(--link); } :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.verdict { font-size: 1.1rem; border-left: .3rem solid var(--link); padding-left: .8rem; }
.soft { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: 1rem; }
.card { border: 1px solid var(--edge); border-radius: .6rem; overflow: hidden; }
.card img { width: 100%; height: auto; display: block; } .card > div { padding: .6rem .8rem; }
.sentence { font-weight: 600; } .doubt { background: var(--strong); padding: 0 .3em; border-radius: .3em; }
ul { margin: .4rem 0 0; padding-left: 1.1rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; }
tr { border-bottom: 1px solid var(--edge); }
.scroll { overflow-x: auto; }
.figures td, .figures thead th { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures th:first-child { text-align: left; font-weight: 400; }
.figures td.meaning { text-align: left; white-space: normal; min-width: 12rem; }
.figures .group th { padding-top: 1rem; font-weight: 600; }
.figures .best { font-weight: 700; }
.plot { margin: 1rem 0; } .plot svg { width: 100%; height: auto; background: white; border-radius: .6rem; }
@media (prefers-color-scheme: dark) { .plot svg { filter: invert(.88) hue-rotate(180deg); } }
.panels { display: flex; flex-wrap: wrap; gap: .5rem; margin: .6rem 0; }
.panels figure { margin: 0; max-width: 100%; }
.panels img, .strip img { display: block; max-width: 100%; height: auto; }
.panels figcaption { font-size: .9rem; }
.answer { margin: 0 0 .4rem; }
"""


def page(title: str, body: str) -> str:
    """A whole document; `title` is escaped, `body` is HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def verdict(text: str) -> str:
    """The sentence that stands on top: what came of it."""
    return f'<p class="verdict">{html.escape(text)}</p>'


def photo(picture: Image.Image, alt: str, side: int = 320) -> str:
    """A picture of at most `side` pixels inside the page, fetched when it is scrolled to."""
    small = picture.convert("RGB")
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    address = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    return image(address, alt, small.size)


def image(address: str, alt: str, size: tuple[int, int]) -> str:
    """An image at an address, fetched when it is scrolled to."""
    width, height = size
    return (
        f'<img loading="lazy" width="{width}" height="{height}" alt="{html.escape(alt)}" src="{html.escape(address)}">'
    )


def plot(svg: str, what: str) -> str:
    """A plot drawn as SVG, its words as text; turned dark with the page."""
    inner = re.sub(r"^.*?(?=<svg)", "", svg, count=1, flags=re.DOTALL)
    return f'<figure class="plot" role="img" aria-label="{html.escape(what)}">{inner}</figure>'


def scrolled(table: str, what: str) -> str:
    """A table that may be wider than the page, reached by keyboard."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{html.escape(what)}">{table}</div>'


def heading_cells(cells: Sequence[str]) -> str:
    """The first row of a table; an empty cell is no heading."""
    return "".join(f'<th scope="col">{html.escape(cell)}</th>' if cell.strip() else "<td></td>" for cell in cells)


def plain_table(heading: Sequence[str], rows: Sequence[Sequence[str]], what: str = "table") -> str:
    """A table of text, escaped; the first cell of a row is its heading."""
    body = "".join(
        f"<tr>{_row_heading(row[0])}{''.join(f'<td>{html.escape(cell)}</td>' for cell in row[1:])}</tr>" for row in rows
    )
    table = f'<table class="figures"><thead><tr>{heading_cells(heading)}</tr></thead><tbody>{body}</tbody></table>'
    return scrolled(table, what)


def _row_heading(text: str) -> str:
    return f'<th scope="row">{html.escape(text)}</th>' if text.strip() else "<td></td>"
