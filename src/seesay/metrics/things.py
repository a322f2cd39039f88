"""Whether a caption names a thing or person that nobody else names of the picture.

Things are the words that ImageNet's classes mean in captions (`seesay/models/class_words.tsv`); words of one class are
kin, as are the words for people. A rough measure, to compare captioners and to fit confidence by, not to judge single
captions by (after CHAIR: Rohrbach et al. 2018, arXiv:1809.02156).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from seesay.text import tokenize
from seesay.text.people import PEOPLE

_TABLE = Path(__file__).parent.with_name("models") / "class_words.tsv"
_OTHERS_TEXT = (
    "frisbee kite,surfboard,board skateboard,board snowboard,board giraffe vase,pot flower,plant chair,seat table,desk "
    "couch,sofa bed tv,television,screen,monitor plane,airplane,jet,aircraft bike,bicycle,motorcycle cow,cattle,bull "
    "horse,pony dog,puppy cat,kitten bird,duck,goose boat,ship,sailboat,canoe car,vehicle,truck,van,taxi bus,train "
    "cake,dessert sandwich,burger,hamburger plate,dish cup,mug,coffee,tea glass,wine,drink phone,cellphone "
    "computer,laptop,notebook hat,cap,helmet bag,backpack,purse,luggage,suitcase ball,baseball,football,soccer,tennis"
)


@cache
def kin() -> dict[str, frozenset[str]]:
    """Each thing's word, and those that mean the same or a kind of it."""
    groups = [PEOPLE, *(frozenset(group.split(",")) for group in _OTHERS_TEXT.split())]
    for line in _TABLE.read_text("utf-8").splitlines():
        if not line.startswith("#") and (words := line.split("\t")[2]):
            groups.append(frozenset(words.split(",")))
    found: dict[str, frozenset[str]] = {}
    for group in groups:
        for word in group:
            found[word] = found.get(word, frozenset()) | group
    return found


def _forms(words: Iterable[str]) -> set[str]:
    return {form for word in words for form in (word, word.removesuffix("s"), word.removesuffix("es"))}


def unsupported(caption: str, references: Sequence[str]) -> list[str]:
    """The things and persons that a caption names and no reference does, nor anything akin to them."""
    known = kin()
    said = _forms(word for text in references for word in tokenize(text))
    wrong = []
    for word in tokenize(caption):
        forms = [form for form in (word, word.removesuffix("s"), word.removesuffix("es")) if form in known]
        if forms and not any(form in said or known[form] & said for form in forms):
            wrong.append(forms[0])
    return wrong
