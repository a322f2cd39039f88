"""Ablation and sensitivity: a recipe with one part removed or swapped, or one number changed, at a time."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from seesay.data import Dataset, read_dataset
from seesay.errors import DataError, UsageError
from seesay.experiments.measure import measured_file
from seesay.experiments.outcome import Outcome
from seesay.experiments.search_space import Plan, read_plan
from seesay.experiments.significance import differences, read_scores
from seesay.experiments.sweep import sweep
from seesay.metrics.scores import Scores
from seesay.metrics.significance import Difference
from seesay.registry import nearest
from seesay.training.callbacks import Callback
from seesay.training.config import Config, load_config

log = logging.getLogger("seesay.training")
WHOLE = "the recipe"
_ATTENDING = ("attention", "show_attend_tell", "adaptive_attention", "up_down")
_NUMBERS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("training.lr", (1 / 3, 3)),
    ("training.batch_size", (0.5, 2)),
    ("decoder.hidden", (0.5, 2)),
    ("decoder.embedding", (0.5, 2)),
    ("decoder.feed_forward", (0.5, 2)),
    ("classifier.hidden", (0.5, 2)),
    ("text.min_count", (0.5, 2)),
    ("clip.frames", (0.5,)),
)
"""Settings that sensitivity multiplies, and by what."""
_SHARES = (("decoder.dropout", 0.15), ("classifier.dropout", 0.15))
"""Settings between 0 and 1 that sensitivity moves up and down by so much."""


@dataclass(frozen=True)
class Variant:
    """The recipe with one thing changed.

    Attributes:
        part: what is changed, in a word: vectors, norm, cell … or the key of a number.
        settings: `key=value`, empty for the recipe itself.
        kind: whether a part is removed or swapped, or a number changed.
    """

    part: str
    settings: tuple[str, ...]
    kind: Literal["part", "number"] = "part"

    @property
    def name(self) -> str:
        """What the table calls it."""
        return " ".join(self.settings) or WHOLE


@dataclass(frozen=True)
class Ablated:
    """What became of a variant.

    Attributes:
        variant: what was changed.
        outcomes: of its runs, one for each seed.
        scores: what they say of dev, scored; in the order of seeds, without failed ones.
        differences: of each score against the recipe's, seeds pooled; empty for the recipe itself, and where runs
            failed.
    """

    variant: Variant
    outcomes: Sequence[Outcome]
    scores: Sequence[Scores]
    differences: Mapping[str, Difference]

    def values(self, name: str) -> list[float]:
        """One score of each run."""
        return [run.corpus[name] for run in self.scores]


def variants_of(config: Config) -> list[Variant]:
    """All that can be removed, swapped or changed in a recipe, those first that remove."""
    return [*_parts(config), *_numbers(config)]


def choose(variants: Sequence[Variant], only: Sequence[str]) -> list[Variant]:
    """The variants of these parts (or "parts", "numbers" for all of a kind); all where none are named.

    Raises:
        UsageError: there is none of such a name; those there are are listed.
    """
    if not only:
        return list(variants)
    known = ["parts", "numbers", *dict.fromkeys(variant.part for variant in variants)]
    strange = next((name for name in only if name not in known), None)
    if strange is not None:
        raise UsageError(
            f"--only {strange}: nothing of the recipe.{nearest(strange, known)} There are: {', '.join(known)}"
        )
    return [v for v in variants if v.part in only or f"{v.kind}s" in only]


def ablate(
    recipe: str,
    settings: Sequence[str],
    data: str,
    out: Path,
    *,
    seeds: int = 3,
    only: Sequence[str] = (),
    callbacks: Sequence[Callback] = (),
    on_ablated: Callable[[Sequence[Ablated]], None] = lambda found: None,
) -> list[Ablated]:
    """Train and evaluate a recipe, and every variant of it, with the same seeds; what is finished is not done again.

    Runs lie in `out/VARIANT/RECIPE/seedN`. Nothing but dev is looked at. A variant whose runs fail is in nobody's way.

    Args:
        recipe: a recipe's name or YAML file.
        settings: `key=value`, for all variants.
        data: `FORMAT:PATH`, with the splits train and dev.
        out: a folder, made if need be.
        seeds: how many, from 1 on.
        only: parts that are changed; none for all.
        callbacks: told of each run's steps and epochs.
        on_ablated: given all that is found so far, after each variant.

    Raises:
        UsageError: an unknown recipe, setting or part, or `out` holds another sweep.
        DataError: the data set has fatal faults, or every run of the recipe itself failed.
    """
    fixed = list(settings)
    plans = {Variant("", ()): _plan(recipe, fixed, Variant("", ()), seeds)}
    for variant in choose(variants_of(load_config(recipe, fixed)), only):
        try:
            plans[variant] = _plan(recipe, fixed, variant, seeds)
        except UsageError as error:  # another decoder does not know the settings given for this one
            log.warning("%s is left out: %s", variant.name, error)
    dataset = read_dataset(data, default_splits=True)
    found: list[Ablated] = []
    base: Sequence[Scores] = ()
    for number, (variant, plan) in enumerate(plans.items()):
        log.info("variant %d of %d: %s", number, len(plans) - 1, variant.name)
        outcomes = sweep(plan, data, out / _folder(variant), callbacks=callbacks).outcomes
        scores = [_scores(o, dataset) for o in outcomes if o.scores is not None]
        if not base:
            base = scores
        if not base:
            raise DataError(f"{out}: every run of the recipe itself failed: {outcomes[0].error}")
        whole = len(scores) == len(base) and variant.settings
        gaps = differences({WHOLE: base, variant.name: scores}, WHOLE)[variant.name] if whole else {}
        found.append(Ablated(variant, outcomes, scores, gaps))
        on_ablated(found)
    return found


def _plan(recipe: str, fixed: Sequence[str], variant: Variant, seeds: int) -> Plan:
    """One point: the settings for all, those that the variant changes in their place."""
    changed = {text.split("=", 1)[0] for text in variant.settings}
    kept = [text for text in fixed if text.split("=", 1)[0] not in changed]
    return read_plan(recipe, [*kept, *variant.settings], seeds)


def _folder(variant: Variant) -> str:
    return variant.name.replace(" ", ",").replace("/", "_") if variant.settings else "recipe"


def _scores(outcome: Outcome, dataset: Dataset) -> Scores:
    labels = (outcome.scores or {}).get("classes", ())
    file = measured_file(outcome.run, {}).parent / "predictions.json"
    return read_scores(file, dataset.split("dev"), labels)


def _parts(config: Config) -> list[Variant]:
    found: list[Variant] = []

    def add(part: str, *settings: str) -> None:
        if _valid(config, settings):
            found.append(Variant(part, settings))

    head: Any = config.decoder if config.classifier is None else config.classifier
    section = "decoder" if config.classifier is None else "classifier"
    training = config.training
    if config.classifier is None:
        if config.vectors.source == "learned":
            add("vectors", "vectors.source=cbow")
        else:
            add("vectors", "vectors.source=learned", "vectors.tune=true")
        add("attention", "decoder=merge" if head.name in _ATTENDING else "decoder=show_attend_tell")
        if head.name == "inject":
            for place in ("init", "pre", "par", "merge"):
                if place != head.conditioning:
                    add("conditioning", f"decoder.conditioning={place}")
    for switch in ("norm", "scaled_words", "bidirectional", "standardize", "differences"):
        if (value := getattr(head, switch, None)) is not None:
            add(switch, f"{section}.{switch}={str(not value).lower()}")
    if (cell := getattr(head, "cell", None)) is not None:
        add("cell", f"{section}.cell={'gru' if cell == 'lstm' else 'lstm'}")
    if (layers := getattr(head, "layers", None)) is not None:
        add("depth", f"{section}.layers={layers - 1 if layers > 1 else 2}")
    if getattr(head, "dropout", 0) > 0:
        add("dropout", f"{section}.dropout=0.0")
    add("label_smoothing", f"training.label_smoothing={0.0 if training.label_smoothing else 0.1}")
    add("averaging", f"training.ema={0.0 if training.ema else 0.998}")
    if config.modality == "picture":
        add("augmentation", f"training.augmented_copies={4 if training.augmented_copies == 1 else 1}")
    if config.finetune.from_epoch is not None:
        add("fine-tuning", "finetune.from_epoch=null")
    if config.self_critical.from_epoch is not None:
        add("self-critical", "self_critical.from_epoch=null")
    if config.classifier is None:
        add("beam", f"training.beam={1 if training.beam > 1 else 3}")
    return found


def _numbers(config: Config) -> list[Variant]:
    found = []
    for key, factors in _NUMBERS:
        value = _value(config, key)
        for factor in factors if value else ():
            changed = float(f"{value * factor:.3g}") if isinstance(value, float) else max(1, round(value * factor))
            setting = (f"{key}={changed}",)
            if changed != value and _valid(config, setting):
                found.append(Variant(key, setting, "number"))
    for key, step in _SHARES:
        value = _value(config, key)
        for changed in (value - step, value + step) if isinstance(value, float) else ():
            setting = (f"{key}={changed:.3g}",)
            if 0 < changed < 1 and _valid(config, setting):
                found.append(Variant(key, setting, "number"))
    return found


def _value(config: Config, key: str) -> Any:
    here: Any = config
    for part in key.split("."):
        here = getattr(here, part, None)
    recognizes = config.classifier is not None
    return None if key.startswith(("decoder", "text") if recognizes else "classifier") else here


def _valid(config: Config, settings: Sequence[str]) -> bool:
    """Whether a recipe of these settings can be, and is another one."""
    values = config.model_dump(mode="json")
    for text in settings:
        key, _, value = text.partition("=")
        *path, last = key.split(".")
        if not path:
            return True  # another decoder, with settings of its own
        here = values
        for part in path:
            here = here[part]
        here[last] = json.loads(value) if _is_json(value) else value
    try:
        changed: BaseModel = Config(**values)
    except ValueError:
        return False
    return changed != config


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
