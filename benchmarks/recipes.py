"""Training speed of every recipe for pictures through the real loop, against the additive-attention step loop.

    python benchmarks/recipes.py [RECIPE…] [--steps 8] [--rounds 3]

Each recipe trains on pictures and captions made here (random words with Flickr8k's lengths, five for each picture) with
EfficientNet-Lite2, its CNN fixed, and all else as the recipe has it, batch size included; `finetune:default` is
`default` while the CNN learns. What is timed is what a user's run does: reading features from the cache, captions,
forward, backward, optimizer, moving average. Printed are captions/s, the share of time spent waiting for data, and the
ratio to the loop of `benchmarks/training.py` (ii, 512 wide, the same precision), which takes turns with the recipe.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch
import training as peers
from PIL import Image

from seesay.models.memory import Memory
from seesay.training import list_recipes, load_config, train
from seesay.training.callbacks import Callback
from seesay.training.features import has_bf16
from seesay.training.progress import Progress

WARM = 2
WORDS = [f"word{i}" for i in range(2539)]


class Enough(Exception):
    """The steps wanted are done."""


class Clock(Callback):
    """Figures of the steps after the warm ones."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.before: dict[str, float] = {}

    def on_step(self, progress: Progress, steps: int) -> None:
        if progress.step == WARM:
            self.before = dict(progress.sums)
        if progress.step == WARM + self.steps:
            spent = {name: value - self.before[name] for name, value in progress.sums.items()}
            self.captions_per_second = spent["captions"] / spent["seconds"]
            self.waiting = spent["waiting"] / spent["seconds"]
            raise Enough


def make_data(folder: Path, photos: int) -> str:
    """Noise with captions; every word often enough to be in the vocabulary."""
    rng = np.random.default_rng(0)
    (folder / "Images").mkdir(parents=True)
    lines, lists = ["image,caption"], {"train": [f"{i}.jpg" for i in range(photos)], "dev": ["dev.jpg"]}
    often = " ".join(WORDS)
    for name in [*lists["train"], *lists["dev"]]:
        noise = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((224, 224)).save(folder / "Images" / name)
        for _ in range(5):
            length = int(np.clip(rng.normal(10.8, 3.8), 3, 35))
            lines.append(f"{name},{' '.join(rng.choice(WORDS, length))}")
    lines += [f"0.jpg,{often}"] * 10  # cut to the longest length allowed, but counted
    (folder / "captions.txt").write_text("\n".join(lines), "utf-8")
    for split, names in lists.items():
        (folder / f"{split}.txt").write_text("\n".join(names), "utf-8")
    return f"flickr8k:{folder}"


def speed_of(recipe: str, data: str, folder: Path, steps: int, finetune: bool) -> Clock:
    """One short run of a recipe, its CNN fixed or learning from the first step."""
    clock = Clock(steps)
    settings = ["encoder=tf_efficientnet_lite2", f"finetune.from_epoch={0 if finetune else 'null'}"]
    settings += ["self_critical.from_epoch=null", "training.epochs=2"]
    with tempfile.TemporaryDirectory(dir=folder) as out:
        try:
            train(recipe, settings, data, Path(out), features=folder / "features", callbacks=[clock])
        except Enough:
            return clock
    raise SystemExit(f"{recipe}: an epoch has fewer than {WARM + steps} steps; lower --steps")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    logging.getLogger("seesay").setLevel(logging.WARNING)
    peers.PRECISION = "bf16" if has_bf16() else "float32"
    generator = torch.Generator().manual_seed(0)
    memory = Memory(
        torch.randn(peers.PHOTOS, peers.POSITIONS, peers.SIZE, generator=generator),
        torch.randn(peers.PHOTOS, peers.SIZE, generator=generator),
    )
    tokens, loop = peers.make_captions(generator), peers.additive_step(512)
    loop(memory, tokens)
    of_pictures = [name for name in list_recipes() if load_config(name).modality == "picture"]
    names = arguments.recipes or [*of_pictures, "finetune:default"]
    print(f"{peers.PRECISION}, {torch.get_num_threads()} threads; median (least … most) of {arguments.rounds} rounds\n")
    print("| recipe | photos a step | captions/s | waiting for data | times the additive loop |")
    print("| --- | ---: | ---: | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = make_data(folder / "data", 64 * (WARM + arguments.steps))
        for name in names:
            recipe = name.removeprefix("finetune:")
            clocks, ratios = [], []
            for _ in range(arguments.rounds):
                clock = speed_of(recipe, data, folder, arguments.steps, name != recipe)
                clocks.append(clock)
                ratios.append(clock.captions_per_second / peers.captions_per_second(loop, memory, tokens, 2))
            print(
                f"| `{name}` | {load_config(recipe).training.batch_size} "
                f"| {statistics.median(c.captions_per_second for c in clocks):.0f} "
                f"| {100 * statistics.median(c.waiting for c in clocks):.1f} % "
                f"| **{statistics.median(ratios):.1f}×** ({min(ratios):.1f} … {max(ratios):.1f}) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
