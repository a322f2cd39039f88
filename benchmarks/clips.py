"""Recognizing clips: speed against the bare encoder and against the usual way, and memory however long the clip.

    python benchmarks/clips.py [--clips FOLDER] [--count 32] [--rounds 3] [--model NAME|DIR]

- clips in and activities out (decoding, CNN, LSTM) in frames that the model judges a second, as a share of the bare
  encoder's own batch rate: the same ONNX network on pixels that lie in memory already;
- the same in clips a second against the usual way: every frame decoded, and the CNN called for one frame at a time
  (PyTorch, the recognizer's own weights, float32; needs the `train` extra), the LSTM over all of them;
- the peak memory of a process that recognizes a clip of one minute, and one of an hour.

Without --clips it draws its own of 8 seconds, 25 frames a second, 320 × 240.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import torch
from PIL import Image

import seesay
from seesay.exporting.weights import load_any_model
from seesay.media import find_media
from seesay.models.captioner import normalize
from seesay.models.classifier import ClassifyModel
from seesay.models.memory import Memory
from seesay.runtime.recognizer import CLIPS, Recognizer


def draw(file: Path, seconds: int, rate: int, seed: int, size: tuple[int, int] = (240, 320)) -> Path:
    """A clip of blocks that drift over noise."""
    rng = np.random.default_rng(seed)
    ground = np.kron(rng.integers(0, 256, (size[0] // 16, size[1] // 16, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "g": str(10 * rate)})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        for number in range(seconds * rate):
            frame = av.VideoFrame.from_ndarray(np.roll(ground, 2 * number, 1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def ours(recognizer: Recognizer, clips: list[Path]) -> None:
    assert len(recognizer.recognize(clips)) == len(clips)


def bare(recognizer: Recognizer, pixels: np.ndarray, clips: int) -> None:
    for first in range(0, clips, CLIPS):
        recognizer.networks.frames(pixels[: min(CLIPS, clips - first)])


@torch.no_grad()
def usual(recognizer: Recognizer, model: ClassifyModel, clips: list[Path]) -> None:
    for clip in clips:
        seen = []
        with av.open(str(clip)) as container:
            for frame in container.decode(video=0):
                pixels = torch.from_numpy(
                    recognizer.each.pixels(Image.fromarray(frame.to_ndarray(format="rgb24")))[None]
                )
                seen.append(model.encoder(normalize(pixels, recognizer.each)).pooled)
        whole = torch.stack(seen, 1)
        model.probabilities(Memory(whole, whole.mean(1)))


def seconds(work: object, *arguments: object) -> float:
    begun = time.perf_counter()
    work(*arguments)  # type: ignore[operator]
    return time.perf_counter() - begun


PEAK = """
import sys, seesay
seesay.load(sys.argv[1])(sys.argv[2])
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


def peak_memory(model: str, clip: Path) -> float:
    """Most memory, in MB, of a process that recognizes a clip (Linux)."""
    command = [sys.executable, "-c", PEAK, model, str(clip)]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout) / 1024


def shown(ratios: list[float], scale: float, unit: str) -> str:
    low, middle, high = (scale * value for value in (min(ratios), statistics.median(ratios), max(ratios)))
    return f"**{middle:.3g}{unit}** ({low:.3g} … {high:.3g})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="activities")
    arguments = parser.parse_args()
    recognizer = seesay.load(arguments.model)
    model = load_any_model(arguments.model)
    assert isinstance(recognizer, Recognizer)
    assert isinstance(model, ClassifyModel)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.clips:
            found = [path for path, kind in find_media([arguments.clips]) if kind == "clip" and isinstance(path, Path)]
            clips = found[:: max(1, len(found) // arguments.count)][: arguments.count]
        else:
            clips = [draw(Path(folder, f"{n}.mp4"), 8, 25, n) for n in range(arguments.count)]
        frames = recognizer.sampling.frames
        loaded = np.stack([recognizer.preprocessing.load(clip) for clip in clips[:CLIPS]])
        ours(recognizer, clips)
        whole, alone, slow = [], [], []
        for _ in range(arguments.rounds):
            whole.append(len(clips) / seconds(ours, recognizer, clips))
            alone.append(len(clips) / seconds(bare, recognizer, loaded, len(clips)))
            slow.append(len(clips) / seconds(usual, recognizer, model, clips))
        print(f"{len(clips)} clips, {frames} frames judged of each, {arguments.rounds} rounds: median (least … most)\n")
        print("| way | clips/s | frames judged/s | ours against it |\n| --- | ---: | ---: | ---: |")
        rate = statistics.median(whole)
        print(f"| clips in, activities out | {rate:.2f} | {rate * frames:.1f} | |")
        rate = statistics.median(alone)
        ratio = shown([a / b for a, b in zip(whole, alone, strict=True)], 100, " %")
        print(f"| the bare encoder, in batches | {rate:.2f} | {rate * frames:.1f} | {ratio} |")
        ratio = shown([a / b for a, b in zip(whole, slow, strict=True)], 1, "×")
        print(f"| every frame, one at a time | {statistics.median(slow):.2f} | | {ratio} |")
        minute = draw(Path(folder, "minute.mp4"), 60, 10, 0, (120, 160))
        hour = draw(Path(folder, "hour.mp4"), 3600, 10, 0, (112, 160))
        short, long = (peak_memory(arguments.model, clip) for clip in (minute, hour))
        print(f"\nPeak memory: a clip of one minute {short:.0f} MB, of an hour {long:.0f} MB ({long / short:.2f}×).")


if __name__ == "__main__":
    main()
