"""The corpus: every container, codec and oddity shows the right colors at the right times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clip_cases import CASES, Case
from clip_corpus import COLORS, nearest

from seesay.media import FrameSampling, Preprocessing, frames_of, load_clip, scenes

SMALL = Preprocessing((12, 16))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clips lie that the tests of this file made."""
    return tmp_path_factory.mktemp("corpus")


def clip_of(name: str, folder: Path) -> Path:
    """A clip of the corpus, made once."""
    path = folder / str(list(CASES).index(name))
    if not path.exists():
        path.write_bytes(CASES[name].data())
    return path


@pytest.mark.parametrize("name", CASES)
def test_frames_and_their_times(name: str, made: Path) -> None:
    case, path = CASES[name], clip_of(name, made)
    found = list(frames_of(path, SMALL))
    shown = nearest(np.stack([pixels for _, pixels in found]))
    begins = [(second, color) for i, ((second, _), color) in enumerate(zip(found, shown, strict=True))
              if i == 0 or color != shown[i - 1]]  # fmt: skip
    assert [color for _, color in begins] == [color for _, color in case.shown]
    np.testing.assert_allclose([s for s, _ in begins], [s for s, _ in case.shown], atol=case.near)
    off = [
        np.abs(pixels[6, 8].astype(int) - COLORS[color]).max() for (_, pixels), color in zip(found, shown, strict=True)
    ]
    assert max(off) <= case.level
    if name.startswith("transparent"):
        assert all((pixels[6, 1] == 255).all() for _, pixels in found)
    spread_over_it(path, case)


def spread_over_it(path: Path, case: Case) -> None:
    """Frames spread over a clip: their colors are those shown at their times, and its end is right."""
    sampled = load_clip(path, SMALL, FrameSampling(frames=7))
    assert sampled.duration == pytest.approx(case.ends, abs=case.near)
    centers = case.first + (np.arange(7) + 0.5) * (case.ends - case.first) / 7
    if len(sampled.seconds) == 7:  # else it has fewer frames
        assert (sampled.seconds <= centers + case.near).all()
    for second, color in zip(sampled.seconds, nearest(sampled.pixels), strict=True):
        assert color in [shown for begin, shown in case.shown if begin <= second + case.near][-2:]
        if all(abs(second - begin) > case.near for begin, _ in case.shown):
            assert color == max((begin, shown) for begin, shown in case.shown if begin <= second)[1]


def test_the_corpus_is_large(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nclips of the corpus (container × codec × oddity): {len(CASES)}")
    assert len(CASES) >= 130


@pytest.mark.parametrize(
    "name",
    ["picture 3 s after sound in mp4", "picture 3 s after sound in mpegts", "two recordings joined in mpegts libx264",
     "two recordings joined in matroska libx264", "all stamps 7 s late in mpegts", "variable rate in mp4"],
)  # fmt: skip
def test_scenes_share_the_time_line(name: str, made: Path) -> None:
    case = CASES[name]
    found = scenes(clip_of(name, made), every=0.04, least=0.1)
    np.testing.assert_allclose(
        [start for start, _ in found], [second for second, _ in case.shown], atol=case.near + 0.01
    )
    assert found[-1][1] == pytest.approx(case.ends, abs=case.near)
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
