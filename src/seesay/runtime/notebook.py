"""Captions and models as notebooks show them: HTML that needs nothing beside itself."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seesay.errors import MediaError
from seesay.media import open_picture

if TYPE_CHECKING:
    from seesay.artifact import Artifact
    from seesay.runtime.caption import Caption

SIDE = 160
"""Of a picture, in pixels."""


def caption_html(caption: Caption) -> str:
    """The sentence, how sure the model is, and, for each word, its probability and where the model looked."""
    said = html.escape(caption.text)
    sure = (
        "" if caption.confidence is None else f" ({'sure' if caption.sure else 'not sure'}, {caption.confidence:.0%})"
    )
    address, size = _picture(caption.source)
    shown = [] if address is None else [_figure(_photo(address, size, caption.text), "")]
    for place, (word, logprob) in enumerate(caption.tokens):
        looked = ""
        if caption.attention is not None:
            looked = _photo(
                address, size, f"{caption.text}: where the model looked for {word}", caption.attention[place]
            )
        shown.append(_figure(looked, f"{word} {np.exp(logprob):.2f}"))
    return (
        f"<p><strong>{said}</strong>{sure}</p><div style='display:flex;flex-wrap:wrap;gap:8px'>{''.join(shown)}</div>"
    )


def model_html(kind: str, artifact: Artifact, about: Sequence[str]) -> str:
    """What a model is, as a list, with its card."""
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in about)
    card = artifact.manifest.card
    folded = f"<details><summary>Card</summary><pre>{html.escape(card)}</pre></details>" if card else ""
    return f"<p><strong>{kind}</strong></p><ul>{lines}</ul>{folded}"


def _figure(picture: str, below: str) -> str:
    return f"<figure style='margin:0'>{picture}<figcaption>{html.escape(below)}</figcaption></figure>"


def _picture(source: Any) -> tuple[str | None, tuple[int, int]]:
    """A small JPEG of what was captioned, where that can be opened again as a picture."""
    if source is None:
        return None, (SIDE, SIDE)
    try:
        small = open_picture(source, target=(SIDE, SIDE)).convert("RGB")
    except MediaError:
        return None, (SIDE, SIDE)
    small.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode(), small.size


def _photo(address: str | None, size: tuple[int, int], alt: str, weights: NDArray[np.float32] | None = None) -> str:
    """A picture, dark where the weights (rows, columns) are small."""
    width, height = size
    drawn = f'<rect width="{width}" height="{height}" fill="white"/>'
    if address is not None:
        drawn = f'<image href="{address}" width="{width}" height="{height}"/>'
    if weights is not None:
        rows, columns = weights.shape
        strength = weights / max(float(weights.max()), 1e-9)
        for row in range(rows):
            for column in range(columns):
                drawn += (
                    f'<rect x="{column * width / columns:.1f}" y="{row * height / rows:.1f}" '
                    f'width="{width / columns:.1f}" height="{height / rows:.1f}" '
                    f'opacity="{0.75 * (1 - float(strength[row, column])):.2f}"/>'
                )
    return f'<svg role="img" aria-label="{html.escape(alt)}" width="{width}" height="{height}">{drawn}</svg>'
