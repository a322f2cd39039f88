"""The mean of models' weights is a model; what cannot be averaged is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seesay.cli import run
from seesay.errors import UsageError
from seesay.exporting import describe, load_model, save_model
from seesay.exporting.average import average_artifacts
from seesay.models.captioner import CaptionModel
from seesay.models.decoders import DECODERS
from seesay.models.encoders import EncoderConfig
from seesay.text import Vocabulary

ENCODER = EncoderConfig(name="test_efficientnet", weights="random", size=64)


def make(folder: Path, seed: int, words: str = "a dog runs", **settings: object) -> Path:
    torch.manual_seed(seed)
    decoder = DECODERS["merge"].config_class(name="merge", **settings)
    vocabulary = Vocabulary.build([words.split()], min_count=1)
    model = CaptionModel.build(ENCODER, decoder, vocabulary)
    save_model(model, describe(model, decoder, "toy", scores={"dev": {"CIDEr-D": 0.5}}), folder)
    return folder


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    return [make(tmp_path / "a", 1), make(tmp_path / "b", 2)]


@pytest.mark.parametrize(("shares", "parts"), [(None, (0.5, 0.5)), ([3.0, 1.0], (0.75, 0.25)), ([0, 2], (0.0, 1.0))])
def test_each_weight_is_the_mean(pair, tmp_path, shares, parts):
    artifact = average_artifacts(pair, tmp_path / "mean", shares)
    a, b, mean = (dict(load_model(folder).named_parameters()) for folder in (*pair, tmp_path / "mean"))
    assert any(not torch.equal(a[name], b[name]) for name in a)
    for name, value in mean.items():
        torch.testing.assert_close(value, parts[0] * a[name] + parts[1] * b[name])
    assert [part["share"] for part in artifact.manifest.training["average_of"]] == list(parts)
    assert not artifact.manifest.scores  # those of its parents are not its own


def test_the_command_says_what_it_averaged(pair, tmp_path, capsys):
    out = tmp_path / "mean.zip"
    assert run(["average", *map(str, pair), "--shares", "1,3", "--out", str(out)]) == 0
    assert f"0.25 {pair[0]} + 0.75 {pair[1]}" in capsys.readouterr().err
    load_model(out)


def test_models_of_different_make_are_refused(pair, tmp_path):
    with pytest.raises(UsageError, match="weights are not those"):
        average_artifacts([pair[0], make(tmp_path / "wide", 1, hidden=32)], tmp_path / "mean")
    with pytest.raises(UsageError, match="vocabulary is not that"):
        average_artifacts([pair[0], make(tmp_path / "cats", 1, "a cat runs")], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


@pytest.mark.parametrize("shares", ["1", "1,2,3", "1,x", "-1,2", "0,0", "nan,1", "inf,1"])
def test_wrong_shares_are_one_line(pair, tmp_path, shares, capsys):
    assert run(["average", *map(str, pair), "--shares", shares, "--out", str(tmp_path / "mean")]) == 2
    assert "--shares" in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()


def test_one_model_alone_is_refused(pair, tmp_path):
    with pytest.raises(UsageError, match="two models or more"):
        average_artifacts(pair[:1], tmp_path / "mean")
