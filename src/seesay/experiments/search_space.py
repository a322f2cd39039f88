"""What a sweep varies: `key=a,b,c` and `key=low..high` to the runs that are to be made."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from seesay.errors import UsageError
from seesay.evaluation.tasks import CAPTIONS, RECOGNITION, TaskSpec
from seesay.search import SearchOptions
from seesay.text.yaml_text import load_yaml, why
from seesay.training.config import Config, load_config
from seesay.training.sections import SEARCH

SEARCH_KEYS = {f"training.{name}": name for name in SEARCH}
SEED = "training.seed"
_FAMILIES = ("decoder", "decoder.name", "encoder", "encoder.name", "classifier", "classifier.name")
_RANGE = re.compile(r"\s*([^,\s]+?)\.\.([^,\s]+?)\s*(,\s*log\s*)?")

Point = Mapping[str, Any]
"""Key to value."""


@dataclass(frozen=True)
class Axis:
    """A setting and the values it takes."""

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Range:
    """A setting and the numbers between which it is looked for.

    Attributes:
        key: the setting.
        low: smallest, included; a whole number makes it a range of whole numbers.
        high: largest, included.
        log: whether ratios count rather than differences.
    """

    key: str
    low: int | float
    high: int | float
    log: bool


@dataclass(frozen=True)
class Plan:
    """A sweep, checked.

    Attributes:
        recipe: a recipe's name or file.
        fixed: settings of all runs, `key=value`.
        axes: what is varied: settings that change training first.
        ranges: what only a search with trials can vary.
        seeds: of each point.
        name: the recipe's own name.
        spec: of the task: whether captions or labels are learned.
    """

    recipe: str
    fixed: tuple[str, ...]
    axes: tuple[Axis, ...]
    ranges: tuple[Range, ...]
    seeds: tuple[int, ...]
    name: str
    spec: TaskSpec

    @property
    def trained(self) -> list[Point]:
        """Every choice of the settings that change what is learned."""
        return _product([axis for axis in self.axes if axis.key not in SEARCH_KEYS])

    @property
    def searched(self) -> list[Point]:
        """Every choice of the settings that only change how captions are looked for."""
        return _product([axis for axis in self.axes if axis.key in SEARCH_KEYS])

    def overrides(self, point: Point, seed: int | None = None) -> list[str]:
        """The `key=value` settings of a point, as `load_config` takes them."""
        varied = [f"{key}={json.dumps(value)}" for key, value in point.items()]
        seeds = [] if seed is None else [f"{SEED}={seed}"]
        # A family's name comes before the settings of that family, which it would clear.
        return sorted([*self.fixed, *varied, *seeds], key=lambda text: text.split("=")[0] not in _FAMILIES)

    def config(self, point: Point, seed: int | None = None) -> Config:
        """The resolved settings of a point."""
        return load_config(self.recipe, self.overrides(point, seed))


def read_plan(recipe: str, settings: Sequence[str], seeds: int) -> Plan:
    """Read `key=a,b,c` settings; every combination is checked before anything is trained.

    Values are those of a YAML list: a value with a comma stands in quotes, `null` is None. A key with one value is a
    setting of all runs.

    Args:
        recipe: a recipe's name or YAML file.
        settings: as on the command line.
        seeds: how many, from 1 on.

    Raises:
        UsageError: an unknown key (the nearest right one is named), a value of the wrong kind, a key given twice.
    """
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: a sweep needs 1 seed or more (3 is usual)")
    fixed: list[str] = []
    axes: list[Axis] = []
    ranges: list[Range] = []
    keys: list[str] = []
    for text in settings:
        found = read_setting(text)
        if found.key in keys:
            raise UsageError(f"{text!r}: {found.key} is given twice; give all its values in one: {found.key}=a,b,c")
        if found.key == SEED:
            raise UsageError(f"{text!r}: seeds are counted by --seeds, from 1 on")
        keys.append(found.key)
        if isinstance(found, Range):
            ranges.append(found)
        elif len(found.values) == 1:
            fixed.append(f"{found.key}={json.dumps(found.values[0])}")
        else:
            axes.append(found)
    axes.sort(key=lambda axis: axis.key in SEARCH_KEYS)
    plan = Plan(str(recipe), tuple(fixed), tuple(axes), tuple(ranges), tuple(range(1, seeds + 1)), "", CAPTIONS)
    first = plan.config({a.key: a.values[0] for a in axes} | {r.key: r.low for r in ranges})
    plan = replace(plan, name=first.name, spec=CAPTIONS if first.classifier is None else RECOGNITION)
    silent = next((key for key in keys if key in SEARCH_KEYS), None) if plan.spec is RECOGNITION else None
    if silent is not None:
        raise UsageError(f"{silent}: changes how captions are looked for, and {first.name} learns labels")
    if any(axis.key in SEARCH_KEYS and None in axis.values for axis in plan.axes):
        raise UsageError("null is no value to search with in a sweep; name numbers")
    for point in _product([*plan.axes, *(Axis(r.key, (r.low, r.high)) for r in ranges)]):
        training = plan.config(point).training
        SearchOptions(**training.search)
    return plan


def read_setting(text: str) -> Axis | Range:
    """One `key=a,b,c` or `key=low..high[,log]`.

    Raises:
        UsageError: it is of neither form.
    """
    key, equals, rest = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise UsageError(f"{text!r} is not of the form key=a,b,c, for example decoder.cell=lstm,gru")
    between = _RANGE.fullmatch(rest)
    if between:
        low, high = _number(between.group(1)), _number(between.group(2))
        if low is not None and high is not None:
            return _range(text, key, low, high, between.group(3) is not None)
    try:
        values = load_yaml(f"[{rest}]")
    except yaml.YAMLError as error:
        raise UsageError(
            f"{text!r:.80}: not a list of values ({why(error)}); put a value with commas in quotes"
        ) from error
    if not isinstance(values, list) or not values:
        raise UsageError(f"{text!r}: no value; give {key}=a,b,c")
    shown = [json.dumps(value, default=str) for value in values]
    twice = next((value for value in shown if shown.count(value) > 1), None)
    if twice is not None:
        raise UsageError(f"{text!r}: {twice} is given twice")
    return Axis(key, tuple(values))


def _range(text: str, key: str, low: int | float, high: int | float, log: bool) -> Range:
    if not low < high:
        raise UsageError(f"{text!r}: the lower end must be below the upper end")
    if log and low <= 0:
        raise UsageError(f"{text!r}: log needs a lower end above 0")
    if isinstance(low, float) or isinstance(high, float):
        low, high = float(low), float(high)
    return Range(key, low, high, log)


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def _product(axes: Sequence[Axis]) -> list[Point]:
    keys = [axis.key for axis in axes]
    return [dict(zip(keys, values, strict=True)) for values in itertools.product(*(axis.values for axis in axes))]


def folder_name(point: Point, otherwise: str) -> str:
    """`key=a,key2=b`, fit for a file system and different for different points; `otherwise` for the empty one."""
    if not point:
        return otherwise
    whole = ",".join(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in point.items())
    tidy = re.sub(r"[^A-Za-z0-9._=,+-]+", "_", whole)
    if tidy == whole and len(tidy) <= 150:
        return tidy
    return f"{tidy[:150]}-{hashlib.sha256(whole.encode()).hexdigest()[:6]}"


def run_folder(out: Path, plan: Plan, point: Point, seed: int) -> Path:
    """Where the run of a point lies."""
    return out / folder_name(point, plan.name) / f"seed{seed}"
