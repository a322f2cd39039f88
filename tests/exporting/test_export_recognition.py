"""Recognizers exported: the networks compute what PyTorch does, whole and in parts, for every family."""

import json

import numpy as np
import pytest
import torch

from seesay.artifact import CLASSIFIER, ENCODER, read_artifact
from seesay.errors import ArtifactError
from seesay.exporting import export_artifact
from seesay.exporting.classifier_graphs import check_recognition
from seesay.exporting.weights import describe_classifier, load_any_model, save_model
from seesay.media import FrameSampling
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.encoders import EncoderConfig

FAMILIES = [
    ("frame_average", {}),
    ("recurrent", {"hidden": 8, "layers": 2}),
    ("recurrent", {"hidden": 8, "cell": "gru", "pool": "last", "differences": True}),
    ("recurrent", {"hidden": 8, "standardize": True, "differences": True}),
    ("recurrent", {"hidden": 8, "cell": "rnn", "pool": "attention"}),
    ("recurrent", {"hidden": 8, "bidirectional": True, "pool": "attention"}),
    ("conv_lstm", {"channels": 4, "hidden": 4}),
]


def save(folder, name, settings):
    torch.manual_seed(0)
    config = CLASSIFIERS[name].config_class(**settings)
    eyes = EncoderConfig(name="test_efficientnet", weights="random", size=64)
    model = ClassifyModel.build(eyes, config, ("Diving", "Biking", "Jump é")).eval()
    save_model(model, describe_classifier(model, config, "tiny", FrameSampling("uniform", 4)), folder)
    return model


@pytest.mark.parametrize(("name", "settings"), FAMILIES, ids=lambda v: str(v))
def test_exported_networks_compute_the_same(name, settings, tmp_path):
    model = save(tmp_path / "run", name, settings)
    artifact = export_artifact(tmp_path / "run", tmp_path / "model", quantize="none")  # which checks them
    assert artifact.exported
    assert set(artifact.files) == {"weights.safetensors", ENCODER, CLASSIFIER}
    assert artifact.manifest.labels == ("Diving", "Biking", "Jump é")
    assert set(artifact.manifest.carried) == set(model.classifier.carried)
    with torch.no_grad():
        next(p for n, p in model.classifier.named_parameters() if n.endswith("output.bias"))[1] += 1.0
    with pytest.raises(ArtifactError, match="do not compute what PyTorch does"):
        check_recognition(artifact, model, 4)


def test_half_precision_weights_are_read_back(tmp_path):
    save(tmp_path / "run", "frame_average", {})
    export_artifact(tmp_path / "run", tmp_path / "small.zip", quantize="float16")
    artifact = read_artifact(tmp_path / "small.zip")
    kept = load_any_model(artifact).state_dict()["classifier.output.weight"]
    whole = load_any_model(tmp_path / "run").state_dict()["classifier.output.weight"]
    np.testing.assert_allclose(kept, whole, atol=1e-3)


def test_a_task_of_the_future_is_refused(tmp_path):
    save(tmp_path, "frame_average", {})
    values = json.loads((tmp_path / "seesay.json").read_text())
    (tmp_path / "seesay.json").write_text(json.dumps({**values, "task": "smell"}))
    with pytest.raises(ArtifactError, match="task 'smell' is unknown"):
        read_artifact(tmp_path)
