"""CPU seconds of bulk captioning in two versions of SeeSay, with the same artifact and the same photos.

    python benchmarks/versions.py OLD_CHECKOUT --model DIR --photos FOLDER [--count 64] [--rounds 5]

Versions take turns, each round in a process of its own; CPU seconds, since the machine may have other work.
The share of decoding and scaling is stated with the whole.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

CHILD = """
import json, sys, time
from pathlib import Path
import seesay
captioner = seesay.load(sys.argv[1])
photos = [Path(name) for name in sys.argv[2:]]
captioner.caption(photos[:2])
begun = time.process_time()
for photo in photos:
    captioner.preprocessing.load(photo)
decoded = time.process_time()
said = captioner.caption(photos)
whole = time.process_time() - decoded
print(json.dumps({"decode": decoded - begun, "whole": whole, "said": [one.text for ones in said for one in ones]}))
"""


def run(source: Path, model: str, photos: list[Path]) -> dict[str, object]:
    """Figures of one process."""
    own = {**os.environ, "PYTHONPATH": str(source / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD, model, *map(str, photos)]
    found: dict[str, object] = json.loads(subprocess.run(command, env=own, capture_output=True, check=True).stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    photos = sorted(arguments.photos.glob("*.jpg"))[: arguments.count]
    sources = {"before": arguments.old, "now": Path(__file__).parent.parent}
    figures: dict[str, list[dict[str, object]]] = {name: [] for name in sources}
    for turn in range(arguments.rounds):
        for name in list(sources)[:: 1 if turn % 2 else -1]:
            figures[name].append(run(sources[name], arguments.model, photos))
    print(f"{len(photos)} photos, {arguments.rounds} rounds; same sentences: ", end="")
    print(figures["before"][0]["said"] == figures["now"][0]["said"])
    print("| CPU seconds a photo, × 1000 | before | now | now / before, median (least … most) |")
    print("| --- | ---: | ---: | ---: |")
    for key, title in (("decode", "decoding and scaling"), ("whole", "captioning, decoding included")):
        old, new = ([1000 * float(str(one[key])) / len(photos) for one in figures[name]] for name in sources)
        ratios = [b / a for a, b in zip(old, new, strict=True)]
        print(
            f"| {title} | {statistics.median(old):.1f} | {statistics.median(new):.1f} | "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f}) |"
        )


if __name__ == "__main__":
    main()
