"""The page of a captioner's evaluation."""

from __future__ import annotations

import html
import random

from seesay.data import Sample, source_of
from seesay.errors import MediaError
from seesay.evaluation.captions import Evaluation
from seesay.media.thumbnails import thumbnail
from seesay.report.certainty import certainty_section
from seesay.report.page import embedded, page

EACH = 12
"""Photos shown at random, of the best and of the worst."""


def evaluation_page(found: Evaluation) -> str:
    """Scores, signature, and the best, worst and random photos with their captions and references."""
    samples = list(found.samples)
    items = found.items.get("CIDEr-D", found.items["ROUGE_L"])
    ranked = sorted(samples, key=lambda s: -items[s.id])
    chosen = random.Random(0).sample(samples, min(EACH, len(samples)))
    constant = found.constant.get("scores", {})
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{_figure(value)}</td><td>{_figure(constant.get(name, ''))}</td></tr>"
        for name, value in {**found.scores, **found.health}.items()
    )
    if constant:
        sentence = html.escape(found.constant["caption"])
        rows = f"<tr><th></th><td>{html.escape(found.model)}</td><td>always “{sentence}”</td></tr>{rows}"
    sections = "".join(
        f"<h2>{title}</h2><div class=cards>{''.join(_card(s, found.captions[s.id], items[s.id]) for s in part)}</div>"
        for title, part in (
            (f"Random {found.modality}s", chosen),
            ("Best", ranked[:EACH]),
            ("Worst", ranked[: -EACH - 1 : -1]),
        )
    )
    if found.certainty:
        sections = certainty_section(found.certainty) + sections
    title = f"{found.model} on {found.split}, {found.count} {found.modality}s"
    return page(
        title,
        f"<h1>{html.escape(title)}</h1><p class=soft>{html.escape(found.signature)}</p><table>{rows}</table>{sections}",
    )


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else html.escape(str(value))


def _card(sample: Sample, caption: str, value: float) -> str:
    try:
        image = f'<img alt="" src="{embedded(thumbnail(source_of(sample)))}">'
    except MediaError as error:
        image = f"<p class=soft>{html.escape(str(error))}</p>"
    people = "".join(f"<li>{html.escape(text)}</li>" for text in sample.references[:5])
    return (
        f"<div class=card>{image}<div><span class=caption>{html.escape(caption)}</span><br><span class=soft>"
        f"CIDEr-D {value:.2f} · {html.escape(sample.id)}</span><ul class=soft>{people}</ul></div></div>"
    )
