"""Every recipe that is there: its own CNN at random weights, a training step, export."""

from functools import cache

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from seesay.artifact import CLASSIFIER, DECODER_START, DECODER_STEP, ENCODER
from seesay.exporting.classifier_graphs import export_classifier_graphs
from seesay.exporting.graphs import _Encoder, _trace, export_graphs, inline
from seesay.exporting.weights import weights_of
from seesay.models.captioner import CaptionModel
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.decoders import DECODERS
from seesay.models.detector import WordDetector
from seesay.models.encoders import Encoder
from seesay.models.memory import Memory
from seesay.models.sequences import example_input
from seesay.recipes import RECIPES, list_recipes
from seesay.text import Vocabulary
from seesay.training.batches import Captions
from seesay.training.config import load_config
from seesay.training.objectives import CrossEntropy
from seesay.training.optimization import make_optimizer
from seesay.training.recognition import LabelCrossEntropy
from seesay.training.vectors import check_vectors, give_vectors

SIDE = 96  # of the pictures here; what a CNN takes at the least (InceptionV3: 75)
RECIPE_NAMES = list(list_recipes())
RECOGNIZERS = [name for name in RECIPE_NAMES if load_config(name).classifier]
SEQUENCES = [name for name in RECOGNIZERS if load_config(name).modality in ("text", "sound")]
CAPTIONERS = [name for name in RECIPE_NAMES if name not in RECOGNIZERS]
PICTURES = [load_config(name).encoder for name in RECIPE_NAMES if name not in SEQUENCES]
ENCODERS = sorted({(encoder.name, encoder.layer or "") for encoder in PICTURES})
# What each of them gives as its recipe asks for it: input side, resizing, grid, dimension.
NATIVE = {
    ("conv", ""): (10, "bilinear", (1, 1), 25),
    ("inception_v3", ""): (299, "bicubic", (8, 8), 2048),
    ("mobilenetv1_100", ""): (224, "bicubic", (7, 7), 1024),
    ("resnet101", ""): (224, "bicubic", (7, 7), 2048),
    ("resnet152", ""): (224, "bicubic", (7, 7), 2048),
    ("small_cnn", ""): (64, "bilinear", (4, 4), 256),
    ("swin_large_patch4_window12_384", ""): (384, "bilinear", (12, 12), 1536),
    ("tf_efficientnet_lite2", ""): (260, "bicubic", (9, 9), 1280),
    ("vgg16", "fc7"): (224, "bilinear", (1, 1), 4096),
    ("vgg19", "conv5_4"): (224, "bilinear", (14, 14), 512),
}
CAPTIONS = [[f"word{i % 9}", f"word{i % 7}", "dog"] for i in range(40)]


@cache
def make_encoder(name, layer):
    torch.manual_seed(0)
    config = load_config("default", [f"encoder={name}", f"encoder.layer={layer or 'null'}"]).encoder
    return Encoder(config.model_copy(update={"weights": "random", "size": SIDE})).eval()


class Stand(nn.Module):
    """Something in the place of a CNN, with features of its shape and next to no weights."""

    def __init__(self, encoder):
        super().__init__()
        self.preprocessing = encoder.preprocessing
        self.frames_at_once = 0
        self.project = nn.Linear(3, encoder.dim).requires_grad_(False)
        self.positions = encoder.grid_size[0] * encoder.grid_size[1]

    def forward(self, pixels):
        parts = self.project(pixels.flatten(2).transpose(1, 2)[:, : self.positions])
        return Memory(parts, parts.mean(1))


@pytest.mark.parametrize(("name", "layer"), ENCODERS)
def test_the_cnn_of_a_recipe_at_its_own_size(name, layer):
    (config,) = {c.model_dump_json(): c for c in PICTURES if (c.name, c.layer or "") == (name, layer)}.values()
    encoder = Encoder(config.model_copy(update={"weights": "random"}))
    inputs = encoder.preprocessing
    side, interpolation, grid, dim = NATIVE[name, layer]
    assert (inputs.size, inputs.interpolation, encoder.grid_size, encoder.dim) == (
        (side, side),
        interpolation,
        grid,
        dim,
    )
    mean = 0.5 if inputs.mean[0] == inputs.mean[2] else 0.485  # Inception's, or ImageNet's
    assert inputs.mean[0] == (0.0 if name == "conv" else mean)
    assert encoder.backbone.training is False


def test_where_to_put_the_image_is_the_only_difference():
    rest = []
    for place in ("init", "pre", "par", "merge"):
        config = load_config(f"where_{place}").model_dump()
        assert (config.pop("name"), config["decoder"].pop("conditioning")) == (f"where_{place}", place)
        rest.append(config)
    assert rest == rest[:1] * 4


@pytest.mark.parametrize("name", CAPTIONERS)
def test_a_training_step_and_export(name):
    config = load_config(name)
    encoder = make_encoder(config.encoder.name, config.encoder.layer or "")
    torch.manual_seed(1)
    vocabulary = Vocabulary.build(CAPTIONS, min_count=1)
    decoder = DECODERS[config.decoder.name](config.decoder, len(vocabulary), encoder.dim)
    model = CaptionModel(Stand(encoder), decoder, vocabulary)
    if config.detector.words:
        detected = ("dog", "word1", "word2")
        model.detector = WordDetector(encoder.dim, detected, vocabulary.encode(detected), 0)
    check_vectors(model, config.vectors)
    if config.vectors.source != "learned":
        assert give_vectors(model, CAPTIONS, config.vectors, 1)["covered"] == 1
    before = {n: p.detach().clone() for n, p in decoder.named_parameters()}
    frames = (config.clip.frames,) if config.clip else ()
    pixels = np.random.default_rng(0).integers(0, 256, (2, *frames, SIDE, SIDE, 3), np.uint8)
    captions = Captions(torch.tensor([[1, 4, 5, 6], [1, 7, 0, 0]]), torch.tensor([[4, 5, 6, 2], [7, 2, 0, 0]]))
    optimizer = make_optimizer(model, config, finetune=False, reward=False)
    loss = CrossEntropy(model.train(), config.training.label_smoothing)(model.encode(pixels), captions)
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)
    moved = {n for n, p in decoder.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {n for n, p in decoder.named_parameters() if p.requires_grad}
    assert config.vectors.tune or "embedding.weight" not in moved
    model.eval()
    graphs, weights = export_graphs(model, *frames), weights_of(model)
    memory = model.encode(pixels)
    feed = {"grid": memory.grid.numpy(), "pooled": memory.pooled.numpy()}
    if memory.words is not None:
        feed["words"] = memory.words.numpy()
    start, step = (session(graphs[name], weights) for name in (DECODER_START, DECODER_STEP))
    names = [output.name for output in start.get_outputs()]
    wanted = [i.name for i in start.get_inputs()]
    state = dict(zip(names, start.run(names, {key: feed[key] for key in wanted}), strict=True))
    carried = {f"state.{entry}" for entry in decoder.carried}
    feed = {
        "tokens": np.full((2, 1), vocabulary.start),
        **{n: v[:, None] if n in carried else v for n, v in state.items()},
    }
    logits = step.run(["logits"], {i.name: feed[i.name] for i in step.get_inputs()})[0]
    with torch.no_grad():
        expected, _ = decoder.step(torch.full((2,), vocabulary.start), decoder.start(memory))
    np.testing.assert_allclose(logits[:, 0], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_recognizer_of_texts_or_sounds_learns_and_exports(name):
    """With its own CNN, which is small; every weight of both moves."""
    config = load_config(name)
    torch.manual_seed(1)
    vocabulary = Vocabulary.build(CAPTIONS, min_count=1)
    model = ClassifyModel.build(config.encoder, config.classifier, ("a", "b", "c"), vocabulary=vocabulary).train()
    model.encoder.freeze(config.finetune.layers, config.finetune.batch_norm)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    given = example_input(model.encoder, 3)
    optimizer = make_optimizer(model, config, finetune=config.finetune.covers(0), reward=False)
    loss = LabelCrossEntropy(model, config.training.label_smoothing)(given, torch.tensor([0, 2, 1]))
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)
    assert [n for n, p in model.named_parameters() if torch.equal(p, before[n])] == []
    with torch.no_grad():
        expected, _ = model.eval().classifier(model.encode(given))
    graphs, weights = export_classifier_graphs(model), weights_of(model)
    (grid,) = session(graphs[ENCODER], weights).run(["grid"], {model.encoder.input_name: given.numpy()})
    classifier = session(graphs[CLASSIFIER], weights)
    zeros = {f"state.{n}": np.zeros((3, *shape), np.float32) for n, shape in model.classifier.carried.items()}
    np.testing.assert_allclose(classifier.run(["logits"], {"grid": grid, **zeros})[0], expected, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in RECOGNIZERS if name not in SEQUENCES])
def test_a_training_step_of_a_recognizer(name):
    config = load_config(name)
    encoder = make_encoder(config.encoder.name, config.encoder.layer or "")
    torch.manual_seed(1)
    kind = CLASSIFIERS[config.classifier.name]
    labels = ("a", "b") if getattr(config.classifier, "single_logit", False) else ("a", "b", "c")
    classifier = kind(config.classifier, len(labels), encoder.dim, encoder.grid_size)
    model = ClassifyModel(Stand(encoder), classifier, labels).train()
    before = {n: p.detach().clone() for n, p in classifier.named_parameters()}
    pixels = torch.randint(0, 256, (2, 4, SIDE, SIDE, 3), dtype=torch.uint8)
    optimizer = make_optimizer(model, config, finetune=False, reward=False)
    loss = LabelCrossEntropy(model, config.training.label_smoothing)(pixels, torch.tensor([0, len(labels) - 1]))
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)
    assert [n for n, p in classifier.named_parameters() if torch.equal(p, before[n])] == []


@pytest.mark.parametrize(
    ("name", "layer"), [pair for pair in ENCODERS if not pair[0].startswith(("vgg", "swin_large"))]
)
def test_the_cnn_of_a_recipe_exports(name, layer):
    encoder = make_encoder(name, layer)
    model = CaptionModel(encoder, nn.Linear(1, 1), Vocabulary.build(CAPTIONS, min_count=1)).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    with torch.no_grad():
        expected = model.encode(pixels)
    graph = _trace(_Encoder(model), (torch.from_numpy(pixels),), ["pixels"], ["grid", "pooled"])
    grid, pooled = session(graph, weights_of(model)).run(["grid", "pooled"], {"pixels": pixels})
    for found, wanted in ((grid, expected.grid.numpy()), (pooled, expected.pooled.numpy())):
        # Random weights make features of any size, and of many sizes.
        assert np.abs(found - wanted).max() < 1e-3 * np.abs(wanted).max()


def test_the_header_says_what_it_is_and_how_to_run_it():
    for name in RECIPE_NAMES:
        lines = (RECIPES / f"{name}.yaml").read_text("utf-8").splitlines()
        data = "folders" if name in RECOGNIZERS else "msvd" if load_config(name).clip else "flickr8k"
        assert f"#   seesay train {name} --data {data}:FOLDER --out runs/{name}" in lines
        assert any(line.startswith("# Expected") for line in lines), name
        assert lines[0].startswith("# ")
        assert lines[0].endswith(".")


def session(graph, weights):
    return onnxruntime.InferenceSession(inline(graph, weights).SerializeToString(), providers=["CPUExecutionProvider"])
