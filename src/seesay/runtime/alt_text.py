"""Alt text of a picture that stands alone: what the picture is, what is proposed, or why nothing is."""

from __future__ import annotations

from dataclasses import dataclass

from seesay.runtime.picture_signals import Signals
from seesay.text.alt_words import LONGEST, perhaps, sentence

DRAWN = "a drawing, a chart or text: a person must say it"


@dataclass(frozen=True)
class AltText:
    """What may stand as alt text.

    Attributes:
        role: "informative", "complex" (a person must say it) or "decorative".
        alt: the words; "" where the picture says nothing; None where a person must say them.
        sure: whether they may be written without a person.
        why: the reason.
        perhaps: what it may be, in doubt, where the model is not sure: never to be written unasked.
    """

    role: str
    alt: str | None
    sure: bool
    why: str
    perhaps: str = ""


def words_for(caption: str, sure: bool | None) -> tuple[str, bool]:
    """A caption as alt text, and whether it may be written without a person.

    Args:
        caption: a sentence.
        sure: whether the model stands by it; None where it cannot tell, which counts as no.
    """
    alt = sentence(caption) if sure else perhaps(caption)
    return alt, sure is True and 0 < len(alt) <= LONGEST


def alt_text_of(caption: str, sure: bool | None, signals: Signals | None) -> AltText:
    """Decide on the alt text of a picture of which nothing else is known.

    Args:
        caption: the model's.
        sure: as `words_for` takes it.
        signals: of the picture; None of a clip.
    """
    if signals is not None and signals.blank:
        return AltText("decorative", "", True, "one color and nothing else")
    if signals is not None and signals.drawn:
        return AltText("complex", None, False, DRAWN)
    words, certain = words_for(caption, sure)
    if certain:
        return AltText("informative", words, True, "the model is sure")
    why = "the words are too long" if sure else "the model is not sure; a person must say it"
    return AltText("informative", None, False, why, words)
