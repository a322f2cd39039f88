"""The recipes that come along, as YAML files; `seesay.training` reads them."""

from __future__ import annotations

from pathlib import Path

from seesay.errors import UsageError
from seesay.registry import nearest

RECIPES = Path(__file__).parent


def list_recipes() -> dict[str, str]:
    """Recipe names and the first line of their header."""
    return {
        file.stem: file.read_text("utf-8").splitlines()[0].lstrip("# ").strip()
        for file in sorted(RECIPES.glob("*.yaml"))
    }


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
