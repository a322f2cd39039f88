"""Tokens as the COCO caption tools score them: the Penn Treebank rules of Stanford's PTBTokenizer, punctuation dropped.

Compared token for token with pycocoevalcap 1.2's `PTBTokenizer` (stanford-corenlp 3.4.1, `-preserveLines -lowerCase`);
`tests/text` holds the comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# What the COCO tools drop after tokenisation. Their list has brackets in capitals, the tokens are in small letters by
# then, so brackets stay, as "-lrb-" and so on; that is how published scores were made.
PUNCTUATION = frozenset(["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"])

_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
# Abbreviations that keep their full stop anywhere, and those that do so before a number.
_ABBREVIATIONS = (
    "mr mrs ms messrs miss drs dr prof col gen rep sen gov sgt lt maj capt cpl pvt adm rev hon st ste "
    "ave blvd rd ft mt jr sr bros inc co corp ltd cos plc vs etc dept dist est fig univ assn "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thurs fri sat sun "
    "ala ariz ark calif colo conn del fla ga ill ind kan kans ky md mich minn miss mo mont neb nev okla ore pa penn "
    "tenn tex va vt wash wis wyo"
)
# Whole words that the Treebank writes as two.
_TWO = {
    "cannot": ("can", "not"),
    "gonna": ("gon", "na"),
    "gotta": ("got", "ta"),
    "wanna": ("wan", "na"),
    "gimme": ("gim", "me"),
    "lemme": ("lem", "me"),
    "'tis": ("'t", "is"),
    "'twas": ("'t", "was"),
}
_TOKEN = re.compile(
    r"""
    (?P<url>(?:https?://|www\.)[^\s<>"'()]*[^\s<>"'().,;:!?])
  | (?P<email>[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+)
  | (?P<tag></?[a-z!?][^<>\s]*>)
  | (?P<handle>@[a-z_]\w*|\bc\+\+)
  | (?P<smiley>[:;=]-?[()](?!\w))
  | (?P<shout>[?!]{2,})
  | (?P<two>\b(?:cannot|gonna|gotta|wanna|gimme|lemme)\b(?![-'])|'t(?:is|was)\b)
  | (?P<initials>(?<![\w'])(?:[^\W_]+-)?(?<![\w'])(?:[^\W\d_]\.)+(?:-[^\W_]+|(?![^\W_])))
  | (?P<abbreviation>\b(?:ph\.d|ABBREVIATIONS)\.(?![^\W_])|\bnos?\.(?=\s*\d))
  | (?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|edu|gov)\b)
  | (?P<fraction>\d+(?:-\d+)?\\?/\d+(?![\w/]))
  | (?P<number>(?:(?<![\w.])[-+])?\d+(?:[.,:]\d+)+(?!\w) | (?<![\w.])[-+]\d+(?!\w) | (?<!\w)\.\d+(?!\w))
  | (?P<ampersand>(?-i:[A-Z]+(?:&[A-Z]+)+))
  | (?P<negation>[^\W\d_]+?(?=n't\b))
  | (?P<not>n't\b)
  | (?P<clitic>'(?:s|m|d|re|ve|ll)\b)
  | (?P<elision>'(?:n'|em\b|cause\b|till?\b|\d0s\b))
  | (?P<prefixed>\b[ldoc]'(?=[^\W\d_]{2})[^\W_]+(?:-[^\W_]+)*(?!')|(?:o'clock|ma'am|ne'er|e'er|o'er)\b|\by'(?=all\b))
  | (?P<word>[^\W_]+(?:[-_/][^\W_]+)*(?:(?<=[^\W\d_])[-_](?:n|o)'[-_]?[^\W_]+)*)
  | (?P<ellipsis>\.\.+|(?:\.\ ){2,}\.)
  | (?P<dashes>-{2,})
  | (?P<quotes>\'\'|``)
  | (?P<other>\S)
    """.replace("ABBREVIATIONS", "|".join(_ABBREVIATIONS.split())),
    re.VERBOSE | re.IGNORECASE,
)
_REPLACED = str.maketrans(
    {
        "‘": "'", "’": "'", "‛": "'", "`": "`", "“": "''", "”": "''", "„": "''", "«": "''", "»": "''",
        "–": "--", "—": "--", "…": "...", "\u00ad": "", "¢": " cents ", "\u00a0": " ", "£": "#", "€": "$",
    }
)


def tokenize(caption: str) -> list[str]:
    """Tokens of a caption: small letters, Penn Treebank rules, punctuation dropped.

    Any text is taken; line breaks, control characters and characters outside the basic plane (emoji) separate words, as
    the reference cannot tokenise these either.
    """
    text = "".join(c if c.isprintable() and c <= "\uffff" else " " for c in caption.translate(_REPLACED))
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        token, kind = match.group().lower(), match.lastgroup
        if kind == "two":
            tokens += _TWO[token]
        elif token in _BRACKETS or kind == "smiley":
            tokens.append(token[:-1] + _BRACKETS[token[-1]])
        elif token == '"' or kind in ("ellipsis", "dashes"):
            continue
        elif token not in PUNCTUATION:
            tokens.append(token)
    return tokens


def detokenize(tokens: Iterable[str]) -> str:
    """Words joined by single spaces, the form captions are compared in."""
    return " ".join(tokens)
