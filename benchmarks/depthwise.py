"""Training a CNN in bfloat16 on a CPU: our depthwise gradients against autocast alone.

    python benchmarks/depthwise.py [ENCODER] [--pictures 32] [--rounds 3]

Forward and backward of the encoder under bfloat16 autocast, random weights and pictures, all layers learning, then its
last five groups (as the recipe `default` has it). Rounds alternate between the two ways.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import nullcontext
from unittest import mock

import torch

from seesay.models import depthwise
from seesay.models.encoders import Encoder, EncoderConfig


def pictures_per_second(encoder: Encoder, pixels: torch.Tensor, quick: bool) -> float:
    encoder.zero_grad()
    begun = time.perf_counter()
    with (
        torch.autocast("cpu", torch.bfloat16),
        nullcontext() if quick else mock.patch.object(depthwise, "wanted", return_value=False),
    ):
        memory = encoder(pixels)
    memory.grid.float().square().mean().backward()
    return len(pixels) / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", nargs="?", default="tf_efficientnet_lite2")
    parser.add_argument("--pictures", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    encoder = Encoder(EncoderConfig(name=arguments.encoder, weights="random"))
    height, width = encoder.preprocessing.size
    pixels = torch.randn(arguments.pictures, 3, height, width).contiguous(memory_format=torch.channels_last)
    print(f"{arguments.encoder}, {torch.get_num_threads()} threads; pictures/s, median of {arguments.rounds} rounds\n")
    print(
        "| layers that learn | autocast alone | with quick depthwise gradients | ratio |\n| --- | ---: | ---: | ---: |"
    )
    for name, groups in (("all", None), ("the last five groups", 5)):
        encoder.freeze(groups)
        encoder.train()
        rates: dict[bool, list[float]] = {False: [], True: []}
        for quick in rates:
            pictures_per_second(encoder, pixels, quick)
        for _ in range(arguments.rounds):
            for quick, found in rates.items():
                found.append(pictures_per_second(encoder, pixels, quick))
        ratios = [ours / theirs for ours, theirs in zip(rates[True], rates[False], strict=True)]
        print(
            f"| {name} | {statistics.median(rates[False]):.1f} | {statistics.median(rates[True]):.1f} "
            f"| **{statistics.median(ratios):.2f}×** ({min(ratios):.2f} … {max(ratios):.2f}) |"
        )


if __name__ == "__main__":
    main()
