"""Fuzz one target with atheris (pip install atheris).

    python fuzz/run.py TARGET [libFuzzer's options, such as -max_total_time=20 -rss_limit_mb=2000]

Without a folder of inputs it begins with the target's seeds, in a temporary one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["seesay"]):
    from targets import TARGETS, seeds


def main() -> None:
    """Fuzz what the command line names."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"give a target: {', '.join(TARGETS)}")
    name = sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds(name)):
            Path(folder, str(number)).write_bytes(seed)
        atheris.Setup([*sys.argv, folder], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
