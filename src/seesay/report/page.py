"""HTML pages that need nothing beside themselves."""

from __future__ import annotations

import base64
import html
import io
import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PIL import Image

from seesay.data import Sample, source_of
from seesay.errors import MediaError
from seesay.report.thumbnails import thumbnail

if TYPE_CHECKING:
    from seesay.evaluation.captions import Evaluation

STYLE = """
:root { color-scheme: light dark; --edge: #8883; --soft: #888; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.soft { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
.card { border: 1px solid var(--edge); border-radius: .6rem; overflow: hidden; }
.card img { width: 100%; display: block; } .card div { padding: .6rem .8rem; }
.said { font-weight: 600; } ul { margin: .4rem 0 0; padding-left: 1.1rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .9rem .25rem 0; text-align: left; }
td:last-child { font-variant-numeric: tabular-nums; } tr { border-bottom: 1px solid var(--edge); }
.scroll { overflow-x: auto; }
.figures td, .figures thead th { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures th:first-child { text-align: left; font-weight: 400; }
.figures .group th { padding-top: 1rem; font-weight: 600; }
.figures .best { font-weight: 700; } .plot { width: 100%; background: white; border-radius: .6rem; }
.says { margin: 0 0 .4rem; }
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


def evaluation_page(
    found: Evaluation,
    samples: Sequence[Sample],
    captions: Mapping[str, str],
    items: Mapping[str, float],
    each: int = 12,
) -> str:
    """Scores, signature, and the best, worst and random photos with what was said and what people said."""
    each = 12
    ranked = sorted(samples, key=lambda s: -items[s.id])
    chosen = random.Random(0).sample(list(samples), min(each, len(samples)))
    constant = found.constant.get("scores", {})
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{_figure(value)}</td><td>{_figure(constant.get(name, ''))}</td></tr>"
        for name, value in {**found.scores, **found.health}.items()
    )
    if constant:
        said = html.escape(found.constant["caption"])
        rows = f"<tr><th></th><td>{html.escape(found.model)}</td><td>always “{said}”</td></tr>{rows}"
    sections = "".join(
        f"<h2>{title}</h2><div class=cards>{''.join(_card(s, captions[s.id], items[s.id]) for s in part)}</div>"
        for title, part in (
            (f"Random {found.modality}s", chosen),
            ("Best", ranked[:each]),
            ("Worst", ranked[: -each - 1 : -1]),
        )
    )
    title = f"{found.model} on {found.split}, {found.count} {found.modality}s"
    return page(
        title,
        f"<h1>{html.escape(title)}</h1><p class=soft>{html.escape(found.signature)}</p><table>{rows}</table>{sections}",
    )


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else html.escape(str(value))


def _card(sample: Sample, said: str, value: float) -> str:
    try:
        image = f'<img alt="" src="{embedded(thumbnail(source_of(sample)))}">'
    except MediaError as error:
        image = f"<p class=soft>{html.escape(str(error))}</p>"
    people = "".join(f"<li>{html.escape(text)}</li>" for text in sample.references[:5])
    return (
        f"<div class=card>{image}<div><span class=said>{html.escape(said)}</span><br><span class=soft>"
        f"CIDEr-D {value:.2f} · {html.escape(sample.id)}</span><ul class=soft>{people}</ul></div></div>"
    )
