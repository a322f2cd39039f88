"""Make src/seesay/models/class_words.tsv: which words of captions each ImageNet-1k class means, nearest first.

    python tools/class_words.py /usr/share/wordnet CAPTIONS.tsv... > src/seesay/models/class_words.tsv

A class is a WordNet 3.0 synset. Its words are those of its lemmas and of its hypernyms' lemmas, of several words the
last one, that people write in captions often enough; the files are `IMAGE<tab>CAPTION` lines. Words that WordNet puts
above everything, and a handful of links in which a word means something else in captions, are left out by hand.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from timm.data import ImageNetInfo

from seesay.text import tokenize

OFTEN, MOST = 60, 4
_TOO_WIDE_TEXT = (
    "animal appliance area arm article artifact baby barrier base beast being body brass brute business cause "
    "chordate clip clothing-store coat-of-arms commodity construction consumer container control course cover "
    "covering craft creature dam design device draw element entity equipment establishment fabric face "
    "facility female figure fire fixing flat form formation framework game good goods groceries group hawker "
    "head headdress home hunter implement individual instrument land lid line machine male mammal material "
    "matter means mechanism medium natural object open organ organism part patch pattern person piece place "
    "plant point predator produce product protective public put rail restraint ring scale set sex shape side "
    "somebody someone sound spread stand strip structure stuff substance alcohol apparatus carrier coach "
    "complex drop factory fencing garment iron memorial mill mixture projector pump punch rod theater washer "
    "weapon weight bell cycle aid breath feed gear level life maker member participant peer portion protection "
    "setup shelter state vessel works support surface system thing things tool top transport trap unit up "
    "upright wear whole wind wood work worker young "
)
TOO_WIDE = frozenset(_TOO_WIDE_TEXT.split())
WRONG = {  # class: words that its lemmas or hypernyms have, and captions mean otherwise
    29: {"puppy"}, 83: {"chicken"}, 143: {"catcher"}, 149: {"cow"}, 287: {"cat"}, 288: {"cat"}, 289: {"cat"},
    290: {"cat"}, 291: {"cat"}, 292: {"cat"}, 293: {"cat"}, 383: {"cat"}, 401: {"box"}, 407: {"car"}, 460: {"plate"},
    461: {"plate"}, 551: {"paint"}, 557: {"staff"}, 577: {"ball"}, 629: {"paint"}, 719: {"bank"}, 725: {"player"},
    743: {"house"}, 767: {"rubber"}, 785: {"clothing"}, 829: {"car"}, 893: {"case"}, 905: {"screen"}, 931: {"bun"},
    932: {"dough"}, 971: {"ball"}, 977: {"bar"}, 978: {"shore"},
}  # fmt: skip
ALSO = {  # class: words that captions use, and WordNet does not lead to
    287: "wildcat", 288: "leopard animal", 290: "jaguar", 291: "lion", 292: "tiger", 293: "cheetah", 620: "laptop",
    681: "laptop computer", 664: "monitor computer", 782: "screen tv", 851: "tv", 528: "phone telephone",
    487: "phone", 404: "airplane plane jet", 895: "airplane plane jet", 908: "airplane plane", 705: "train",
    547: "train", 466: "train", 820: "train", 829: "train trolley", 861: "toilet bathroom", 896: "sink bathroom",
    435: "bathtub bathroom", 876: "bathtub bathroom", 760: "refrigerator kitchen", 827: "stove oven kitchen",
    651: "microwave kitchen", 831: "couch sofa room", 564: "bed bedroom", 526: "desk", 532: "table", 932: "pretzel",
    931: "bagel donut", 934: "hotdog hot", 963: "pizza", 965: "burrito", 933: "sandwich burger hamburger",
    925: "soup", 924: "food", 340: "zebra", 385: "elephant", 386: "elephant", 101: "elephant", 297: "bear",
    294: "bear", 295: "bear", 296: "bear", 388: "panda bear", 347: "buffalo cow", 345: "cow ox", 346: "buffalo cow",
    348: "sheep ram", 349: "sheep", 350: "goat", 920: "light traffic", 919: "sign street", 779: "bus school",
    874: "bus", 654: "bus", 795: "ski skiing skis", 970: "mountain", 972: "mountain cliff", 976: "water ocean",
    978: "beach ocean", 975: "lake water", 722: "ball", 805: "ball soccer", 852: "tennis ball", 752: "tennis racket",
    890: "volleyball ball", 430: "basketball ball", 768: "rugby ball football", 429: "baseball",
    981: "baseball player", 961: "dough", 415: "bakery bread", 882: "vacuum", 534: "dishwasher kitchen",
    859: "toaster kitchen", 799: "door", 904: "window", 905: "window", 850: "bear teddy", 879: "umbrella",
    414: "backpack bag", 636: "bag mail", 748: "purse bag", 892: "clock", 409: "clock", 530: "clock", 531: "watch",
    883: "vase", 738: "pot plant", 985: "flower", 406: "altar church", 673: "mouse computer",
    508: "keyboard computer", 810: "keyboard", 670: "scooter motorcycle", 665: "moped motorcycle",
    444: "bicycle bike", 671: "bicycle bike", 880: "unicycle", 834: "suit tie", 906: "tie", 451: "tie", 455: "bottle",
    907: "bottle wine", 966: "wine glass", 440: "bottle beer", 968: "cup", 504: "mug cup coffee", 967: "coffee cup",
    550: "coffee", 923: "plate food", 937: "broccoli vegetable", 938: "cauliflower vegetable", 954: "banana fruit",
    950: "orange fruit", 948: "apple fruit", 949: "strawberry fruit", 951: "lemon fruit", 509: "store",
    582: "store food", 454: "store books", 453: "bookcase books shelf", 762: "restaurant table", 917: "book",
    921: "book", 916: "website screen", 918: "crossword paper", 922: "menu",
}  # fmt: skip


def synsets(wordnet: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Offset to lemmas and hypernyms' offsets, of nouns (WordNet's wndb(5))."""
    found = {}
    for line in (wordnet / "data.noun").read_text("latin1").splitlines():
        if line.startswith("  "):
            continue
        parts = line.split(" ")
        count = int(parts[3], 16)
        first = 4 + 2 * count
        pointers = [parts[first + 1 + 4 * i : first + 5 + 4 * i] for i in range(int(parts[first]))]
        above = [offset for sign, offset, kind, _ in pointers if sign in ("@", "@i") and kind == "n"]
        found[parts[0]] = ([lemma.lower() for lemma in parts[4:first:2]], above)
    return found


def words_of(offset: str, known: dict[str, tuple[list[str], list[str]]]) -> Iterator[str]:
    """Words of a synset and of those above it, level by level."""
    level, seen = [offset], {offset}
    while level:
        above = []
        for here in level:
            for lemma in known[here][0]:
                yield re.split("[_ ]", lemma)[-1].replace("'s", "")
            above += [up for up in known[here][1] if up not in seen]
            seen.update(above)
        level = above


def main() -> None:
    """Print the table."""
    counts: Counter[str] = Counter()
    for file in sys.argv[2:]:
        for line in Path(file).read_text("utf-8").splitlines():
            counts.update(tokenize(line.rpartition("\t")[2]))
    known = synsets(Path(sys.argv[1]))
    print("# class\tsynset\twords. Derived from WordNet 3.0, copyright 2006 by Princeton University; see NOTICE.")
    for number, name in enumerate(ImageNetInfo("imagenet-1k").label_names()):
        # What is sold as "produce" is "truck" to WordNet, and every food a "course".
        chain = [w for w in words_of(name[1:], known) if w not in TOO_WIDE and w not in WRONG.get(number, ())]
        meant_otherwise = {"truck", "garden"} if "vegetable" in chain or "fruit" in chain else set()
        meant_otherwise |= {"toy"} if "dog" in chain else set()
        words = (*ALSO.get(number, "").split(), *chain)
        chosen = dict.fromkeys(w for w in words if counts[w] >= OFTEN and w not in meant_otherwise)
        print(number, name, ",".join(list(chosen)[:MOST]), sep="\t")


if __name__ == "__main__":
    main()
