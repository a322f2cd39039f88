"""What the command says of photos that it leaves out, refuses for their size, or reads only with a part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from profiles import chunk, iccp, png

from seesay.cli import run


def test_what_is_left_out_is_counted_and_named_if_asked(
    samples: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.jpg", "._a.jpg", "b.NEF", "c.nef", "d.svg", "@eaDir/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(samples[0].read_bytes() if name.endswith(".jpg") else b"x")
    assert run(["caption", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    line = "seesay: left out, since SeeSay does not read these kinds: 2 camera raw, 1 SVG"
    assert printed.err.splitlines() == [f"{line}; --verbose names them"]
    assert run(["caption", str(tmp_path), "--verbose"]) == 0
    named = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("seesay: default:")]
    assert named == [*(f"seesay: {tmp_path / n}: left out ({k})" for n, k in LEFT), line]
    assert run(["caption", str(tmp_path / "d.svg")]) == 1
    assert "not a picture of a known format" in capsys.readouterr().err


LEFT = [("b.NEF", "camera raw"), ("c.nef", "camera raw"), ("d.svg", "SVG")]


def test_the_limit_of_size_is_an_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pano = tmp_path / "pano.png"
    Image.new("1", (30000, 10)).save(pano)
    assert run(["caption", str(pano), "--max-pixels", "299999"]) == 1
    message = capsys.readouterr().err
    assert "30000 x 10 is 0.3 megapixels and the limit is 0.299999; make it smaller, or raise the limit: " in message
    assert "--max-pixels 300000 (caption, recognize and features)" in message
    assert run(["caption", str(pano), "--max-pixels", "300000"]) == 0
    capsys.readouterr()
    assert run(["recognize", str(pano), "--max-pixels", "299999"]) == 1
    assert "the limit is 0.299999" in capsys.readouterr().err
    assert run(["recognize", str(pano), "--max-pixels", "300000"]) == 0
    assert run(["caption", str(pano), "--max-pixels", "0"]) == 2


def test_verbose_tells_what_was_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = np.zeros((20, 20, 3), np.uint32)
    (tmp_path / "a.png").write_bytes(png(values, 8, iccp(b"nonsense" * 30), chunk(b"tEXt", b"a\0b", damage=True)))
    assert run(["caption", str(tmp_path / "a.png")]) == 0
    assert capsys.readouterr().err == ""
    assert run(["caption", str(tmp_path / "a.png"), "--verbose"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("seesay: default:")]
    assert sorted(told) == [
        f"seesay: {tmp_path}/a.png: chunks with a wrong checksum are passed over",
        f"seesay: {tmp_path}/a.png: the color profile is ignored: it is broken",
    ]
