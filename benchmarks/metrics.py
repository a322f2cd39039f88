"""Speed of the metrics, each against pycocoevalcap in the same run.

    python benchmarks/metrics.py [--captions Flickr8k.token.txt] [--items 1000 5000] [--rounds 3]

- `seesay score`, whole process, against a whole process that runs pycocoevalcap (its Java tokenizer, BLEU, METEOR,
  ROUGE-L, CIDEr) on the same files (needs Java and the extra `metrics`);
- CIDEr-D as a reward: five captions for each of 64 pictures, references prepared once, against pycocoevalcap's.

Hypotheses are human captions whose second halves are another photo's. Without --captions, sentences are drawn from a
small grammar, which repeats itself more than people do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from seesay.metrics import CiderD
from seesay.text import tokenize

PEER = """
import json, sys
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.meteor.meteor import Meteor
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
told, truth = (json.load(open(name)) for name in sys.argv[1:])
references = {}
for entry in truth["annotations"]:
    references.setdefault(entry["image_id"], []).append(entry)
tokenizer = PTBTokenizer()
captions = tokenizer.tokenize({entry["image_id"]: [entry] for entry in told})
references = tokenizer.tokenize({item: references[item] for item in captions})
found = {type(m).__name__: m.compute_score(references, captions)[0] for m in (Bleu(4), Meteor(), Rouge(), Cider())}
print("scores", json.dumps(found))
"""


def read_captions(file: Path) -> dict[str, list[str]]:
    captions: dict[str, list[str]] = {}
    for line in file.read_text("utf-8").splitlines():
        item, _, caption = line.partition("\t")
        captions.setdefault(item.split("#")[0], []).append(caption)
    return captions


def make_captions(count: int) -> dict[str, list[str]]:
    chance = random.Random(0)
    who = ["a man", "two boys", "a brown dog", "the little girl", "several people", "an old woman", "three dogs"]
    does = ["runs", "jumps over a log", "plays in the snow", "sits on a bench", "rides a bike", "swims", "looks up"]
    how = [
        "happily",
        "with a friend",
        "while others watch",
        "wearing a red shirt",
        "with a ball in its mouth",
        "slowly",
    ]
    where = ["in the park", "near a lake", "on the street", "at the beach", "in front of a building", "under a tree"]
    return {
        str(i): [" ".join(chance.choice(part) for part in (who, does, how, where)) + " ." for _ in range(5)]
        for i in range(count)
    }


def write(folder: Path, captions: dict[str, list[str]], count: int) -> tuple[Path, Path]:
    chance = random.Random(2)
    items = list(captions)[:count]
    told, truth = folder / f"{count}.json", folder / f"{count}-references.json"
    rows = []
    for item in items:
        words, others = (chance.choice(captions[i]).split() for i in (item, chance.choice(items)))
        cut = chance.randrange(len(words))
        rows.append({"image_id": item, "caption": " ".join(words[:cut] + others[cut:])})
    told.write_text(json.dumps(rows))
    annotations = [{"image_id": i, "id": n, "caption": c} for n, i in enumerate(items) for c in captions[i]]
    truth.write_text(json.dumps({"images": [], "annotations": annotations}))
    return told, truth


def timed(command: list[str]) -> tuple[float, float, str]:
    """Wall seconds, peak memory in MB, and what was printed."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        printed = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return time.perf_counter() - begun, usage.ru_maxrss / 1024, printed


def whole_process(told: Path, truth: Path, count: int, rounds: int) -> None:
    ours = [sys.executable, "-m", "seesay", "score", str(told), str(truth), "--metrics", "bleu,meteor,rouge,cider"]
    peer = [sys.executable, "-c", PEER, str(told), str(truth)]
    timed(ours)  # METEOR's data is converted at the first use
    figures, memory = [], 0.0
    for _ in range(rounds):
        mine, used, printed = timed([*ours, "--json"])
        theirs, _, said = timed(peer)
        figures.append((mine, theirs))
        memory = max(memory, used)
    found, expected = json.loads(printed), json.loads(said.split("scores ")[1])
    names = {"METEOR": expected["Meteor"], "ROUGE_L": expected["Rouge"], "CIDEr": expected["Cider"]}
    names |= {f"Bleu_{n + 1}": value for n, value in enumerate(expected["Bleu"])}
    assert all(abs(found[name] - value) < 1e-6 for name, value in names.items())
    ratios = [b / a for a, b in figures]
    mine, theirs = (statistics.median(f[i] for f in figures) for i in range(2))
    print(
        f"| {count} items × 5 | {mine:.2f} | {theirs:.2f} | **{statistics.median(ratios):.1f}×** "
        f"({min(ratios):.1f} … {max(ratios):.1f}) | {memory:.0f} |"
    )


def reward(captions: dict[str, list[str]], rounds: int) -> None:
    from pycocoevalcap.cider.cider import Cider

    chance, items = random.Random(0), list(captions)
    prepared = CiderD(captions)
    batch = [i for i in chance.sample(items, min(64, len(items))) for _ in range(5)]
    told = [(i, tokenize(chance.choice(captions[chance.choice(items)]))) for i in batch]
    truth = {n: [" ".join(tokenize(text)) for text in captions[i]] for n, (i, _) in enumerate(told)}
    sentences = {n: [" ".join(words)] for n, (_, words) in enumerate(told)}
    prepared.score_items(told)
    figures = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(10):
            prepared.score_items(told)
        middle = time.perf_counter()
        Cider().compute_score(truth, sentences)
        figures.append(((middle - begun) / 10, time.perf_counter() - middle))
    ratios = [b / a for a, b in figures]
    mine, theirs = (1000 * statistics.median(f[i] for f in figures) for i in range(2))
    print(
        f"\nCIDEr-D as a reward, 5 captions for each of 64 pictures: {mine:.1f} ms; pycocoevalcap {theirs:.0f} ms: "
        f"**{statistics.median(ratios):.0f}×** ({min(ratios):.0f} … {max(ratios):.0f})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captions", type=Path)
    parser.add_argument("--items", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    captions = read_captions(arguments.captions) if arguments.captions else make_captions(max(arguments.items))
    print("| BLEU, METEOR, ROUGE-L, CIDEr-D | `seesay score` s | pycocoevalcap s | ratio | peak MB |")
    print("| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for count in arguments.items:
            whole_process(*write(Path(folder), captions, count), count, arguments.rounds)
    reward(captions, arguments.rounds)


if __name__ == "__main__":
    main()
