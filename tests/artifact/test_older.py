"""Older names of settings are read; today's are written."""

import json

import pytest

from seesay.artifact import EMBEDDED, MANIFEST, Manifest
from seesay.artifact.older import RENAMED, current_key, current_settings, current_weight


def test_older_trees_are_read_under_todays_names():
    older = {"training": {"clip": 2.0, "views": 3, "lr": 1.0}, "joint": {"lr": 0.1}, "clip": {"frames": 4}}
    assert current_settings(older) == {
        "training": {"max_grad_norm": 2.0, "augmented_copies": 3, "lr": 1.0},
        "finetune": {"lr": 0.1},
        "clip": {"frames": 4},
    }
    assert current_settings({"training": {"clip": 1.0, "max_grad_norm": 2.0}}) == {"training": {"max_grad_norm": 2.0}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("joint.from_epoch", "finetune.from_epoch"),
        ("training.clip", "training.max_grad_norm"),
        ("training.clips", "training.clips"),
        ("clip.frames", "clip.frames"),
    ],
)
def test_keys(old, new):
    assert current_key(old) == new
    assert current_key(new) == new


def test_a_manifest_of_before_the_rename():
    values = json.loads((EMBEDDED / "default" / MANIFEST).read_text("utf-8"))
    now = Manifest.from_json(values, "now")
    config = values["training"]["config"]
    config["joint"] = config.pop("finetune")
    config["training"]["clip"] = config["training"].pop("max_grad_norm")
    before = Manifest.from_json(values, "before")
    assert before.training["config"]["finetune"] == now.training["config"]["finetune"]
    assert before.training["config"]["training"]["max_grad_norm"] == 1.0


def test_weights_of_before_the_rename():
    assert current_weight("classifier.standardise.mean") == "classifier.standardize.mean"
    assert current_weight("decoder.output.bias") == "decoder.output.bias"


def test_no_setting_is_renamed_twice():
    assert not set(RENAMED) & set(RENAMED.values())
