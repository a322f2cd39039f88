"""HTML pages that need nothing beside themselves."""

from __future__ import annotations

import base64
import html
import io

from PIL import Image

STYLE = """
:root { color-scheme: light dark; --edge: #8883; --soft: #888; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.soft { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
.card { border: 1px solid var(--edge); border-radius: .6rem; overflow: hidden; }
.card img { width: 100%; display: block; } .card div { padding: .6rem .8rem; }
.caption { font-weight: 600; } ul { margin: .4rem 0 0; padding-left: 1.1rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .9rem .25rem 0; text-align: left; }
td:last-child { font-variant-numeric: tabular-nums; } tr { border-bottom: 1px solid var(--edge); }
.scroll { overflow-x: auto; }
.figures td, .figures thead th { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures th:first-child { text-align: left; font-weight: 400; }
.figures .group th { padding-top: 1rem; font-weight: 600; }
.figures .best { font-weight: 700; } .plot { width: 100%; background: white; border-radius: .6rem; }
.answer { margin: 0 0 .4rem; }
.wide { width: 100%; border: 1px solid var(--edge); border-radius: .6rem; }
"""


def page(title: str, body: str) -> str:
    """A whole document; `title` is escaped, `body` is HTML."""
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>\n<body>\n{body}\n</body></html>\n"
    )


def embedded(picture: Image.Image, side: int = 320) -> str:
    """A small JPEG of a picture as a data address."""
    small = picture.convert("RGB")
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
