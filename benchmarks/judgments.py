"""Do the metrics agree with people? Kendall's tau against the human judgments that come with Flickr8k.

    python benchmarks/judgments.py FOLDER  # Flickr8k.token.txt, ExpertAnnotations.txt, CrowdFlowerAnnotations.txt

Protocols (those of Hessel et al. 2021, section 4.2, whose published values stand beside):
- Expert: 5,822 pairs of a photo and a caption (often another photo's), three experts each, 1 to 4. Pairs whose caption
  is one of the photo's own references are left out. Every single rating counts. Kendall's tau-c.
- CrowdFlower: 47,830 pairs of a photo and a caption, share of "yes, it describes the photo", at least three answers.
  A caption of the photo's own is scored against the other four references. Kendall's tau-b.
A caption is scored against the photo's five references; document frequencies (CIDEr) are those of all pairs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau

from seesay.metrics import score

# Hessel et al. 2021, tables 1 (tau-c) and 2 (tau-b).
PUBLISHED = {
    "Bleu_1": (32.3, 17.9),
    "Bleu_4": (30.8, 16.9),
    "ROUGE_L": (32.3, 19.9),
    "METEOR": (41.8, 22.2),
    "CIDEr-D": (43.9, 24.6),
}
ALSO = ("Bleu_2", "Bleu_3", "CIDEr-plain")


def main() -> None:
    folder = Path(sys.argv[1])
    captions: dict[str, str] = {}
    references: dict[str, list[str]] = {}
    for line in (folder / "Flickr8k.token.txt").read_text("utf-8").splitlines():
        name, _, text = line.partition("\t")
        captions[name] = text
        references.setdefault(name.split("#")[0], []).append(text)

    def pairs(file: str) -> list[list[str]]:
        return [line.split("\t") for line in (folder / file).read_text("utf-8").splitlines()]

    expert = [row for row in pairs("ExpertAnnotations.txt") if captions[row[1]] not in references[row[0]]]
    crowd = pairs("CrowdFlowerAnnotations.txt")
    judged = {
        "Expert": (expert, [[float(x) for x in row[2:5]] for row in expert], ("c", "b")),
        "CrowdFlower": (crowd, [[float(row[2])] for row in crowd], ("b",)),
    }
    print("| metric | Expert tau-c | published | Expert tau-b | CrowdFlower tau-b | published |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    columns: list[dict[str, float]] = []
    for name, (rows, ratings, variants) in judged.items():
        told = {f"{i} {row[0]}": captions[row[1]] for i, row in enumerate(rows)}
        truth = {
            f"{i} {row[0]}": [text for text in references[row[0]] if text != captions[row[1]]]
            for i, row in enumerate(rows)
        }
        found = score(told, truth, ("bleu", "rouge", "meteor", "cider", "cider-plain"))
        human = np.array(ratings)
        print(f"{name}: {len(rows)} pairs, {human.size} ratings; {found.signature}", file=sys.stderr)
        each = human.shape[1]
        for variant in variants:
            column = {}
            for metric, values in found.items.items():
                scores = np.repeat(list(values.values()), each)
                column[metric] = 100 * kendalltau(scores, human.ravel(), variant=variant).statistic
            columns.append(column)
    for metric in (*PUBLISHED, *ALSO):
        known = PUBLISHED.get(metric, ("", ""))
        values = [f"{column[metric]:.1f}" for column in columns]
        print(f"| {metric} | {values[0]} | {known[0]} | {values[1]} | {values[2]} | {known[1]} |")


if __name__ == "__main__":
    main()
