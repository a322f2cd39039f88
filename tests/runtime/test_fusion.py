"""Recognizers of the same classes as one: late fusion, in Python and by the command."""

import csv
import json

import numpy as np
import pytest
import torch
from activities import CLASSES, draw_activities

import seesay
from seesay.cli import run
from seesay.errors import UsageError
from seesay.exporting import export_artifact
from seesay.exporting.weights import describe_classifier, save_model
from seesay.media import FrameSampling
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.encoders import EncoderConfig
from seesay.runtime import Fusion, Recognizer, load_recognizer


def make(root, name, labels, *, size=32, frames=4, **settings):
    torch.manual_seed(len(name))
    config = CLASSIFIERS["recurrent"].config_class(hidden=8, **settings)
    model = ClassifyModel.build(EncoderConfig(name="test_efficientnet", weights="random", size=size), config, labels)
    for parameter in model.classifier.parameters():
        parameter.data.mul_(4)  # opinions that differ
    sampling = FrameSampling("uniform", frames)
    save_model(model.eval(), describe_classifier(model, config, name, sampling), root / f"{name}-run")
    export_artifact(root / f"{name}-run", root / name, quantize="none")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("fusion")
    make(root, "one", CLASSES)
    make(root, "other", CLASSES[::-1], size=48, frames=3, differences=True)
    make(root, "stranger", (CLASSES[0], "Stays"))
    draw_activities(root / "clips")
    return root


def as_dict(predictions):
    return {one.label: one.probability for one in predictions}


def test_probabilities_are_the_members_mean_class_by_class(folder):
    names = [folder / "one", folder / "other"]
    fused, members = seesay.load(names, threads=1), [load_recognizer(name, threads=1) for name in names]
    assert isinstance(fused, Fusion)
    assert type(seesay.load([folder / "one"], threads=1)) is Recognizer
    assert fused.name == "one + other"
    differ = False
    clips = sorted((folder / "clips").glob("*/*.gif"))
    for clip, found in zip(clips, fused.recognize(clips), strict=True):
        each = [as_dict(member(clip)) for member in members]
        expected = {label: np.mean([one[label] for one in each]) for label in CLASSES}
        assert as_dict(found) == pytest.approx(expected, abs=1e-5)
        differ |= abs(each[0]["GoesLeft"] - each[1]["GoesLeft"]) > 0.01
    assert differ


def test_over_time_each_moment_is_the_mean_too(folder):
    clip = folder / "clips" / "GoesLeft" / "0.gif"
    names = [folder / "one", folder / "other"]
    one, other = (list(load_recognizer(name, threads=1).timeline(clip, every=0.5)) for name in names)
    fused = list(load_recognizer(names, threads=1).timeline(clip, every=0.5))
    assert [second for second, _ in fused] == [second for second, _ in one]
    assert len(fused) > 1
    for (_, mean), (_, first), (_, second) in zip(fused, one, other, strict=True):
        np.testing.assert_allclose(mean, (first + second[::-1]) / 2, atol=1e-6)


def test_what_cannot_be_one_is_refused(folder):
    with pytest.raises(UsageError, match="do not know the same classes, for example 'GoesRight'"):
        load_recognizer([folder / "one", folder / "stranger"])
    with pytest.raises(UsageError, match="says sentences and recognizes no activities"):
        seesay.load([folder / "one", "default"])
    with pytest.raises(UsageError, match="says no sentences; use seesay recognize"):
        seesay.load(["default", folder / "one"])
    with pytest.raises(UsageError, match="empty list"):
        load_recognizer([])
    with pytest.raises(UsageError, match="followed by one model, and 2 were named"):
        load_recognizer([folder / "one", folder / "other"]).follow(0)


def test_recognize_and_evaluate_take_several(folder, tmp_path, capsys):
    clip = folder / "clips" / "GoesLeft" / "0.gif"
    models = ["--model", str(folder / "one"), "--model", str(folder / "other")]
    assert run(["recognize", str(clip), *models, "--json", "--timeline", str(tmp_path / "t")]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["model"] == "one + other"
    fused = load_recognizer([folder / "one", folder / "other"])
    assert {one["label"]: one["probability"] for one in entry["predictions"]} == pytest.approx(as_dict(fused(clip)))
    rows = list(csv.reader((tmp_path / "t.csv").read_text().splitlines()))
    assert rows[0] == ["seconds", *CLASSES]
    assert run(["recognize", "--camera", "0", *models]) == 2
    assert "followed by one model" in capsys.readouterr().err

    data = ["--data", f"tiny_activities:{folder / 'clips'}", "--split", "train", "--out", str(tmp_path / "scored")]
    assert run(["evaluate", str(folder / "one"), "--with", str(folder / "other"), *data, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["model"] == "one + other"
    said = {one["id"]: one["predictions"] for one in json.loads((tmp_path / "scored/predictions.json").read_text())}
    for name, predictions in said.items():
        expected = as_dict(fused(folder / "clips" / f"{name}.gif"))
        assert {one["label"]: one["probability"] for one in predictions} == pytest.approx(expected, abs=1e-5)
