"""Settings that had other names: what older runs, artifacts, recipes and commands say is read under today's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RENAMED = {
    "training.clip": "training.max_grad_norm",
    "training.views": "training.augmented_copies",
    "joint": "finetune",
    "classifier.standardise": "classifier.standardize",
}
"""Older names of settings, dotted, to today's."""


def current_key(key: str) -> str:
    """`section.key` under today's name."""
    for old, new in RENAMED.items():
        if key == old or key.startswith(f"{old}."):
            return new + key[len(old) :]
    return key


def current_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """A tree of settings under today's names; where both names of a setting are given, today's counts."""
    return _renamed(values, "")


def current_weight(name: str) -> str:
    """A weight's name under which today's model has it."""
    return name.replace("classifier.standardise.", "classifier.standardize.")


def _renamed(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = current_key(f"{path}{key}").rpartition(".")[2]
        if name != key and name in values:
            continue
        below = isinstance(value, Mapping) and not path
        found[name] = _renamed(value, f"{key}.") if below else value
    return found
