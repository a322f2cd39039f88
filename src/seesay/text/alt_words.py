"""From what a model, a file or a person says to words that may stand as alt text."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 125
"""Characters to aim at: some screen readers stop there."""
_OPENING = re.compile(
    r"^(?:an?|the|this is an?|there is an?)?\s*(?:close[- ]?up |black and white |blurry |stock )?"
    r"(?:image|picture|photo|photograph|pic|graphic|screenshot|drawing|view)s? (?:of|showing|that shows|with) ",
    re.I,
)
_CAMERA = re.compile(
    r"olympus digital camera|sony dsc|minolta digital|samsung camera pictures|camera|default|untitled|image|photo|"
    r"kodak.*camera|digital (?:still )?camera|dcim.*|screenshot|ocr|created with .*|processed with .*|exif_jpeg_.*|"
    r"\d[\d :./-]*|(?:img|dsc|dscn|dscf|pxl|p|gopr|mvi)[-_]?\d.*|.*\.(?:jpe?g|png|gif|webp|tiff?|heic|psd|svg)",
    re.I,
)
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+")
_GENERIC_WORDS = """
img image images picture pictures pic photo photos photograph foto dsc dscn dscf pxl mvi file icon icons ico
btn button small medium large big thumb thumbs thumbnail mini tiny full final copy new old edit edited crop
cropped resized scaled web retina hires lowres left right top bottom center default assets static media
uploads untitled jpg jpeg png gif webp svg tif tiff bmp avif heic px dpi the and for with from its are was has
this that of in on a an at to by is graphic unnamed screen shot
"""
GENERIC = frozenset(_GENERIC_WORDS.split())


def plain(text: str, most: int = 4000) -> str:
    """Text on one line, without controls and characters that turn the direction of writing."""
    kept = (
        " " if c.isspace() else c
        for c in text[:most]
        if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return " ".join("".join(kept).split())


def sentence(caption: str) -> str:
    """A caption as alt text: no "a picture of", a capital first, a full stop last."""
    text = _OPENING.sub("", plain(caption)).strip(" .")
    if not text:
        return ""
    return f"{text[:1].upper()}{text[1:]}."


def perhaps(caption: str) -> str:
    """A caption that is in doubt, with the doubt in words."""
    text = _OPENING.sub("", plain(caption)).strip(" .")
    return f"Perhaps {text}." if text else ""


def meaningful(text: str) -> bool:
    """Whether words describe something: no file name, no camera's note."""
    text = plain(text)
    return len(text) > 2 and _CAMERA.fullmatch(text) is None and any(c.isalpha() for c in text)


def name_words(name: str) -> list[str]:
    """Words of a file name, in lower case, without those that say nothing."""
    stem = re.split(r"[/\\]", name.split("?")[0].split("#")[0])[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)
    found = [word.lower() for word in _PARTS.findall(stem)]
    return [word for word in found if len(word) > 1 and word not in GENERIC and not _coded(word)]


def _coded(word: str) -> bool:
    """Whether letters are no word: pieces of digests and codes."""
    return len(word) > 3 and not re.search(r"[aeiouy]", word) and word.isascii()


def content_words(text: str) -> list[str]:
    """The words of a text that carry meaning, in lower case."""
    return [word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) > 2 and word not in GENERIC]


def short(text: str) -> str:
    """At most twice what is aimed at, cut between words."""
    text = plain(text)
    if len(text) <= 2 * LONGEST:
        return text
    return text[: 2 * LONGEST].rsplit(" ", 1)[0] + " …"


def is_english(language: str) -> bool:
    """Whether a language tag is of English; no tag counts as English."""
    return not language or language.lower().split("-")[0].split("_")[0] in ("en", "eng")


def machine_words(model: str, date: str) -> str:
    """A sentence that says who wrote words that no person did.

    Args:
        model: its name and version; empty where it is not known.
        date: when; empty where it is not known.
    """
    who = f"the model {plain(model)}" if plain(model) else "a model"
    return f"These words were written by {who}{f' on {plain(date)}' if plain(date) else ''}"
