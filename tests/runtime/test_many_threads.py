"""One captioner that many threads ask at once: answers as alone, and nothing piles up."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

ASK = """
import gc, json, resource, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import seesay

def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

photos = sys.argv[1:]
captioner = seesay.load()
alone = [captioner(photo, beam=1) for photo in photos]
worst, same, seen = 0.0, True, []
with ThreadPoolExecutor(16) as pool:
    for turn in range(9):
        which = [i % len(photos) for i in range(40)]
        for i, answer in zip(which, pool.map(lambda i: captioner(photos[i], beam=1), which)):
            same = same and answer.text == alone[i].text
            worst = max(worst, abs(answer.score - alone[i].score))
        gc.collect()
        seen.append([descriptors(), resident()])
print(json.dumps({"same": same, "worst": worst, "seen": seen}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_sixteen_threads_get_the_answers_of_one_and_nothing_piles_up(tmp_path):
    """In a process of its own: what the suite holds says nothing of the captioner's memory."""
    chance = np.random.default_rng(0)
    photos = [tmp_path / f"{i}.png" for i in range(8)]
    for photo in photos:
        coarse = Image.fromarray(chance.integers(0, 256, (4, 4, 3), np.uint8))
        coarse.resize((64, 48)).save(photo)
    done = subprocess.run([sys.executable, "-c", ASK, *map(str, photos)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["same"]
    assert found["worst"] < 1e-4
    later = found["seen"][5:]  # each thread has its own buffers by then
    (open_before, memory_before), *_, (open_after, memory_after) = later
    assert open_after <= open_before
    assert memory_after - memory_before < 32 << 20
