"""Character-aware words (Kim et al. 2016) after their equations, and in front of an LSTM."""

import torch
from equations import linear

from seesay.exporting.classifier_graphs import export_classifier_graphs
from seesay.models.characters import WIDTHS, CharacterWords
from seesay.models.classifier import ClassifyModel
from seesay.text import Vocabulary
from seesay.training.config import load_config
from seesay.training.recognition import LabelCrossEntropy

TEXTS = [["run", "runs", "running", "walk", "walks", "walking", "an", "a"]]
WORDS = Vocabulary.build(TEXTS, min_count=1)


def test_the_equations():
    torch.manual_seed(1)
    net = CharacterWords(WORDS).eval()
    weights = {name: value.detach() for name, value in net.named_parameters()}
    letters = sorted(set("".join(TEXTS[0])))
    for word in ("running", "a"):
        spelled = [1, *(4 + letters.index(letter) for letter in word), 2]
        table = weights["letters.weight"]
        longest = net.spelling.shape[1]
        vectors = torch.cat([table[spelled], torch.zeros(longest - len(spelled), 15)])
        y = []
        for number, width in enumerate(WIDTHS):
            kernel, bias = weights[f"filters.{number}.weight"], weights[f"filters.{number}.bias"]
            places = [
                torch.tanh(torch.einsum("fcw,wc->f", kernel, vectors[i : i + width]) + bias)
                for i in range(longest - width + 1)
            ]
            y.append(torch.stack(places).max(0).values)
        y = torch.cat(y)
        t = torch.sigmoid(linear(weights, "carry", y))
        wanted = t * torch.relu(linear(weights, "change", y)) + (1 - t) * y
        found = net(torch.tensor(WORDS.encode([word])))[0]
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    assert not net(torch.tensor([Vocabulary.pad])).any()
    assert net.width == 525


def test_it_learns_and_exports():
    config = load_config("character_lstm", ["encoder.length=6", "classifier.hidden=16", "classifier.dropout=0"])
    torch.manual_seed(0)
    model = ClassifyModel.build(config.encoder, config.classifier, ("run", "walk"), vocabulary=WORDS).train()
    model.encoder.freeze(None)
    texts = torch.zeros(8, 6, dtype=torch.int64)
    for row, word in enumerate(["run", "runs", "running", "an", "walk", "walks", "walking", "a"]):
        texts[row, :2] = torch.tensor(WORDS.encode([word, "a"]))
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    objective, optimizer = LabelCrossEntropy(model, 0.0), torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(60):
        optimizer.zero_grad()
        loss = objective(texts, labels)
        loss.backward()
        optimizer.step()
    assert loss / 8 < 0.4
    assert all(p.grad is not None for p in model.parameters())
    assert set(export_classifier_graphs(model.eval())) == {"encoder.onnx", "classifier.onnx"}
