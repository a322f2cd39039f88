"""`seesay features`: encode every picture or clip of a data set once."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from seesay.cli.common import progress
from seesay.cli.photos import MaxPixels, MaxSeconds
from seesay.extras import training_parts

EXAMPLES = """\b
Examples:
  seesay features flickr8k:FOLDER --encoder tf_efficientnet_lite2 --out features
  seesay features flickr8k:FOLDER --encoder vgg16 --layer fc7 --out features
  seesay features msvd:FOLDER --encoder tf_efficientnet_lite2 --frames 32 --out features
  seesay features csv:mine.csv --encoder resnet50 --weights resnet50.safetensors --out features
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("features", help="Encode every picture or clip of a data set once.", epilog=EXAMPLES)(features)


def features(
    data: str = typer.Argument(..., metavar="FORMAT:PATH", help="A data set: docs/data.md has the formats."),
    encoder: str = typer.Option(..., "--encoder", help="A timm backbone."),
    out: Path = typer.Option(..., "--out", help="The cache folder; what is there already is kept."),
    weights: str = typer.Option("auto", "--weights", help="auto, hub, package, random, or a file."),
    size: int | None = typer.Option(None, "--size", help="Side of the input in pixels; else the backbone's own."),
    layer: str | None = typer.Option(None, "--layer", help="A module's output in place of the last feature map."),
    frames: int | None = typer.Option(
        None, "--frames", min=1, help="The data are clips: encode so many frames of each (a recipe's clip.kept)."
    ),
    flow: bool = typer.Option(False, "--flow", help="With the frames' optical flow (a recipe's clip.flow)."),
    positions: bool = typer.Option(
        False, "--positions", help="Every position of each frame, not their mean (a recipe's clip.positions)."
    ),
    max_pixels: MaxPixels = None,
    max_seconds: MaxSeconds = None,
) -> None:
    """Write float16 features, memory-mapped; a killed run is continued by the same command."""
    with training_parts():
        from seesay.models.encoders import EncoderConfig
        from seesay.runtime.limits import set_max_seconds
        from seesay.training.features import extract_dataset

        set_max_seconds(max_seconds)
        with progress("encoding") as on_progress:
            config = EncoderConfig(name=encoder, weights=weights, size=size, layer=layer)
            print(json.dumps(extract_dataset(data, config, out, on_progress, frames, flow, positions, max_pixels)))
