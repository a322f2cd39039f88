"""The included recipes, as YAML files; `seesay.training` reads them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from seesay.errors import UsageError
from seesay.extras import WEIGHT_PACKAGES
from seesay.registry import nearest

RECIPES = Path(__file__).parent
_ENCODER = re.compile(r"^encoder: \{name: (?P<name>\w+)(?P<more>.*)\}$", re.M)
_FROM_NOTHING = ("cldnn", "conv", "small_cnn", "sound_cnn", "text_cnn")
"""Encoders without weights to begin with."""


def list_recipes() -> dict[str, str]:
    """Recipe names and the first line of their header."""
    return {
        file.stem: file.read_text("utf-8").splitlines()[0].lstrip("# ").strip()
        for file in sorted(RECIPES.glob("*.yaml"))
    }


def weights_of(name: str) -> Literal["installed", "downloaded", "random"]:
    """Where a recipe's encoder begins: weights of a package that comes with `seesay[train]`, weights that timm
    downloads, or random numbers.

    Raises:
        UsageError: there is no recipe of this name.
    """
    found = _ENCODER.search(recipe_file(name).read_text("utf-8"))
    encoder, settings = (found["name"], found["more"]) if found else ("", "")
    if "weights: random" in settings or encoder in _FROM_NOTHING:
        return "random"
    return "installed" if encoder in WEIGHT_PACKAGES else "downloaded"


def recipe_file(name: str) -> Path:
    """The file of a recipe.

    Raises:
        UsageError: there is none of this name; the message lists those there are.
    """
    file = RECIPES / f"{name}.yaml"
    if not file.is_file():
        names = list_recipes()
        raise UsageError(f"no recipe {name!r}.{nearest(name, names)} There are: {', '.join(names)}")
    return file
