"""CLDNN (Sainath et al. 2015): its convolutions by hand, and that it learns with an LSTM and a layer behind."""

import torch
from equations import linear

from seesay.exporting.classifier_graphs import export_classifier_graphs
from seesay.models.classifier import ClassifyModel
from seesay.models.sequences import example_input
from seesay.training.config import load_config
from seesay.training.recognition import LabelCrossEntropy

SMALL = ["encoder.seconds=0.2", "encoder.rate=8000", "encoder.mels=10", "encoder.channels=[3,2]", "encoder.linear=12"]
SMALL += [
    "encoder.kernel=3",
    "classifier.hidden=6",
    "classifier.dense=5",
    "classifier.layers=2",
    "classifier.dropout=0",
]


def build():
    config = load_config("cldnn_audio", SMALL)
    torch.manual_seed(0)
    return ClassifyModel.build(config.encoder, config.classifier, ("a", "b", "c"))


def test_the_convolutions_by_hand():
    model = build().eval()
    weights = {name: value.detach() for name, value in model.encoder.named_parameters()}
    sound = torch.rand(1, model.encoder.preprocessing.shape[0], 10) + 0.1
    with torch.no_grad():
        grid = model.encode(sound).grid[0]
    frames, bands = sound.shape[1:]
    padded = torch.zeros(frames + 2, bands + 2)
    padded[1:-1, 1:-1] = sound[0]
    kernel, bias = weights["first.weight"], weights["first.bias"]
    first = torch.zeros(3, frames, bands)
    for i in range(3):
        for j in range(3):
            first += kernel[:, 0, i, j, None, None] * padded[i : i + frames, j : j + bands]
    first = torch.relu(first + bias[:, None, None])
    pooled = torch.stack([first[:, :, j : j + 3].amax(2) for j in range(0, bands, 3)], 2)
    padded = torch.zeros(3, frames + 4, pooled.shape[2] + 2)
    padded[:, 2:-2, 1:-1] = pooled
    second = torch.zeros(2, frames, pooled.shape[2])
    for i in range(5):
        for j in range(3):
            part = padded[:, i : i + frames, j : j + pooled.shape[2]]
            second += torch.einsum("oc,cft->oft", weights["second.weight"][:, :, i, j], part)
    second = torch.relu(second + weights["second.bias"][:, None, None])
    for frame in range(frames):
        wanted = linear(weights, "reduce", second[:, frame].flatten())
        torch.testing.assert_close(grid[frame], wanted, atol=1e-5, rtol=1e-5)


def test_it_learns_and_exports():
    model = build().train()
    model.encoder.freeze(None)
    sounds, labels = example_input(model.encoder, 3), torch.tensor([0, 1, 2])
    objective, optimizer = LabelCrossEntropy(model, 0.0), torch.optim.Adam(model.parameters(), 5e-3)
    first = objective(sounds, labels).item()
    for _ in range(100):
        optimizer.zero_grad()
        loss = objective(sounds, labels)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.6 * first
    assert all(p.grad is not None for p in model.parameters())
    assert set(export_classifier_graphs(model.eval())) == {"encoder.onnx", "classifier.onnx"}
