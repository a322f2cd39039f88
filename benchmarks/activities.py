"""Accuracy of recognition recipes over folds and seeds, and what the order of the frames is worth.

    python benchmarks/activities.py ucf101:FOLDER,split=1 ucf101:FOLDER,split=2 ucf101:FOLDER,split=3 \\
        --recipes frame_average lrcn_activity --seeds 3 --test
    python benchmarks/activities.py weizmann:FOLDER --recipes frame_average lrcn_activity --seeds 3 --test

Each data set named is a fold; `weizmann:FOLDER` alone stands for its nine, one person left out of each. A recipe may
bring settings: `lrcn_activity+classifier.cell=gru`. Features are encoded once, as training keeps them, so that test
clips are judged from the same bfloat16 or float32 features that dev clips are, by the weights that were best on dev.
Without --test only dev is scored. A row says: mean top-1 over all clips of all folds, the seeds' lowest and highest,
and with --test the same models' accuracy when the frames come backwards, and when they are shuffled.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seesay.data import Sample, read_dataset
from seesay.exporting.weights import load_any_model
from seesay.files import cache_folder
from seesay.models.classifier import ClassifyModel
from seesay.models.memory import Memory
from seesay.training import load_config, train
from seesay.training.config import Config
from seesay.training.features import FeatureStore
from seesay.training.inputs import input_source
from seesay.training.loop import make_fabric

ORDERS = ("as they are", "backwards", "shuffled")


def folds_of(data: list[str]) -> list[str]:
    """What is named, each person of Weizmann for herself."""
    folds = []
    for one in data:
        if one.startswith("weizmann:") and ",person=" not in one:
            people = sorted({sample.id.split("/")[-1].split("_")[0] for sample in read_dataset(one).samples})
            folds += [f"{one},person={person}" for person in people]
        else:
            folds.append(one)
    return folds


def classify(model: ClassifyModel, config: Config, samples: tuple[Sample, ...]) -> dict[str, list[bool]]:
    """Whether each clip is recognized, its frames in each order."""
    fabric = make_fabric(config.training.precision)
    features = FeatureStore(cache_folder("features"), fabric, input_source(config))
    features.prepare(model.encoder, samples)
    model.eval()
    rng = torch.Generator().manual_seed(0)
    right: dict[str, list[bool]] = {order: [] for order in ORDERS}
    assert config.clip is not None
    for sample in samples:
        memory = features.memory([sample])
        frames = memory.grid.view(1, config.clip.frames, -1, memory.grid.shape[-1])
        for order, moved in _orders(frames, rng).items():
            grid = moved.flatten(1, 2)
            with torch.no_grad(), fabric.autocast():
                best = int(model.probabilities(Memory(grid, grid.mean(1)))[0].argmax())
            right[order].append(model.labels[best] == sample.label)
    return right


def _orders(frames: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
    shuffled = frames[:, torch.randperm(frames.shape[1], generator=rng)]
    return dict(zip(ORDERS, (frames, frames.flip(1), shuffled), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", metavar="FORMAT:PATH")
    parser.add_argument("--recipes", nargs="+", default=["frame_average", "lrcn_activity"])
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--test", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    folds = folds_of(arguments.data)
    orders = ORDERS if arguments.test else ORDERS[:1]
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    part = "test" if arguments.test else "dev"
    print(f"{len(folds)} folds, seeds {seeds[0]} to {seeds[-1]}, scored on {part}\n")
    print("| recipe | " + " | ".join(f"top-1, frames {order}" for order in orders) + " |")
    print("| --- |" + " ---: |" * len(orders), flush=True)
    for recipe in arguments.recipes:
        name, *settings = recipe.split("+")
        by_seed: dict[str, list[float]] = {order: [] for order in orders}
        for seed in seeds:
            chosen = [*settings, f"training.seed={seed}"]
            config = load_config(name, chosen)
            right: dict[str, list[bool]] = {order: [] for order in orders}
            for number, fold in enumerate(folds):
                print(f"{recipe}: seed {seed}, fold {number + 1} of {len(folds)}", file=sys.stderr, flush=True)
                samples = read_dataset(fold).split(part)
                with tempfile.TemporaryDirectory() as out:
                    model = load_any_model(train(name, chosen, fold, Path(out) / "run"))
                assert isinstance(model, ClassifyModel)
                for order, found in classify(model, config, samples).items():
                    if order in right:
                        right[order] += found
            for order, found in right.items():
                by_seed[order].append(100 * float(np.mean(found)))
        cells = [f"{statistics.mean(v):.1f} ({min(v):.1f} … {max(v):.1f})" for v in by_seed.values()]
        print(f"| `{recipe}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
