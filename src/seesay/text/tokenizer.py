"""Tokens as the COCO caption tools score them: the Penn Treebank rules of Stanford's PTBTokenizer, punctuation dropped.

Compared token for token with pycocoevalcap 1.2's `PTBTokenizer` (stanford-corenlp 3.4.1, `-preserveLines -lowerCase`);
`tests/text` holds the comparison. Known to differ: a few letters glued to an apostrophe or backtick inside a word
("pe`ople", "sha’dow"), a curly ’n’, telephone numbers, an abbreviation with no space after it ("etc.a").
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# What the COCO tools drop after tokenization. Their list has brackets in capitals, the tokens are in lower case by
# then, so brackets stay, as "-lrb-" and so on; that is how published scores were made.
PUNCTUATION = frozenset(["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"])

_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
# Abbreviations that keep their full stop: always, with a capital only, and before a number only.
_ABBREVIATIONS = (
    "mr mrs ms messrs drs dr prof col gen reps? sens? govs? sgt lt maj capt cpl pvt pfc adm rev hon st ste ave "
    "blvd rd ft mt jr sr bros inc co corp ltd cos plc vs etc dept est univ assn jan feb mar apr jun jul aug sept? "
    "oct nov dec mon tues? wed thu thurs fri ala ariz calif colo conn fla ga ind kans? ky md mich minn mo mont "
    "neb nev okla penn tenn va vt wisc? wyo ct dak al cf bldg tel ext intl natl mfg esq ph sq cie bhd rt invt "
    "elec alex wm jos pres supt insp mme mlle cmdr brig atty adj comdr det lieut ens spc treas seq adv"
)
_CAPITALIZED = "miss ark del ill ore pa tex wash mass az la"
_BEFORE_NUMBER = "figs? ca nos? pp op prop art"
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
  | (?P<email>[a-z0-9][^\s"<>|(){}@]{0,63}@(?:[^\s"<>|(){}.@]{1,63}\.){0,9}[^\s"<>|(){}\[\].,;:!?@]{1,63})
  | (?P<tag></?[a-z!?][^<>\s]*>)
  | (?P<handle>@[a-z_]\w*|\#[^\W\d_]+|\bc\+\+)
  | (?P<smiley>[<>]?[:;=]['*o-]?[()dpo\\{@|\[\]](?![a-z]))
  | (?P<shout>[?!]{2,})
  | (?P<two>\b(?:cannot|gonna|gotta|wanna|gimme|lemme)\b(?![-'])|'t(?:is|was)\b)
  | (?P<initials>(?<![\w'])(?:[^\W_]+-)?(?<![\w'])(?:[^\W\d_]\.)+(?:-[^\W_]+|(?![^\W_])))
  | (?P<abbreviation>\b(?:ph\.d|ABBREVIATIONS)\.(?![^\W_])|(?-i:\b(?=[A-Z]))(?:CAPITALIZED)\.(?![^\W_])
      |\b(?:BEFORE_NUMBER)\.(?=\s*\d))
  | (?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|edu|gov)\b)
  | (?P<fraction>\d+(?:-\d+)?\\?/\d+(?![\w/-]))
  | (?P<number>[-+]?\d*(?:[.,:]\d+)+|[-+]\d+)
  | (?P<currency>(?-i:[A-Z]+)\$)
  | (?P<ampersand>(?-i:[A-Z]+(?:&[A-Z]+)+))
  | (?P<negation>[^\W\d_]+?(?=n't))
  | (?P<angled>(?-i:[A-HJ-XZn])'[^\W\d_]{2,})
  | (?P<not>n't)
  | (?P<clitic>'(?:s|m|d|re|ve|ll)\b)
  | (?P<elision>'(?:n'|n\b|em\b|cause\b|till?\b|\d0s\b))
  | (?P<prefixed>\b[ldoc]'(?=[^\W\d_]{2})[^\W_]+(?:-[^\W_]+)*(?!')|(?:o'clock|ma'am|ne'er|e'er|o'er)\b|\by'(?=all\b))
  | (?P<dotted>[^\W\d_][^\W_]*(?:[.!?][^\W\d_][^\W_]*)+)
  | (?P<clipped>\b(?:ol|somethin|dunkin)'(?!\w))
  | (?P<word>[^\W_]+(?:[-_/][^\W_]+)*(?:(?<=[^\W\d_])[-_](?:n|o)'[-_]?[^\W_]+)*)
  | (?P<ellipsis>\.\.+|(?:\.\ ){2,}\.)
  | (?P<dashes>-{2,})
  | (?P<quotes>\'\'|``)
  | (?P<line>_+)
  | (?P<other>\S)
    """.replace("ABBREVIATIONS", _ABBREVIATIONS.replace(" ", "|"))
    .replace("CAPITALIZED", _CAPITALIZED.replace(" ", "|"))
    .replace("BEFORE_NUMBER", _BEFORE_NUMBER.replace(" ", "|")),
    re.VERBOSE | re.IGNORECASE,
)
_REPLACED = {
    **dict.fromkeys(map(ord, "‘’‛›"), "'"),
    **dict.fromkeys(map(ord, "“”«»"), "''"),
    **dict.fromkeys(map(ord, "–—"), "--"),
    **{ord(sign): f" {n}/{d} " for sign, n, d in [("½", 1, 2), ("¼", 1, 4), ("¾", 3, 4), ("⅓", 1, 3), ("⅔", 2, 3)]},
    **{ord(sign): text for sign, text in [("‹", "`"), ("…", "..."), ("¢", " cents "), ("£", "#"), ("€", "$")]},
    0xAD: "",  # soft hyphen
}


# Between spaces, what gives the same tokens whatever stands beside it.
_PLAIN = re.compile(r"([A-Za-z]+(?:-[A-Za-z]+)*)([.,]?)|([.,])")
_STOPPED = re.compile("|".join((_ABBREVIATIONS, _CAPITALIZED, _BEFORE_NUMBER)).replace(" ", "|"))
_known: dict[str, tuple[str, ...] | None] = {}
_KNOWN_AT_MOST = 200_000


def tokenize(caption: str) -> list[str]:
    """Tokens of a caption: lower case, Penn Treebank rules, punctuation dropped.

    Any text is taken; line breaks, control characters and characters outside the basic plane (emoji) separate words, as
    the reference cannot tokenize these either.
    """
    tokens: list[str] = []
    for chunk in caption.split(" "):
        try:
            plain = _known[chunk]
        except KeyError:
            if len(_known) > _KNOWN_AT_MOST:
                _known.clear()
            plain = _known[chunk] = _plain(chunk)
        if plain is None:
            return tokenize_by_rules(caption)
        tokens.extend(plain)
    return tokens


def _plain(chunk: str) -> tuple[str, ...] | None:
    """Tokens of a piece between spaces that needs no rules; None where it does."""
    match = _PLAIN.fullmatch(chunk)
    if not match:
        return None if chunk else ()
    word, sign = (match.group(1) or "").lower(), match.group(2)
    if word in _TWO or (sign == "." and (len(word) == 1 or "-" in word or _STOPPED.fullmatch(word))):
        return None
    return (word,) if word else ()


def tokenize_by_rules(caption: str) -> list[str]:
    """`tokenize` without its short cut for plain words."""
    text = "".join(c if c.isprintable() and c <= "\uffff" else " " for c in caption.translate(_REPLACED))
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        token, kind = match.group().lower(), match.lastgroup
        if kind == "two":
            tokens += _TWO[token]
        elif token in _BRACKETS or kind == "smiley":
            tokens.append("".join(_BRACKETS.get(c, c) for c in token))
        elif token == '"' or kind in ("ellipsis", "dashes"):
            continue
        elif token not in PUNCTUATION:
            tokens.append(token)
    return tokens


def detokenize(tokens: Iterable[str]) -> str:
    """Words joined by single spaces, the form captions are compared in."""
    return " ".join(tokens)
