"""Runs that learn to recognize: the loss, accuracy on dev, joint training through time, wrong use."""

import pytest
import torch
from activities import CLASSES, SMALL, draw_activities
from lightning.fabric import Fabric

from seesay.data import Sample
from seesay.errors import DataError, UsageError
from seesay.exporting.weights import load_any_model, load_model
from seesay.models.captioner import encode
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.encoders import Encoder, EncoderConfig
from seesay.training import load_config, train
from seesay.training.callbacks import Callback
from seesay.training.checkpoints import read_checkpoint
from seesay.training.inputs import input_source
from seesay.training.recognition import RecognitionTask, label_loss, labels_of

LSTM = [*SMALL, "classifier.hidden=8"]


@pytest.fixture
def activities(tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    return f"tiny_activities:{draw_activities(tmp_path / 'clips')}"


def test_the_loss_is_the_mean_over_time_of_each_clip():
    logits = torch.randn(3, 4, 5)
    labels = torch.tensor([0, 4, 2])
    by_hand = -sum(logits[i, t].log_softmax(0)[labels[i]] for i in range(3) for t in range(4)) / 4
    torch.testing.assert_close(label_loss(logits, labels), by_hand)


class Ear(Callback):
    def __init__(self):
        self.work = set()

    def on_progress(self, done, total, what=None):
        self.work.add(what)


def test_a_run_leaves_a_recognizer_that_knows_its_classes_and_scores(activities, tmp_path):
    ear = Ear()
    out = train("lrcn_activity", [*LSTM, "training.epochs=2"], activities, tmp_path / "run", callbacks=[ear])
    assert "recognizing dev" in ear.work
    model = load_any_model(out)
    assert isinstance(model, ClassifyModel)
    assert model.labels == CLASSES
    header, *rows = (out / "metrics.csv").read_text().splitlines()
    assert len(rows) == 2
    assert {"dev top-1", "dev top-5", "dev per class", "dev loss"} <= set(header.split(","))
    assert (out / "curves.png").stat().st_size > 0
    with pytest.raises(Exception, match="recognizes activities and says no sentences"):
        load_model(out)


def test_what_differs_in_order_alone_is_learned_by_the_recurrent_net_only(tmp_path):
    """The frames of the two classes are the same ones, so that the baseline cannot tell them apart."""
    clips = [Sample(str(f), f, label=f.parent.name) for f in sorted(draw_activities(tmp_path).glob("*/*.gif"))]
    right = {}
    for recipe, settings in (("frame_average", SMALL), ("lrcn_activity", LSTM)):
        config = load_config(recipe, [*settings, "classifier.dropout=0"])
        torch.manual_seed(0)
        model = ClassifyModel.build(config.encoder, config.classifier, CLASSES)
        with torch.no_grad():
            memory = model.encode(input_source(config).pixels(clips, model.preprocessing, None))
        memory.grid = (memory.grid - memory.grid.mean((0, 1))) / memory.grid.std((0, 1))
        task = RecognitionTask(config, model, clips)
        objective = task.objective(reward=False)
        optimizer = torch.optim.Adam(model.classifier.parameters(), 0.02)
        for _ in range(60):
            optimizer.zero_grad()
            objective(memory, task.labels).backward()
            optimizer.step()
        right[recipe] = int((model.probabilities(memory).argmax(1) == task.labels).sum())
    assert right["lrcn_activity"] == len(clips)
    assert right["frame_average"] < len(clips)


@pytest.mark.parametrize("at_once", [0, 3])
def test_joint_training_through_time_moves_the_cnn(activities, tmp_path, at_once):
    begun = [*LSTM, "training.epochs=2", "finetune.from_epoch=1", f"finetune.frames_at_once={at_once}"]
    fixed = train(
        "lrcn_joint", [*LSTM, "training.epochs=1", "finetune.from_epoch=null"], activities, tmp_path / "fixed"
    )
    joint = train("lrcn_joint", begun, activities, tmp_path / "joint")
    before, after = (read_checkpoint(out / "last.safetensors")[0] for out in (fixed, joint))
    moved = {n for n in before if n.startswith("model.encoder") and not torch.equal(before[n], after[n])}
    assert moved


def test_resuming_gives_the_weights_of_an_unbroken_run(activities, tmp_path):
    class Stop(Exception):
        pass

    class StopAfter(Callback):
        def on_epoch(self, progress):
            raise Stop

    settings = ["classifier.channels=4", "classifier.hidden=4", *SMALL, "training.epochs=2", "finetune.from_epoch=1"]
    train("conv_lstm", settings, activities, tmp_path / "whole")
    with pytest.raises(Stop):
        train("conv_lstm", settings, activities, tmp_path / "broken", callbacks=[StopAfter()])
    train("conv_lstm", settings, activities, tmp_path / "broken", resume=True)
    whole, broken = (read_checkpoint(tmp_path / n / "last.safetensors")[0] for n in ("whole", "broken"))
    assert [name for name in whole if not torch.equal(whole[name], broken[name])] == []


def test_a_recognizer_starts_from_another_class_by_class(activities, tmp_path):
    first = train("frame_average", [*SMALL, "training.epochs=1"], activities, tmp_path / "first")
    more = [*SMALL, "training.epochs=1", "training.lr=1e-12", f"training.start_from={first}"]
    second = train("frame_average", more, activities, tmp_path / "second")
    for name, value in load_any_model(first).state_dict().items():
        torch.testing.assert_close(load_any_model(second).state_dict()[name], value)


@pytest.mark.parametrize("positions", [False, True])
def test_gradients_in_parts_are_those_of_the_whole(positions):
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(name="test_efficientnet", weights="random", size=32))
    encoder.freeze(None)
    pixels = torch.randint(0, 255, (2, 5, 32, 32, 3), dtype=torch.uint8)
    found, held = [], []

    def keep(tensor):
        held[-1] += tensor.numel()
        return tensor

    for at_once in (0, 3):
        encoder.frames_at_once = at_once
        encoder.zero_grad()
        held.append(0)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            memory = encode(encoder, pixels, positions=positions)
        memory.grid.square().sum().backward()
        found.append([memory.grid.detach(), *(p.grad.clone() for p in encoder.parameters())])
    assert memory.grid.shape[1] == (5 * encoder.grid_size[0] * encoder.grid_size[1] if positions else 5)
    assert held[1] < held[0] / 10, "inner values of the whole clip are held"
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole, atol=1e-4, rtol=1e-3)


def test_dev_figures_are_those_of_the_probabilities(tmp_path):
    config = load_config("frame_average", SMALL)
    torch.manual_seed(0)
    model = ClassifyModel.build(config.encoder, CLASSIFIERS["frame_average"].config_class(), CLASSES)
    clips = draw_activities(tmp_path / "clips")
    samples = [Sample(str(f), f, label=f.parent.name) for f in sorted(clips.glob("*/*.gif"))]
    with torch.no_grad():
        model.classifier.output.weight.zero_()
        model.classifier.output.bias.copy_(torch.tensor([1.0, 0.0]))
    found = RecognitionTask(config, model, samples).validate(samples, Fabric(accelerator="cpu", devices=1), None)
    expected = -torch.tensor([1.0, 0.0]).log_softmax(0)
    assert found == pytest.approx({"top-1": 0.5, "top-5": 1.0, "per class": 0.5, "loss": float(expected.mean())})


def test_wrong_settings_and_data_are_refused(activities, tmp_path):
    for settings, message in (
        (["classifier=recurent"], "no classifier is called"),
        (["decoder.hidden=8"], "decoder is for captions, and classifier for labels"),
        (["clip=null"], r"say how many frames"),
        (["clip.positions=true"], r"needs clip\.positions=false"),
        (["classifier=conv_lstm"], r"needs clip\.positions=true"),
        (["classifier.hiden=8"], r"unknown key 'classifier\.hiden'.*'hidden'"),
        (["finetune.batch_norm=true", "finetune.frames_at_once=4"], "leave one out"),
    ):
        with pytest.raises(UsageError, match=message):
            load_config("lrcn_activity", settings)
    with pytest.raises(DataError, match="has no label"):
        labels_of([Sample("a", tmp_path / "a.gif")])
    with pytest.raises(DataError, match="two classes or more"):
        labels_of([Sample("a", tmp_path / "a.gif", label="x")])
    config = load_config("frame_average", SMALL)
    model = ClassifyModel.build(config.encoder, config.classifier, CLASSES)
    with pytest.raises(DataError, match=r"a\.gif: its class 'Jumps' is none"):
        RecognitionTask(config, model, [Sample("a", tmp_path / "a.gif", label="Jumps")])


def test_settings_of_captions_are_not_kept():
    kept = load_config("lrcn_activity").model_dump(mode="json")
    assert "classifier" in kept
    assert not {"decoder", "text", "vectors", "self_critical", "distillation"} & set(kept)
