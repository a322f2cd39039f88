"""How many CPU cores there are to use."""

from __future__ import annotations

import math
import os
from pathlib import Path


def usable_cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """CPU cores this process may keep busy: those that it may run on, or what a container's quota pays for if less.

    Args:
        quota: of cgroup v2: microseconds of CPU time in each period, or "max", and the period.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        time, period = map(int, quota.read_text("ascii").split())
    except (OSError, ValueError):  # no such thing here, or "max"
        return max(1, cores)
    return max(1, min(cores, math.ceil(time / period))) if time > 0 and period > 0 else max(1, cores)
