"""Whether a photo gets the same caption whatever color space it is saved in.

    python benchmarks/color.py FOLDER [--count 48] [--model NAME|DIR] [--cmyk PROFILE.icc]

Photos of the folder are saved again as JPEGs in sRGB, Display P3, Adobe RGB, ProPhoto RGB and, with a CMYK profile, in
CMYK. Each row gives the share of captions that are, word for word, those of the file that it was made from, three ways:
as SeeSay opens the file; with the pixels that LittleCMS gives by itself (`ImageCms.profileToProfile`), which is what
the new file allows at all; and with the profile ignored. Beside them the mean difference per channel from the original.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

import seesay
from seesay.media import open_picture

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from profiles import ADOBE, D50, D65, P3, PROPHOTO, rgb_profile

SRGB = ImageCms.createProfile("sRGB")
SYSTEM_CMYK = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")  # comes with Ghostscript
SPACES = {
    "sRGB, saved again": None,
    "Display P3": rgb_profile(P3, D65, None),
    "Adobe RGB": rgb_profile(ADOBE, D65, 563 / 256),
    "ProPhoto RGB": rgb_profile(PROPHOTO, D50, 1.8),
}


def resaved(picture: Image.Image, profile: bytes | None, mode: str) -> bytes:
    buffer = io.BytesIO()
    if profile is None:
        picture.save(buffer, "JPEG", quality=95, subsampling=0)
    else:
        converted: Any = ImageCms.profileToProfile(
            picture, SRGB, io.BytesIO(profile), renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode=mode
        )
        converted.save(buffer, "JPEG", quality=95, subsampling=0, icc_profile=profile)
    return buffer.getvalue()


def direct(data: bytes, profile: bytes | None) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if profile is None:
            return image.convert("RGB")
        intent = ImageCms.getDefaultIntent(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
        made: Any = ImageCms.profileToProfile(
            image, io.BytesIO(profile), SRGB, renderingIntent=ImageCms.Intent(intent), outputMode="RGB"
        )
        made.info = {}
        return made


def ignored(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        picture = image.convert("RGB")
    picture.info = {}
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--model")
    parser.add_argument("--cmyk", type=Path, default=SYSTEM_CMYK if SYSTEM_CMYK.exists() else None)
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.jpg"))
    files = files[:: max(1, len(files) // arguments.count)][: arguments.count]
    captioner = seesay.load(arguments.model)

    def captions(sources: list[Any]) -> list[str]:
        return [result[0].text for _, result in captioner.stream(sources)]

    originals = [open_picture(file) for file in files]
    before = captions(files)
    spaces = {**SPACES, **({"CMYK": arguments.cmyk.read_bytes()} if arguments.cmyk else {})}
    print(f"{len(files)} photos, model {captioner.name}; captions as the original's / mean difference per channel")
    print(f"{'saved as':20} {'SeeSay':>16} {'LittleCMS':>16} {'profile ignored':>16}")
    for name, profile in spaces.items():
        made = [resaved(picture, profile, "CMYK" if name == "CMYK" else "RGB") for picture in originals]
        cells = []
        for sources in (made, [direct(data, profile) for data in made], [ignored(data) for data in made]):
            same = sum(a == b for a, b in zip(captions(sources), before, strict=True))
            pairs = zip((open_picture(one) for one in sources), originals, strict=True)
            off = np.mean([np.abs(np.asarray(a).astype(float) - np.asarray(b)).mean() for a, b in pairs])
            cells.append(f"{same}/{len(files)} {off:6.1f}")
        print(f"{name:20} {cells[0]:>16} {cells[1]:>16} {cells[2]:>16}", flush=True)


if __name__ == "__main__":
    main()
