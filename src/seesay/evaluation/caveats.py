"""What to know before believing a comparison: other data, other vocabularies, other engines, other settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from seesay.evaluation.systems import System
from seesay.evaluation.tasks import TASKS


def caveats(
    systems: Sequence[System],
    modality: str,
    digest: str = "",
    split: str = "",
    engines: Mapping[str, str] | None = None,
) -> list[str]:
    """What makes runs differ, or their figures mislead, beside the models.

    Args:
        systems: what is compared.
        modality: what the models look at: "photo", "clip" or another kind of sample.
        digest: of what is true of the samples that all are compared on; "" where only recorded scores are at hand.
        split: of these samples.
        engines: what computes each, by name.
    """
    notes = []
    spec = TASKS[systems[0].task]
    given = "captions" if spec.output == "caption" else spec.references
    first, *others = systems
    for system in others:
        ours, theirs = (e.trained_on.get("sha256", {}).get("train") for e in (first, system))
        counts = [(e.trained_on.get("photos", {}).get("train"), e.trained_on.get("captions")) for e in (first, system)]
        if (ours and theirs and ours != theirs) or (all(all(c) for c in counts) and counts[0] != counts[1]):
            notes.append(f"{system.name} was trained on other {modality}s or {given} than {first.name}")
    for system in systems:
        evaluated = system.digests.get(split) if system.predictions is not None else None
        if digest and evaluated and evaluated != digest:
            notes.append(
                f"{system.name} was evaluated against other {spec.references} of the same {modality}s; here it "
                "is scored against those of --data, as all are"
            )
    models = [e for e in systems if e.artifact is not None]
    words = {tuple(e.artifact.manifest.vocabulary.get("tokens", ())) for e in models if e.artifact}
    cuts = {e.learned for e in models}
    if len(words) > 1 or len(cuts) > 1:
        notes.append(
            "the models have different vocabularies, or learned different parts of captions: their loss and perplexity "
            "cannot be compared (a smaller vocabulary finds more unknown words, which are easy to foresee)"
        )
    if engines and len(set(engines.values())) > 1:
        notes.append(
            "some models run on PyTorch, others on ONNX Runtime: seesay export the former to compare speeds of models "
            "rather than of engines"
        )
    return notes


def differing_settings(systems: Sequence[System]) -> dict[str, dict[str, Any]]:
    """Settings that differ between those whose settings are known."""
    flat = {e.name: _flat(e.config) for e in systems if e.config}
    keys = dict.fromkeys(key for values in flat.values() for key in values)
    missing = object()
    return {
        key: {name: values.get(key) for name, values in flat.items()}
        for key in keys
        if len({json.dumps(values.get(key, str(missing)), default=str) for values in flat.values()}) > 1
    }


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return found
