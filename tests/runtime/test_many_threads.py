"""One captioner that many threads ask at once: answers as alone, and nothing piles up."""

import gc
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import seesay

CALLS, THREADS, ROUND = 160, 16, 40


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_sixteen_threads_get_the_answers_of_one_and_nothing_piles_up(tmp_path):
    chance = np.random.default_rng(0)
    photos = []
    for i in range(8):
        photos.append(tmp_path / f"{i}.png")
        coarse = Image.fromarray(chance.integers(0, 256, (4, 4, 3), np.uint8))
        coarse.resize((64, 48)).save(photos[-1])
    captioner = seesay.load()
    alone = [captioner(photo, beam=1) for photo in photos]
    with ThreadPoolExecutor(THREADS) as pool:

        def ask(count: int) -> None:
            which = [i % len(photos) for i in range(count)]
            answers = list(pool.map(lambda i: captioner(photos[i], beam=1), which))
            for i, answer in zip(which, answers, strict=True):
                assert answer.text == alone[i].text
                assert answer.score == pytest.approx(alone[i].score, abs=1e-4)

        ask(2 * ROUND)  # each thread has its own buffers by then
        gc.collect()
        open_before, memory_before = descriptors(), resident()
        for _ in range(CALLS // ROUND - 1):
            ask(ROUND)
        gc.collect()
        assert descriptors() <= open_before
        assert resident() - memory_before < 96 << 20
