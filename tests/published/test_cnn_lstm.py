"""The gentle introduction's CNN LSTM: a CNN written down in settings, distributed over time, and an LSTM over it."""

import numpy as np
import pytest
import torch
from equations import linear, lstm, zeros
from PIL import Image
from torch import nn

from seesay.errors import UsageError
from seesay.exporting.classifier_graphs import export_classifier_graphs
from seesay.exporting.weights import load_any_model
from seesay.models.classifier import ClassifyModel
from seesay.training import train
from seesay.training.config import load_config
from seesay.training.recognition import LabelCrossEntropy

SIDE, FRAMES = 10, 10


def moving_line(right: bool, start: int, row: int) -> np.ndarray:
    """A line that grows from one side to the other, a pixel a frame: uint8 (F, 10, 10, 3), gray."""
    frames = np.zeros((FRAMES, SIDE, SIDE, 3), np.uint8)
    for number in range(FRAMES):
        column = (start + (number if right else -number)) % SIDE
        frames[number, row, column] = 255
    return frames


def build(config=None):
    config = config or load_config("keras_cnn_lstm")
    torch.manual_seed(2)
    return ClassifyModel.build(config.encoder, config.classifier, ("left", "right"))


def test_parameters_as_published():
    model = build()
    counts = [sum(p.numel() for p in part.parameters()) for part in (model.encoder, model.classifier)]
    assert counts == [5, 15_200 + 51]


def test_the_equations():
    """Conv2D(1, 2 × 2, same) → ReLU → MaxPool 2 × 2 → Flatten for each picture → LSTM → sigmoid, by hand."""
    model = build().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    clip = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 4, SIDE, SIDE, 1), np.uint8))
    clip = clip.repeat(1, 1, 1, 1, 3)  # gray
    weights = {name: value.detach() for name, value in model.named_parameters()}
    kernel, bias = weights["encoder.backbone.stages.0.0.weight"][0, 0], weights["encoder.backbone.stages.0.0.bias"]
    state = zeros(50)
    for picture in clip[0, :, :, :, 0].float() / 255:
        whole = torch.zeros(SIDE + 1, SIDE + 1)  # "same" with an even kernel: one more row below and column beside
        whole[:SIDE, :SIDE] = picture
        seen = sum(kernel[i, j] * whole[i : i + SIDE, j : j + SIDE] for i in range(2) for j in range(2)) + bias
        pooled = torch.relu(seen).view(5, 2, 5, 2).amax((1, 3))
        state = lstm(weights, "classifier.frames.net", pooled.flatten(), state)
    wanted = torch.sigmoid(linear(weights, "classifier.frames.output", state[0]))
    with torch.no_grad():
        found = model.probabilities(model.encode(clip))
    torch.testing.assert_close(found[0, 1:], wanted, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.sum(), torch.tensor(1.0))


def test_it_learns_which_way_the_line_moves():
    torch.manual_seed(0)
    clips = [
        (moving_line(right, start, row), int(right))
        for right in (False, True)
        for start in range(10)
        for row in range(10)
    ]
    order = np.random.default_rng(1).permutation(len(clips))
    pixels = torch.from_numpy(np.stack([clips[i][0] for i in order]))
    labels = torch.tensor([clips[i][1] for i in order])
    model = build().train()
    model.encoder.freeze(None)
    objective = LabelCrossEntropy(model, 0.0)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for step in range(150):
        rows = torch.arange(step * 20, step * 20 + 20) % 150
        optimizer.zero_grad()
        objective(pixels[rows], labels[rows]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 100.0)
        optimizer.step()
    with torch.no_grad():
        right = model.eval().probabilities(model.encode(pixels[150:])).argmax(1) == labels[150:]
    assert right.float().mean() > 0.9


def test_a_run_trains_cnn_and_lstm_and_exports(tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    for right, label in ((False, "left"), (True, "right")):
        for number in range(8):
            folder = tmp_path / "clips" / label / f"{number}"
            folder.mkdir(parents=True)
            for frame, pixels in enumerate(moving_line(right, number, number)):
                Image.fromarray(pixels).save(folder / f"{frame:04}.png")
    quick = ["training.epochs=1", "clip.frames=4", "clip.kept=4"]
    out = train("keras_cnn_lstm", quick, f"folders:{tmp_path / 'clips'}", tmp_path / "run")
    model = load_any_model(out)
    assert model.encoder.grid_size == (1, 1)
    assert model.encoder.dim == 25
    assert set(export_classifier_graphs(model)) == {"encoder.onnx", "classifier.onnx"}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("encoder.layers=[conv:1]", "none of conv:CHANNELS:KERNEL"),
        ("encoder.layers=[pool:2]", "no conv:CHANNELS:KERNEL among them"),
        ("encoder.layers=[flatten,conv:1:2]", "flatten comes last"),
        ("encoder.layers=[conv:0:2]", "none of conv"),
        ("encoder.channels=2", "encoder.channels"),
    ],
)
def test_layers_that_are_none_are_refused_in_a_line(setting, said):
    with pytest.raises(UsageError, match=said) as raised:
        load_config("keras_cnn_lstm", [setting])
    assert "\n" not in str(raised.value)


def test_what_cannot_be_built_is_refused_in_a_line():
    for setting, said in (
        ("encoder.layers=[pool:2,conv:1:2]", "stands before the first conv"),
        ("encoder.layers=[conv:1:2,pool:20]", "pool less"),
        ("encoder.weights=hub", "has no weights to load"),
    ):
        with pytest.raises(UsageError, match=said):
            build(load_config("keras_cnn_lstm", [setting]))
    config = load_config("keras_cnn_lstm")
    with pytest.raises(UsageError, match="two classes, and there are 3"):
        ClassifyModel.build(config.encoder, config.classifier, ("a", "b", "c"))
