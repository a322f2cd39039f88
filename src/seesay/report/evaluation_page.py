"""The page of a captioner's evaluation."""

from __future__ import annotations

import html
import random

from seesay.data import Sample, source_of
from seesay.errors import MediaError
from seesay.evaluation.captions import Evaluation
from seesay.media.thumbnails import thumbnail
from seesay.metrics.figures import figure_of, for_people, shown
from seesay.report.certainty import certainty_section
from seesay.report.page import page, photo, plain_table, verdict

EACH = 12
"""Photos shown at random, of the best and of the worst."""
FEW_DISTINCT = 0.3
"""With a smaller share of different captions a captioner says nearly the same of everything."""


def evaluation_page(found: Evaluation) -> str:
    """A sentence, scores, signature, and the best, worst and random photos with their captions and references."""
    samples = list(found.samples)
    metric = "CIDEr-D" if "CIDEr-D" in found.items else "ROUGE_L"
    items = found.items[metric]
    ranked = sorted(samples, key=lambda s: -items[s.id])
    chosen = random.Random(0).sample(samples, min(EACH, len(samples)))
    constant = found.constant.get("scores", {})
    heading = ["", found.model, *([f"always “{found.constant['caption']}”"] if constant else []), "what it says"]
    rows = [
        [
            figure_of(name).label,
            shown(name, value),
            *([shown(name, constant[name]) if name in constant else ""] if constant else []),
            figure_of(name).meaning,
        ]
        for name, value in {**found.scores, **found.health}.items()
    ]
    sections = "".join(
        f'<h2>{title}</h2><div class="cards">'
        f"{''.join(_card(s, found.captions[s.id], figure_of(metric).label, shown(metric, items[s.id])) for s in part)}"
        "</div>"
        for title, part in (
            (f"Random {found.modality}s", chosen),
            ("Best", ranked[:EACH]),
            ("Worst", ranked[: -EACH - 1 : -1]),
        )
    )
    if found.certainty:
        sections = certainty_section(found.certainty) + sections
    title = f"{found.model} on {found.split}, {found.count:,} {found.modality}s"
    notes = "".join(f"<p>⚠ {html.escape(note)}</p>" for note in found.notes)
    return page(
        title,
        f"<h1>{html.escape(title)}</h1>{verdict(verdict_of(found))}{notes}{plain_table(heading, rows, 'scores')}"
        f'<p class="soft">{html.escape(for_people(found.signature))}</p>{sections}',
    )


def verdict_of(found: Evaluation) -> str:
    """What the scores come to, in a sentence or two."""
    name = "CIDEr-D" if "CIDEr-D" in found.scores else "ROUGE_L"
    score, constant = found.scores[name], found.constant.get("scores", {}).get(name)
    text = f"{found.model} reaches {figure_of(name).label} {shown(name, score)} on {found.count:,} {found.modality}s"
    if constant is not None:
        than = "more" if score > constant else "no more"
        text += f", {than} than one sentence said of everything ({shown(name, constant)})"
    distinct = found.health.get("distinct")
    if isinstance(distinct, float) and found.count > 1:
        differ = f"{shown('distinct', distinct)} % of its captions differ"
        text += f". It says nearly the same of everything: {differ}" if distinct < FEW_DISTINCT else f"; {differ}"
    return f"{text}."


def _card(sample: Sample, caption: str, label: str, value: str) -> str:
    try:
        image = photo(thumbnail(source_of(sample)), caption)
    except MediaError as error:
        image = f'<p class="soft">{html.escape(str(error))}</p>'
    people = "".join(f"<li>{html.escape(text)}</li>" for text in sample.references[:5])
    return (
        f'<div class="card">{image}<div><span class="sentence">{html.escape(caption)}</span><br><span class="soft">'
        f'{label} {value} · {html.escape(sample.id)}</span><ul class="soft">{people}</ul></div></div>'
    )
