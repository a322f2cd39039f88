"""docs/systems.md: its parameter counts are the recipes', its recipes and comparisons are there."""

import re
from pathlib import Path

import pytest

from seesay.experiments.comparisons import COMPARISONS
from seesay.models.classifier import ClassifyModel
from seesay.models.decoders import DECODERS
from seesay.recipes import list_recipes
from seesay.training.config import load_config

PAGE = (Path(__file__).parents[2] / "docs" / "systems.md").read_text("utf-8")
# What each recipe's CNN gives (tests/recipes/test_every_recipe.py builds them).
FEATURES = {
    "vgg16": 4096,
    "vgg19": 512,
    "inception_v3": 2048,
    "mobilenetv1_100": 1024,
    "resnet101": 2048,
    "resnet152": 2048,
    "tf_efficientnet_lite2": 1280,
}
COUNTS = re.findall(r"\| `(\w+)` \| ([\d,]+)(?: [(\[]([\d,]+)[)\]])? \|", PAGE)


def test_the_page_counts_most_systems():
    assert len(COUNTS) >= 18


@pytest.mark.parametrize(("recipe", "count", "words"), COUNTS, ids=[row[0] for row in COUNTS])
def test_parameters(recipe, count, words):
    config = load_config(recipe)
    if config.classifier is not None:
        model = ClassifyModel.build(config.encoder, config.classifier, ("a", "b"))
    else:
        kind = DECODERS[config.decoder.name]
        model = kind(config.decoder, int(words.replace(",", "")), FEATURES[config.encoder.name])
    assert sum(p.numel() for p in model.parameters()) == int(count.replace(",", ""))


def test_every_recipe_it_names_is_there_and_every_comparison_is_named():
    named = set(re.findall(r"`(\w+)`", PAGE)) & {name.lower() for name in re.findall(r"`([a-z0-9_]+)`", PAGE)}
    known = set(list_recipes())
    assert len(named & known) > 20
    assert named - known <= {"seesay", "key"}
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE, re.MULTILINE)) == set(COMPARISONS)
    assert {recipe for one in COMPARISONS.values() for recipe in one.recipes.values()} <= known
