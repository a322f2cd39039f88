"""Captioners of clips: exported, they say what PyTorch says, and take whatever is a clip."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from clip_models import clip_captioner, colors
from PIL import Image

import seesay
from seesay.artifact import MANIFEST, Artifact, Manifest, read_artifact
from seesay.errors import ArtifactError, MediaError, UsageError
from seesay.exporting import TorchNetworks, check_parity, load_model
from seesay.media import FrameSampling, Section
from seesay.runtime import Captioner, OnnxNetworks

SHADES = [(250, 20, 20), (20, 250, 20), (20, 20, 250), (240, 240, 20), (10, 10, 10), (250, 250, 250)]
MODALITIES = {
    "attention": {"hidden": 16, "heads": 2, "feed_forward": 32},
    "s2vt": {"embedding": 12, "hidden": 16},
    "show_attend_tell": {"embedding": 12, "hidden": 16, "attention": 10},
    "inject": {"embedding": 12, "hidden": 16, "conditioning": "par"},
}


@pytest.fixture(scope="module", params=MODALITIES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return clip_captioner(tmp_path_factory.mktemp(request.param), request.param, **MODALITIES[request.param])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Clips of 6, 6, 3 and 1 frames."""
    root = tmp_path_factory.mktemp("clips")
    shades = [SHADES, SHADES[::-1], SHADES[:3], SHADES[4:5]]
    return [colors(root / f"{i}.gif", part) for i, part in enumerate(shades)]


@pytest.fixture(scope="module")
def attending(tmp_path_factory: pytest.TempPathFactory) -> Captioner:
    return seesay.load(clip_captioner(tmp_path_factory.mktemp("clips")).root)


@pytest.fixture(scope="module")
def of_photos(tmp_path_factory: pytest.TempPathFactory) -> Captioner:
    return seesay.load(clip_captioner(tmp_path_factory.mktemp("photos"), frames=None).root)


def test_networks_compute_what_pytorch_does(exported: Artifact) -> None:
    networks, expected = OnnxNetworks(exported), TorchNetworks(load_model(exported))
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 32, 32, 3), dtype=np.uint8)
    pixels[1, 1:3] = pixels[1, 0]  # a scene in which nothing moves
    pixels[2] = pixels[0, 3]  # a still picture
    state, state_expected = networks.start(pixels), expected.start(pixels)
    for _ in range(3):
        for name, value in state_expected.items():
            np.testing.assert_allclose(state[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
        tokens = np.arange(3) + 4
        logits, state = networks.step(tokens, state)
        logits_expected, state_expected = expected.step(tokens, state_expected)
        np.testing.assert_allclose(logits, logits_expected, rtol=1e-3, atol=1e-3)


def test_the_same_captions_as_pytorch(exported: Artifact, clips: list[Path]) -> None:
    parity = check_parity(exported, clips)
    assert parity.pictures == 4
    assert parity.differing == ()
    assert parity.largest_score_gap < 1e-3


def test_the_artifact_says_what_it_reads(exported: Artifact) -> None:
    described = read_artifact(exported.root).manifest
    assert described.clip == FrameSampling("uniform", 4).to_json()
    assert described.grid_size == (1, 4)
    values = json.loads((exported.root / MANIFEST).read_text("utf-8"))
    del values["clip"]  # as artifacts were before there were clips
    assert Manifest.from_json(values, "old").clip is None
    with pytest.raises(ArtifactError, match=r"old: 'clip' is not a mapping"):
        Manifest.from_json({**values, "clip": 3}, "old")


def test_whatever_is_a_clip(attending: Captioner, clips: list[Path], tmp_path: Path) -> None:
    frames = [np.full((30, 40, 3), shade, np.uint8) for shade in SHADES]
    folder = tmp_path / "frames"
    folder.mkdir()
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"frame_{i:03}.png")
    whole = attending(np.stack(frames))
    assert attending.clip == FrameSampling("uniform", 4)
    assert whole.attention is not None
    assert whole.attention.shape == (len(whole.tokens), 1, 4)
    np.testing.assert_allclose(whole.attention.sum((1, 2)), 1, rtol=1e-4)
    sources = [clips[0], str(clips[0]), clips[0].read_bytes(), io.BytesIO(clips[0].read_bytes()), folder]
    for (best,) in attending.caption(sources):
        assert best.text == whole.text
    part = attending(Section(clips[0], 1.5, 3.0))
    assert part.text == attending(np.stack(frames[3:])).text
    assert part.score != whole.score


def test_a_photo_is_a_clip_of_one_frame(attending: Captioner, tmp_path: Path) -> None:
    photo = Image.new("RGB", (40, 30), SHADES[0])
    photo.save(tmp_path / "photo.png")
    array = np.asarray(photo)
    found = attending.caption([tmp_path / "photo.png", photo, array, array[None], np.stack([array] * 9)])
    assert len({best[0].text for best in found}) == 1
    assert [best[0].score for best in found] == pytest.approx([found[0][0].score] * 5, rel=1e-4)


def test_captions_do_not_depend_on_the_clips_beside(attending: Captioner, clips: list[Path]) -> None:
    together = attending.caption(clips)
    assert [best[0].text for best in together] == [attending(clip).text for clip in clips]


def test_a_clip_for_a_model_of_photos_is_said_to_be_one(
    of_photos: Captioner, clips: list[Path], tmp_path: Path
) -> None:
    video = pytest.importorskip("clips").write(tmp_path / "a.mp4", 3)
    for source, name in ((video, "a.mp4"), (Section(clips[0], 0, 1), "0.gif"), (np.zeros((2, 9, 9, 3), np.uint8), "")):
        with pytest.raises(MediaError, match=rf"{name}.*: is a clip, and .* describes photos; load a model of clips"):
            of_photos(source)
    assert of_photos(clips[0]).text  # the first frame of an animated picture


def test_what_is_no_clip_is_named_and_the_others_go_on(attending: Captioner, clips: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no clip")
    found = [result for _, result in attending.stream([clips[0], broken, clips[1]])]
    assert [isinstance(result, MediaError) for result in found] == [False, True, False]
    assert "broken.mp4" in str(found[1])
    with pytest.raises(MediaError, match="one frame or more"):
        attending(np.zeros((0, 9, 9, 3), np.uint8))


def test_ensembles_of_clip_models(
    attending: Captioner, of_photos: Captioner, clips: list[Path], tmp_path: Path
) -> None:
    other = clip_captioner(tmp_path / "other", frames=3, seed=5)
    both = seesay.load([attending.artifact.root, other.root])
    assert both(clips[0]).text
    assert not both.attends  # four frames and three
    twice = seesay.load([attending.artifact.root, attending.artifact.root])
    assert twice(clips[0]).text == attending(clips[0]).text
    with pytest.raises(UsageError, match=r"describes clips and .* photos; an ensemble's models describe the same"):
        seesay.load([attending.artifact.root, of_photos.artifact.root])
