"""The loss on dev, against each caption read alone."""

import torch
from torch.nn import functional as F

from seesay.artifact import read_artifact
from seesay.data import read_dataset
from seesay.exporting.parity import TorchNetworks
from seesay.models.captioner import CaptionModel
from seesay.runtime.likelihood import cross_entropy
from seesay.text import Vocabulary, tokenize
from seesay.training import load_config, train
from seesay.training.inputs import Pictures
from seesay.training.loop import make_fabric
from seesay.training.validation import decode, validate

SETTINGS = ["encoder.name=test_efficientnet", "encoder.weights=random", "encoder.size=64", "decoder.hidden=16"]


def test_loss_is_that_of_each_reference_alone_and_of_the_exported_contract(tiny_flickr8k):
    torch.manual_seed(1)
    config = load_config("merge", [*SETTINGS, "training.precision=float32", "training.label_smoothing=0.3"])
    dataset = read_dataset(f"flickr8k:{tiny_flickr8k}")
    words = [tokenize(text) for s in dataset.split("train") for text in s.references]
    model = CaptionModel.build(config.encoder, config.decoder, Vocabulary.build(words, 9))
    samples = dataset.split("dev")
    fabric = make_fabric("float32")
    found = decode(model, samples, config, fabric, None)
    model.eval()
    total, tokens = 0.0, 0
    with torch.no_grad():
        for sample in samples:
            memory = model.encode(Pictures().pixels([sample], model.preprocessing, None))
            for text in sample.references:
                ids = model.vocabulary.encode(tokenize(text))
                logits = model.decoder(memory, torch.tensor([[model.vocabulary.start, *ids]]))[0]
                total += float(F.cross_entropy(logits, torch.tensor([*ids, model.vocabulary.end]), reduction="sum"))
                tokens += len(ids) + 1
    assert abs(found.loss - total / tokens) < 1e-5
    assert model.vocabulary.unk in {i for w in words for i in model.vocabulary.encode(w)}
    networks = TorchNetworks(model)
    state = networks.start(Pictures().pixels(samples, model.preprocessing, None).numpy())
    nats, counts = cross_entropy(
        networks, state, [s.references for s in samples], model.vocabulary, config.text.learned
    )
    assert abs(nats.sum() / counts.sum() - found.loss) < 1e-5
    assert validate(model, samples, config, fabric, None)["loss"] == found.loss
    assert list(found.captions) == [s.id for s in samples]


def test_how_captions_are_looked_for_is_a_setting_and_goes_into_the_model(tiny_flickr8k):
    torch.manual_seed(1)
    data = f"flickr8k:{tiny_flickr8k}"
    dataset = read_dataset(data)
    words = [tokenize(text) for s in dataset.split("train") for text in s.references]
    settings = [*SETTINGS, "training.precision=float32", "training.epochs=1", "training.warmup_steps=1"]
    config = load_config("merge", [*settings, "training.max_length=2"])
    model = CaptionModel.build(config.encoder, config.decoder, Vocabulary.build(words, 1))
    found = decode(model, dataset.split("dev"), config, make_fabric("float32"), None)
    assert max(len(tokenize(text)) for text in found.captions.values()) == 2  # an untrained one goes on for ever
    chosen = ["training.beam=2", "training.length_power=0.5", "training.no_repeat_ngram=4", "training.max_length=7"]
    artifact = train("merge", [*settings, *chosen], data, tiny_flickr8k / "run")
    expected = {"beam": 2, "length_power": 0.5, "no_repeat_ngram": 4, "max_length": 7}
    assert read_artifact(artifact).manifest.search == expected
