"""Every kind of photo file against what its own standard says its pixels are; `pytest -s` prints how many."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photo_cases import tiff_cases
from photo_cases_color import orientation_cases, png_cases, precedence_cases, profile_cases, reread

from seesay.media import open_picture

GROUPS = (tiff_cases, png_cases, precedence_cases, profile_cases, orientation_cases)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_pixels_are_what_the_file_says(group: Any) -> None:
    wrong, count = [], 0
    for name, data, right, most in group():
        count += 1
        picture = np.asarray(open_picture(data)).astype(float)
        assert picture.shape == right.shape, name
        difference = np.abs(picture - right).max()
        if difference > most + 0.51:  # what is right was not rounded
            wrong.append(f"{name}: off by {difference:.1f}")
    print(f"{group.__name__}: {count} combinations")
    assert not wrong


def test_there_are_enough_combinations() -> None:
    count = sum(1 for group in GROUPS for _ in group())
    print(f"{count} combinations in all")
    assert count >= 590


@pytest.mark.skipif(shutil.which("vips") is None, reason="needs the command vips (Debian: libvips-tools)")
def test_libvips_has_the_same_pixels(tmp_path: Path) -> None:
    """A second opinion on what the corpus takes for right, of kinds that libvips reads."""
    names = ("gray-4<0-5", "rgb-8<-planarTrue-tileNone", "rgb-16>-planarFalse-tile(16, 16)", "key-gray-4-True-0")
    cases = {name: data for group in (tiff_cases, png_cases) for name, data, _, _ in group() if name in names}
    assert len(cases) == len(names)
    for number, (name, data) in enumerate(cases.items()):
        source, colors, flat = (tmp_path / f"{number}{ending}" for ending in ("", ".v", ".png"))
        source.write_bytes(data)
        subprocess.run(["vips", "colourspace", source, colors, "srgb"], check=True, capture_output=True)
        bands = subprocess.run(["vipsheader", "-f", "bands", colors], check=True, capture_output=True).stdout
        step = (
            ["flatten", colors, flat, "--background", "255"]
            if int(bands) in (2, 4)
            else ["cast", colors, flat, "uchar"]
        )
        subprocess.run(["vips", *step], check=True, capture_output=True)
        theirs = reread(flat.read_bytes())
        assert np.abs(np.asarray(open_picture(data)) - theirs).max() <= 3, name
