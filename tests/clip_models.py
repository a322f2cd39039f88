"""Small random captioners of clips, and clips of one color after the other for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from seesay.artifact import Artifact
from seesay.exporting import describe, export_artifact, save_model
from seesay.media import FrameSampling
from seesay.models.captioner import CaptionModel
from seesay.models.decoders import DECODERS
from seesay.models.encoders import EncoderConfig
from seesay.text import Vocabulary

WORDS = Vocabulary.build([[f"word{i}"] * 5 for i in range(40)], min_count=1)
SMALL = {"hidden": 16, "heads": 2, "feed_forward": 32}


def clip_captioner(
    folder: Path, decoder: str = "attention", frames: int | None = 4, seed: int = 3, **settings: Any
) -> Artifact:
    """A random captioner of clips of so many frames (None: of pictures), exported."""
    torch.manual_seed(seed)
    config = DECODERS[decoder].config_class(name=decoder, **(settings or SMALL))
    model = CaptionModel.build(EncoderConfig(name="test_efficientnet", weights="random", size=32), config, WORDS)
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            if "running" in name:
                buffer.uniform_(0.5, 1.5)
        for parameter in model.decoder.parameters():
            parameter.mul_(2)  # livelier than at birth: no ties
    sampling = FrameSampling("uniform", frames) if frames else None
    about = describe(model.eval(), config, folder.name, sampling, search={"beam": 2, "max_length": 6}, card="# Test")
    save_model(model, about, folder / "trained")
    return export_artifact(folder / "trained", folder / "exported", quantize="none")


def colors(file: Path, shades: Sequence[tuple[int, int, int]], each: int = 500) -> Path:
    """An animated GIF, each color shown for so many milliseconds."""
    frames = [Image.new("RGB", (40, 30), shade) for shade in shades]
    file.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=each)
    return file
