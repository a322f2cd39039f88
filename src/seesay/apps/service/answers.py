"""Answers as plain JSON: the fields of `seesay caption --json` and `seesay recognize --json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seesay.errors import MediaError

if TYPE_CHECKING:
    from seesay.apps.service.opening import Opened
    from seesay.runtime import Caption, Captioner, Prediction

_EXTRAS = ("confidence", "sure")


def caption_entry(
    head: Mapping[str, Any], captioner: Captioner, result: Sequence[Caption] | MediaError, opened: Opened
) -> dict[str, Any]:
    """What is said of one photo, clip or scene.

    Args:
        head: what was asked: `name`, `per_scene`, `attention`.
        captioner: what answered.
        result: its captions, or why there are none.
        opened: what it saw.
    """
    captions, error = ([], str(result)) if isinstance(result, MediaError) else (result, None)
    times = {}
    if head["per_scene"]:
        start, end = opened.times or (None, None)
        times = {"start": None if start is None else round(start, 3), "end": None if end is None else round(end, 3)}
    spoken = [_caption(one) for one in captions]
    if head["attention"]:
        for one, caption in zip(spoken, captions, strict=True):
            one["attention"] = _attention(caption, opened)
    return {"path": head["name"], **times, "captions": spoken, "model": captioner.name, "error": error}


def prediction_entry(head: Mapping[str, Any], model: str, predictions: Sequence[Prediction]) -> dict[str, Any]:
    """What one clip, text or sound shows."""
    shown = [one.to_json() for one in predictions]
    return {"path": head["name"], "predictions": shown, "model": model, "error": None}


def _caption(caption: Caption) -> dict[str, Any]:
    """The caption's own JSON, with how sure the model is where it can tell."""
    plain = caption.to_json()
    for name in _EXTRAS:
        value = getattr(caption, name, None)
        if value is not None and name not in plain:
            plain[name] = value
    return plain


def _attention(caption: Caption, opened: Opened) -> dict[str, Any] | None:
    """Where the model looked for each word: shares of a grid (of a clip: of its frames) that add up to 1."""
    if caption.attention is None:
        return None
    _, rows, columns = caption.attention.shape
    weights = [[round(float(value), 4) for value in word.reshape(-1)] for word in caption.attention]
    return {
        "rows": rows,
        "columns": columns,
        "box": [round(value, 4) for value in opened.box],
        "words": [{"word": token, "weights": each} for (token, _), each in zip(caption.tokens, weights, strict=True)],
    }
