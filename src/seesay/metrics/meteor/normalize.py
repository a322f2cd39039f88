"""METEOR's own way of writing a line, applied after tokenization (`-norm` of METEOR 1.5, English).

The COCO tools hand METEOR captions that are tokenized already; it separates signs, splits words at dashes and
contractions before the apostrophe once more. Rules and order are those of METEOR 1.5's normalizer; the comparison
with the jar is in `tests/metrics`.
"""

from __future__ import annotations

import re

_ALPHA = "A-Za-zŠŽšžŸÀ-ÖØ-öø-žЀ-ӿԀ-ԧꙀ-ꙮ꙾-ꚗᴀ-ᵿ"
_DASHED = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*")
_SIGN = re.compile(rf"([^0-9{_ALPHA}\s.'`,\-‘’])", re.ASCII)
_DOTS = re.compile(r"\.(\.+)")
_LAST_DOT = re.compile(r"DOTMULTI\.([^.])")
_COMMAS = (re.compile(r"(\D),(\D)", re.ASCII), re.compile(r"(\d),(\D)", re.ASCII), re.compile(r"(\D),(\d)", re.ASCII))
_DASH = re.compile(rf"([0-9{_ALPHA}.])-([0-9{_ALPHA}])")
_APOSTROPHES = (
    (re.compile(rf"([^{_ALPHA}])'([^{_ALPHA}])"), r"\1 ' \2"),
    (re.compile(rf"([^{_ALPHA}0-9])'([{_ALPHA}])"), r"\1 ' \2"),
    (re.compile(rf"([{_ALPHA}])'([^{_ALPHA}])"), r"\1 ' \2"),
    (re.compile(rf"([{_ALPHA}])'([{_ALPHA}])"), r"\1 '\2"),
    (re.compile(r"([0-9])'(s)"), r"\1 '\2"),
)
_LETTER = re.compile(rf"[{_ALPHA}]")
# Java's spaces: what its StringTokenizer splits at.
_BREAK = re.compile(r"[ \t\n\r\f]+")
_WHITE = re.compile("[ \u00a0\u2000-\u200a\u202f\u205f\u3000\u2028\u2029]+")


def normalize(line: str, prefixes: dict[str, bool]) -> list[str]:
    """Words of a line, in lower case.

    Args:
        line: tokens joined by spaces.
        prefixes: words that keep a full stop, to whether only before a number.
    """
    if _DASHED.fullmatch(line):
        return _DASH.sub(r"\1 \2", line).split()
    line = _SIGN.sub(r" \1 ", f" {line} ")
    line = _DOTS.sub(r" DOTMULTI\1", line)
    while "DOTMULTI." in line:
        line = _LAST_DOT.sub(r"DOTDOTMULTI \1", line).replace("DOTMULTI.", "DOTDOTMULTI")
    for comma in _COMMAS:
        line = comma.sub(r"\1 , \2", line)
    line = re.sub("[`‘’]", "'", line)
    line = re.sub("[“”]|''", ' " ', line)
    line = line.replace("–", "-").replace("--", "-")
    line = _DASH.sub(r"\1 \2", line)
    for apostrophe, parts in _APOSTROPHES:
        line = apostrophe.sub(parts, line)
    line = " ".join(_full_stops([word for word in _BREAK.split(line) if word], prefixes))
    while "DOTDOTMULTI" in line:
        line = line.replace("DOTDOTMULTI", "DOTMULTI.")
    line = _WHITE.sub(" ", line.replace("DOTMULTI", "."))
    return [word for word in _BREAK.split(line.lower()) if word]


def _full_stops(words: list[str], prefixes: dict[str, bool]) -> list[str]:
    """Split a full stop off where it ends a sentence."""
    done = []
    for index, word in enumerate(words):
        if len(word) < 2 or not word.endswith("."):
            done.append(word)
            continue
        before, following = word[:-1], words[index + 1] if index + 1 < len(words) else ""
        if "." in before and _LETTER.search(before):
            done.append(word.replace(".", ""))
        elif (
            prefixes.get(before) is False
            or re.match("[a-z]", following)
            or (prefixes.get(before) and re.match("[0-9]", following))
        ):
            done.append(word)
        else:
            done += [before, "."]
    return done
