"""Broken clips by the dozen: each gives frames or one line that says why not; no crash, no hang, no warning.

By hand, on real clips: `python tests/media/test_hostile_clips.py 200 ../shared/data/weizmann/videos/*/*.avi …`
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # also by hand

from clips import MODALITIES, write
from hostile_clips import make_hostile_clips

SECONDS = 10.0
"""Longest that any one clip may take."""

WHOLE_RUN = """
import json, sys, time
from pathlib import Path
import numpy as np
from seesay.errors import MediaError
from seesay.media import FrameSampling, Preprocessing, clips_ahead, modality_of, load_clip
small, sampling = Preprocessing((32, 32)), FrameSampling(frames=8)
paths = sorted(Path(sys.argv[1]).iterdir())
read, lines, slowest = [], [], 0.0
for path in paths:
    print("at", path, file=sys.stderr, flush=True)
    modality_of(path)
    began = time.perf_counter()
    for how in (sampling, FrameSampling("seconds", 8, every=0.5), FrameSampling("stride", 8, stride=3)):
        try:
            clip = load_clip(path, small, how)
            assert clip.pixels.shape == (len(clip.seconds), 32, 32, 3) and 1 <= len(clip.seconds) <= 8
            assert (np.diff(clip.seconds) > 0).all() and np.isfinite(clip.duration)
            read.append(str(path))
        except MediaError as error:
            lines.append(str(error))
    slowest = max(slowest, time.perf_counter() - began)
again = [index for index, clip in clips_ahead(paths, small, sampling, workers=4, on_error="yield")
         if not isinstance(clip, MediaError)]
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
print(json.dumps({"read": read, "lines": lines, "slowest": slowest, "again": len(again), "megabytes": peak}))
"""


def answers(folder: Path) -> dict[str, Any]:
    """What a process of its own makes of every clip of a folder."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WHOLE_RUN, str(folder)], capture_output=True, check=False
    )
    told = done.stderr.decode(errors="replace").splitlines()
    assert done.returncode == 0, f"exit {done.returncode}: {told[-3:]}"
    assert not [line for line in told if not line.startswith("at ")], "nothing is written to standard error"
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.timeout(120)
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux tells it")
def test_broken_clips_in_a_process_of_their_own(tmp_path: Path) -> None:
    good = [write(tmp_path / "good" / f"{name}.{name.split('.')[-1]}", 40, **kind) for name, kind in MODALITIES.items()]
    check(make_hostile_clips(tmp_path / "hostile", good, 60))


@pytest.mark.timeout(240)
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux tells it")
def test_200_broken_ones_made_of_real_clips(clip_data: Path, tmp_path: Path) -> None:
    folders = ("weizmann/videos", "ucf101-6", "msvd-486/msvd")
    good = [path for folder in folders for path in sorted((clip_data / folder).rglob("*.avi"))[::40][:12]]
    assert len(good) > 20
    made = make_hostile_clips(tmp_path / "hostile", good, 200)
    assert sum(not sound for sound in made.values()) == 200
    check(made)


def check(made: dict[Path, bool]) -> None:
    """No crash, no hang, one line for what gives no frames, and every good one answered."""
    folder = next(iter(made)).parent
    found = answers(folder)
    assert {str(path) for path, sound in made.items() if sound} <= set(found["read"])
    assert found["again"] == len(set(found["read"]))
    assert len(found["lines"]) > 40
    for line in found["lines"]:
        assert line.startswith(str(folder))
        assert line.isprintable()
        assert len(line) < 500
    assert found["slowest"] < SECONDS
    assert found["megabytes"] < 1000


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as root:
        made = make_hostile_clips(
            Path(root), [Path(p) for p in sys.argv[2:]], int(sys.argv[1]), int(os.environ.get("SEED", "0"))
        )
        result = answers(Path(root))
        sound = {str(path) for path, whole in made.items() if whole}
        broken = len(made) - len(sound)
        print(
            f"{broken} broken clips among {len(sound)} good ones: "
            f"{len(sound - set(result['read']))} good ones unanswered, "
            f"{len(set(result['read']) - sound)} broken ones gave frames, slowest {result['slowest']:.2f} s, "
            f"peak {result['megabytes']:.0f} MB"
        )
