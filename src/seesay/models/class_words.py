"""The ImageNet classes that a CNN was first trained on: its own head, and the words that captions have for each class.

`class_words.tsv` is made by `tools/class_words.py` from WordNet 3.0.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from seesay.extras import WEIGHT_PACKAGES
from seesay.models.encoders import package_file, read_state_dict

TABLE = Path(__file__).with_name("class_words.tsv")


def class_words() -> list[list[str]]:
    """The words of each of the 1,000 classes, nearest first; of some none."""
    lines = TABLE.read_text("utf-8").splitlines()
    return [line.split("\t")[2].split(",") if line.split("\t")[2] else [] for line in lines if line[:1] != "#"]


def class_head(encoder: str) -> tuple[Tensor, Tensor] | None:
    """Weight (1000, D) and bias (1000,) of a backbone's own head, where an installed package has them; else None."""
    module = WEIGHT_PACKAGES.get(encoder)
    if module is None or find_spec(module) is None:
        return None
    weight, bias = list(read_state_dict(package_file(encoder)).values())[-2:]  # the head comes last
    return weight, bias
