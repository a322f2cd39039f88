"""A tiny set of labeled clips whose classes differ in order alone: a bar goes one way or the other."""

from pathlib import Path

import numpy as np
from PIL import Image

from seesay.data import Dataset, Sample
from seesay.data.formats import READERS

CLASSES = ("GoesLeft", "GoesRight")
SMALL = [
    "encoder.name=test_efficientnet",
    "encoder.weights=random",
    "encoder.size=32",
    "clip.frames=4",
    "clip.kept=4",
    "training.batch_size=4",
    "training.warmup_steps=2",
    "training.precision=float32",
]


def draw_activities(root: Path, each: int = 4) -> Path:
    """`each` clips of each class, GIFs in CLASS/NAME.gif: half of them for training, the others for dev and test."""
    for label in CLASSES:
        (root / label).mkdir(parents=True)
        for number in range(each):
            shade = np.random.default_rng(number).integers(0, 60, (24, 32, 3), dtype=np.uint8)
            frames = []
            for step in range(4):
                frame = shade.copy()
                place = 7 * (step if label == "GoesRight" else 3 - step)
                frame[:, place : place + 6] = 230
                frames.append(Image.fromarray(frame))
            frames[0].save(root / label / f"{number}.gif", save_all=True, append_images=frames[1:], duration=250)
    return root


@READERS.register("tiny_activities")
def read(root: Path, images: Path | None) -> Dataset:
    """A folder as `draw_activities` leaves it."""
    splits = ("train", "dev", "train", "test")
    samples = tuple(
        Sample(f"{file.parent.name}/{file.stem}", file, label=file.parent.name, split=splits[int(file.stem) % 4])
        for file in sorted(root.glob("*/*.gif"))
    )
    return Dataset("tiny_activities", root, samples)
