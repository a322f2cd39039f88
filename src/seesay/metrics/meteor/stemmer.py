"""The English Snowball stemmer ("Porter 2"), in the version that METEOR 1.5 carries.

Rules: https://snowballstem.org/algorithms/english/stemmer.html (as of 2014). Newer versions of the algorithm, and so of
the libraries, stem a few words otherwise ("ebbed", "cytologist"); the tests hold this one to METEOR's jar.
"""

from __future__ import annotations

import re

_SPECIAL = {
    **{"skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl"},
    **{"gently": "gentl", "ugly": "ugli", "early": "earli", "only": "onli", "singly": "singl"},
    **dict.fromkeys(["sky", "news", "howe", "atlas", "cosmos", "bias", "andes"]),
}
_KEPT = frozenset(["inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"])
_REGION = re.compile("[^aeiouy]*[aeiouy]+[^aeiouy]")
_PREFIX = re.compile("gener|commun|arsen")
_VOWEL = re.compile("[aeiouy]")
_SHORT = re.compile("(?:.*[^aeiouy][aeiouy][^aeiouywxY]|[aeiouy][^aeiouy])")
_DOUBLES = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
_STEP_2 = {
    **{"ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "abli": "able", "entli": "ent"},
    **{"izer": "ize", "ization": "ize", "ation": "ate", "ator": "ate", "alism": "al", "aliti": "al", "alli": "al"},
    **{"fulness": "ful", "ousli": "ous", "ousness": "ous", "iveness": "ive", "iviti": "ive", "biliti": "ble"},
    **{"bli": "ble", "ogi": "og", "fulli": "ful", "lessli": "less", "li": ""},
}
_STEP_3 = {
    **{"ational": "ate", "tional": "tion", "alize": "al", "icate": "ic", "iciti": "ic", "ical": "ic"},
    **{"ful": "", "ness": "", "ative": ""},
}
_STEP_4 = dict.fromkeys(
    ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ism", "ate", "iti", "ous"], ""
) | dict.fromkeys(["ive", "ize", "ion"], "")


def stem(word: str) -> str:
    """The stem of a word in lower case."""
    if word in _SPECIAL:
        return _SPECIAL[word] or word
    if len(word) < 3:
        return word
    word = word.removeprefix("'")
    if "y" in word:
        word = _mark(word)
    first = _PREFIX.match(word)
    region_1 = first.end() if first else _end(word, 0)
    region_2 = _end(word, region_1)
    for ending in ("'s'", "'s", "'"):
        if word.endswith(ending):
            word = word.removesuffix(ending)
            break
    word = _plural(word)
    if word in _KEPT:
        return word
    word = _past(word, region_1)
    if len(word) > 2 and word[-1] in "yY" and word[-2] not in "aeiouy":
        word = word[:-1] + "i"
    word = _suffix(word, _STEP_2, region_1, region_2)
    word = _suffix(word, _STEP_3, region_1, region_2)
    word = _suffix(word, _STEP_4, region_2, region_2)
    if word.endswith("e"):
        place = len(word) - 1
        if place >= region_2 or (place >= region_1 and not _short(word[:-1])):
            word = word[:-1]
    elif word.endswith("ll") and len(word) - 1 >= region_2:
        word = word[:-1]
    return word.replace("Y", "y")


def _mark(word: str) -> str:
    """Write Y for a y that is a consonant: at the beginning, and after a vowel."""
    letters = list(word)
    for i, letter in enumerate(letters):
        if letter == "y" and (i == 0 or letters[i - 1] in "aeiouy"):
            letters[i] = "Y"
    return "".join(letters)


def _end(word: str, start: int) -> int:
    """Where the region after the first non-vowel that follows a vowel begins."""
    found = _REGION.match(word, start)
    return found.end() if found else len(word)


def _plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith(("us", "ss")) or not word.endswith("s"):
        return word
    return word[:-1] if _VOWEL.search(word, 0, len(word) - 2) else word


def _past(word: str, region: int) -> str:
    for ending in ("eedly", "eed"):
        if word.endswith(ending):
            return word.removesuffix(ending) + "ee" if len(word) - len(ending) >= region else word
    for ending in ("ingly", "edly", "ing", "ed"):
        if word.endswith(ending):
            rest = word.removesuffix(ending)
            if not _VOWEL.search(rest):
                return word
            if rest.endswith(("at", "bl", "iz")):
                return rest + "e"
            if rest.endswith(_DOUBLES):
                return rest[:-1]
            return rest + "e" if len(rest) <= region and _short(rest) else rest
    return word


def _suffix(word: str, endings: dict[str, str], region: int, region_2: int) -> str:
    """Replace the longest ending that fits, where it lies in the region and may go."""
    for size in range(min(7, len(word)), 1, -1):
        ending = word[-size:]
        if ending not in endings:
            continue
        rest = word[:-size]
        if len(rest) < region:
            return word
        may_go = {
            "li": rest[-1:] in tuple("cdeghkmnrt"),
            "ogi": rest.endswith("l"),
            "ion": rest.endswith(("s", "t")),
            "ative": len(rest) >= region_2,
        }
        return rest + endings[ending] if may_go.get(ending, True) else word
    return word


def _short(word: str) -> bool:
    """Whether a word ends in a short syllable."""
    return _SHORT.fullmatch(word) is not None
