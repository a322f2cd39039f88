"""Speed and memory at use, each against a ceiling or a peer met in the same run.

    python benchmarks/inference.py [--photos FOLDER] [--count 256] [--rounds 3] [--model NAME|DIR]

- bulk captioning (as the model is set, and with beam 3), files in and sentences out, as a share of the bare encoder's
  own batch rate: the same ONNX network on pixels that lie in memory already;
- feature extraction (needs the `train` extra), files in and cache written, as a share of the bare PyTorch encoder's own
  batch rate in the same precision;
- one photo, whole process, cold, against `python -c "import torch, timm"` (needs the `train` extra);
- one photo, warm, and the peak memory of the process that captions one photo and of one that captions them all.

Without --photos it draws its own JPEGs of 500 × 375 pixels from the photos in `samples/`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

import seesay
from seesay.runtime.captioner import BATCH

SAMPLES = Path(__file__).parent.parent / "samples"


def make_photos(folder: Path, count: int) -> list[Path]:
    """`count` JPEGs of ordinary size, each a different crop of a sample photo."""
    chance = np.random.default_rng(0)
    sources = [Image.open(file).convert("RGB") for file in sorted(SAMPLES.glob("*.jpg"))]
    files = []
    for index in range(count):
        source = sources[index % len(sources)]
        left, top = chance.uniform(0, 0.3, 2) * source.size
        box = (int(left), int(top), int(left + 0.7 * source.width), int(top + 0.7 * source.height))
        files.append(folder / f"{index:04}.jpg")
        source.resize((500, 375), box=box).save(files[-1], quality=90)
    return files


def rate(work: object, count: int) -> float:
    begun = time.perf_counter()
    work()  # type: ignore[operator]
    return count / (time.perf_counter() - begun)


def shares(title: str, whole: list[float], bare: list[float]) -> None:
    ratios = [a / b for a, b in zip(whole, bare, strict=True)]
    print(
        f"| {title} | {statistics.median(whole):.1f} | {statistics.median(bare):.1f} | "
        f"**{100 * statistics.median(ratios):.0f} %** ({100 * min(ratios):.0f} … {100 * max(ratios):.0f}) |"
    )


def bulk(model: str | None, photos: list[Path], rounds: int) -> None:
    captioner = seesay.load(model)
    pixels = np.stack([captioner.preprocessing.load(photo) for photo in photos[: 4 * BATCH]])

    def bare() -> None:
        for first in range(0, len(photos), BATCH):
            start = first % len(pixels)
            captioner.networks.encode(pixels[start : start + min(BATCH, len(photos) - first)])

    own = captioner.options().beam
    for beam, title in ((own, f"beam {own}, the model's own"), *([(3, "beam 3")] if own != 3 else [])):

        def whole(beam: int = beam) -> None:
            assert len(captioner.caption(photos, beam=beam)) == len(photos)

        whole()
        figures = [(rate(whole, len(photos)), rate(bare, len(photos))) for _ in range(rounds)]
        shares(f"bulk captioning, {title} (ONNX Runtime)", [f[0] for f in figures], [f[1] for f in figures])


def features(photos: list[Path], rounds: int) -> None:
    import torch
    from lightning.fabric import Fabric

    from seesay.data import Sample
    from seesay.models.captioner import normalize
    from seesay.models.encoders import Encoder, EncoderConfig
    from seesay.training.features import extract, has_bf16, open_cache
    from seesay.training.inputs import BATCH as FEATURE_BATCH
    from seesay.training.inputs import Pictures

    fabric = Fabric(accelerator="auto", devices=1, precision="bf16-mixed" if has_bf16() else "32-true")
    encoder = fabric.to_device(Encoder(EncoderConfig()).eval())
    samples = [Sample(photo.stem, photo, ("a photo",), "train") for photo in photos]
    loaded = torch.from_numpy(np.stack([encoder.preprocessing.load(photo) for photo in photos[:FEATURE_BATCH]]))

    def whole() -> None:
        with tempfile.TemporaryDirectory() as folder, fabric.autocast():
            cache = open_cache(Path(folder), encoder, Pictures())
            assert extract(samples, encoder, cache, fabric, Pictures()) == len(photos)
            cache.close()

    @torch.no_grad()
    def bare() -> None:
        batch = normalize(loaded.to(fabric.device), encoder.preprocessing)
        for first in range(0, len(photos), FEATURE_BATCH):
            with fabric.autocast():
                encoder(batch[: len(photos) - first])

    whole()
    figures = [(rate(whole, len(photos)), rate(bare, len(photos))) for _ in range(rounds)]
    shares(
        f"feature extraction ({fabric._precision.precision}, PyTorch)", [f[0] for f in figures], [f[1] for f in figures]
    )


def measured(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a whole process."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return wall, usage.ru_utime + usage.ru_stime


PEAK = """
import sys
from seesay.cli import run
assert run(sys.argv[1:]) == 0
status = open("/proc/self/status").read()
print("peak", status.split("VmHWM:")[1].split()[0], file=sys.stderr)
"""


def peak_memory(arguments: list[str]) -> float:
    """Most memory, in MB, of the command's process (Linux: other figures count the process that started it)."""
    found = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(found.stderr.split("peak")[1]) / 1024


def cold(model: str | None, photos: list[Path], rounds: int) -> None:
    chosen = ["--model", model] if model else []
    one = [sys.executable, "-m", "seesay", "caption", str(photos[0]), *chosen]
    peer = [sys.executable, "-c", "import torch, timm"]
    has_peer = importlib.util.find_spec("timm") is not None
    measured(one)
    if has_peer:
        measured(peer)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(measured(one))
        if has_peer:
            theirs.append(measured(peer))
    print("\n| one photo, whole process, cold | wall s | CPU s |\n| --- | ---: | ---: |")
    rows = [("`seesay caption photo.jpg`", ours), ('`python -c "import torch, timm"`', theirs)]
    for name, figures in rows:
        if figures:
            wall, cpu = (statistics.median(f[i] for f in figures) for i in range(2))
            print(f"| {name} | {wall:.2f} | {cpu:.2f} |")
    if has_peer:
        ratios = [a[0] / b[0] for a, b in zip(ours, theirs, strict=True)]
        print(f"| ratio | **{statistics.median(ratios):.2f}** ({min(ratios):.2f} … {max(ratios):.2f}) | |")
    alone = peak_memory(["caption", str(photos[0]), *chosen])
    print(f"\nPeak memory: one photo {alone:.0f} MB, ", end="")
    print(f"all {len(photos)} {peak_memory(['caption', str(photos[0].parent), *chosen]):.0f} MB.")


def warm(model: str | None, photos: list[Path]) -> None:
    captioner = seesay.load(model)
    pixels = captioner.preprocessing.load(photos[0])[None]
    encode, whole = [], []
    for photo in photos[:40]:
        begun = time.perf_counter()
        captioner(photo)
        whole.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        captioner.networks.encode(pixels)
        encode.append(time.perf_counter() - begun)
    ours, bare = 1000 * statistics.median(whole[5:]), 1000 * statistics.median(encode[5:])
    print(f"\nWarm, one photo: {ours:.0f} ms; the bare encoder alone takes {bare:.0f} ms ({ours / bare:.2f}×).")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "photos"
        folder.mkdir()
        if arguments.photos:
            photos = [
                Path(shutil.copy(file, folder)) for file in sorted(arguments.photos.glob("*.jpg"))[: arguments.count]
            ]
        else:
            photos = make_photos(folder, arguments.count)
        print(json.dumps({"photos": len(photos), "rounds": arguments.rounds, "cores": os.cpu_count()}), "\n")
        print("| whole way | pictures/s | bare encoder | share |\n| --- | ---: | ---: | ---: |")
        bulk(arguments.model, photos, arguments.rounds)
        if importlib.util.find_spec("timm"):
            features(photos, arguments.rounds)
        cold(arguments.model, photos, arguments.rounds)
        warm(arguments.model, photos)


if __name__ == "__main__":
    main()
