"""Recognizers side by side: figures equal to the parts', the clips they differ about, wrong input in one line."""

import csv
import json
import re

import pytest
import torch
from activities import CLASSES, SMALL, draw_activities
from results import compare, evaluate_recognition

from seesay.cli import run
from seesay.data import read_dataset
from seesay.exporting import export_artifact, save_model
from seesay.metrics import compare as significance
from seesay.metrics import recognition
from seesay.metrics.recognition import score_labels
from seesay.models.classifier import ClassifyModel
from seesay.runtime.loading import load_recognizer
from seesay.runtime.recognizer import Recognizer
from seesay.training import load_config
from seesay.training.run import describe_run

HISTORY = (
    "epoch,loss,dev top-1,dev top-5,dev per class,dev loss,seconds,captions_per_second\n"
    "0.0,1.0,0.5,1.0,0.5,0.7,2.0,30.0\n1.0,0.8,0.75,1.0,0.75,0.6,4.0,60.0\n"
)


def make_run(folder, data, seed, *settings, labels=CLASSES):
    """What a finished run leaves, with random weights that are sure of themselves."""
    torch.manual_seed(seed)
    config = load_config("lrcn_activity", [*SMALL, "classifier.hidden=8", *settings])
    model = ClassifyModel.build(config.encoder, config.classifier, labels)
    with torch.no_grad():
        for parameter in model.classifier.parameters():
            parameter.normal_(0, 1.5)
    scores = {"top-1": 0.25 * seed, "top-5": 1.0, "per class": 0.25 * seed, "loss": 0.7}
    save_model(model.eval(), describe_run(model, config, read_dataset(data), scores), folder)
    (folder / "config.json").write_text(json.dumps(config.model_dump(mode="json")))
    (folder / "metrics.csv").write_text(HISTORY)
    return folder


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    return f"tiny_activities:{draw_activities(tmp_path / 'clips')}"


@pytest.fixture
def runs(tmp_path, data):
    return [make_run(tmp_path / "lstm", data, 1), make_run(tmp_path / "gru", data, 2, "classifier.cell=gru")]


def evaluation(folder, rows, classes=CLASSES, **more):
    """As `seesay evaluate` leaves one: clip id to labels, likeliest first."""
    folder.mkdir()
    outputs = [
        {"id": i, "predictions": [{"label": n, "probability": 0.9 / (k + 1)} for k, n in enumerate(names)]}
        for i, names in rows.items()
    ]
    (folder / "predictions.json").write_text(json.dumps(outputs))
    (folder / "scores.json").write_text(json.dumps({"split": "dev", "classes": list(classes), **more}))
    return folder


def test_figures_are_those_of_the_parts(runs, data, tmp_path):
    exported = tmp_path / "model"
    export_artifact(runs[1], exported, quantize="none")
    evaluated = tmp_path / "evaluated"
    report = evaluate_recognition(exported, data, "train", evaluated)
    found = compare([str(runs[0]), str(exported), str(evaluated)], tmp_path / "out", data, "train")
    assert (found.names, found.count, found.modality) == (("lstm", "model", "evaluated"), 4, "clip")
    values = {m.key: m.values for m in found.measures}
    # A model and its own evaluation say the same, as `seesay evaluate` scores it.
    for key, value in report.figures.items():
        assert values[key][1] == values[key][2] == pytest.approx(value)
    # The loss is the one of training: the mean over time of each judgment's.
    recognizer, samples = load_recognizer(exported), read_dataset(data).split("train")
    losses = []
    for sample in samples:
        pixels = recognizer.preprocessing.load(sample.media)[None]
        logits = torch.tensor(recognizer.networks.classify(recognizer.networks.frames(pixels))[0])
        losses.append(-logits.log_softmax(-1)[0, :, CLASSES.index(sample.label)].mean())
    assert values["loss"][1] == pytest.approx(float(torch.stack(losses).mean()), abs=1e-4)
    assert values["loss"][2] is None
    assert values["engine"] == ("PyTorch", "ONNX Runtime", None)
    assert values["training_seconds"] == (6.0, None, None)
    assert values["training_clips_per_second"][0] == pytest.approx((2 * 30 + 4 * 60) / 6)
    assert values["clips_per_second"][1] > 0
    assert values["latency"][0] > 0
    assert values["classes"] == (2, 2, 2)
    assert values["parameters"][0] > values["classifier_parameters"][0] > 0
    assert values[f"class {CLASSES[0]}"][1] == pytest.approx(report.scores.per_class[CLASSES[0]])
    # Exported or not, a model says the same.
    same = compare([str(runs[1]), str(exported)], tmp_path / "same", data, "train")
    assert {m.key: m.values for m in same.measures}["loss"] == pytest.approx((values["loss"][1],) * 2, abs=1e-4)
    assert (same.differing, same.disputed) == (0, ())
    assert any("PyTorch, others on ONNX Runtime" in note for note in same.notes)


def test_differences_page_and_clips(data, tmp_path, capsys):
    samples = read_dataset(data).split("train")
    right = {s.id: [s.label, next(c for c in CLASSES if c != s.label)] for s in samples}
    ids = list(right)
    wrong = {i: names[::-1] if i in ids[:3] else names for i, names in right.items()}
    one = evaluation(tmp_path / "wrong", wrong, split="train")
    two = evaluation(tmp_path / "right", right, split="train")
    out = tmp_path / "out"
    call = ["compare", str(one), str(two), "--data", data, "--split", "train", "--out", str(out)]
    assert run(call) == 0
    told = capsys.readouterr()
    assert "right alone is right about 3, wrong alone about 0 (top-1, exact McNemar test: p 0.250)" in told.out
    assert "only 4 clips" in told.err
    assert "photo" not in told.out + told.err
    references = {s.id: s.label for s in samples}
    expected = significance(score_labels(references, right, CLASSES), score_labels(references, wrong, CLASSES))["top-1"]
    assert (expected.first, expected.second) == (1.0, 0.25)
    saved = json.loads((out / "comparison.json").read_text("utf-8"))
    assert saved["differences"]["right"]["top-1"]["p"] == expected.p
    assert (saved["clips"], saved["differing"]) == (4, 3)
    with (out / "clips.csv").open(newline="", encoding="utf-8") as handle:
        rows = {row["id"]: row for row in csv.DictReader(handle)}
    assert {i: [rows[i]["label"], rows[i]["wrong: label"], rows[i]["right: label"]] for i in ids} == {
        i: [references[i], wrong[i][0], references[i]] for i in ids
    }
    assert float(rows[ids[0]]["wrong: probability of the right label"]) == pytest.approx(0.45)
    page = (out / "index.html").read_text("utf-8")
    assert "The clips they differ about (3)" in page
    assert page.count("✗ ") == 3 * 2  # each once among those that differ, and once at random
    assert page.count("data:image/jpeg;base64,") == 3 + 4
    text = (out / "comparison.md").read_text("utf-8")
    assert f"| {ids[0]} | ✗ {wrong[ids[0]][0]} | ✓ {references[ids[0]]} | {references[ids[0]]} |" in text
    assert all(line.endswith("|") for line in text.splitlines() if line.startswith("|"))
    for word in ("photo", "caption"):
        assert word not in text
        assert word not in re.sub("<style>.*?</style>|<[^>]*>", "", page, flags=re.DOTALL)


def test_a_second_call_judges_and_measures_nothing_again(runs, data, tmp_path, monkeypatch):
    first = compare([str(r) for r in runs], tmp_path / "out", data)

    def never(*_, **__):
        raise AssertionError("judged again")

    monkeypatch.setattr(Recognizer, "recognize", never)
    monkeypatch.setattr("seesay.evaluation.recognition_evaluator._Recognizing.answer", never)
    assert compare([str(r) for r in runs], tmp_path / "out", data) == first


def test_recorded_scores_without_data(runs, data, tmp_path):
    found = compare([str(r) for r in runs], tmp_path / "out")
    values = {m.key: m.values for m in found.measures}
    assert values["top-1"] == (0.25, 0.5)
    assert values["loss"] == (0.7, 0.7)
    assert found.settings == {"classifier.cell": {"lstm": "lstm", "gru": "gru"}}
    assert (tmp_path / "out" / "curves.png").exists()
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "photo" not in page
    # An evaluation is of the same clips where its signature says so.
    exported = tmp_path / "model"
    export_artifact(runs[0], exported, quantize="none")
    evaluate_recognition(exported, data, "dev", tmp_path / "dev")
    notes = " ".join(compare([str(runs[0]), str(tmp_path / "dev")], tmp_path / "out").notes)
    assert "not known" not in notes
    evaluate_recognition(exported, data, "test", tmp_path / "test")
    file = tmp_path / "test" / "scores.json"
    file.write_text(file.read_text().replace('"split": "test"', '"split": "dev"'))
    assert run(["compare", str(runs[0]), str(tmp_path / "test"), "--out", str(tmp_path / "out")]) == 3


def test_wrong_use_is_one_line(runs, data, tmp_path, capsys):
    dev = {s.id: list(CLASSES) for s in read_dataset(data).split("dev")}
    other = make_run(tmp_path / "other", data, 3, labels=(*CLASSES, "StandsStill"))
    few = evaluation(tmp_path / "few", dict(list(dev.items())[:1]))
    strange = evaluation(tmp_path / "strange", {**dev, "x/1": list(CLASSES)})
    bare = evaluation(tmp_path / "bare", dev)
    (bare / "scores.json").unlink()
    odd = evaluation(tmp_path / "odd", dev)
    (odd / "predictions.json").write_text(json.dumps([{"id": "a", "predictions": []}]))
    unknown = evaluation(tmp_path / "unknown", {i: ["Flies"] for i in dev})
    captions = [tmp_path / "people", tmp_path / "others"]
    for folder in captions:
        folder.mkdir()
        (folder / "predictions.json").write_text(json.dumps([{"image_id": i, "caption": "a bar"} for i in dev]))
    lstm = str(runs[0])
    cases = [
        (list(map(str, captions)), 3, "has no captions; captioners are compared on data that has them"),
        ([lstm, "default"], 2, "says labels and default says captions: compare recognizers with recognizers"),
        ([lstm, str(other)], 3, "knows 2 classes and other 3, and other alone knows 'StandsStill'"),
        ([str(other), str(runs[1])], 3, "compare recognizers of the same classes"),
        ([lstm, str(few)], 3, "holds no label of 1 of the 2 clips in dev of"),
        ([lstm, str(strange)], 3, "holds labels of 1 clip(s) that are not in dev"),
        ([lstm, str(bare)], 3, "holds labels and no scores.json that lists the classes; evaluate again"),
        ([lstm, str(odd)], 3, "is no prediction with an id and labels"),
        ([lstm, str(unknown)], 3, "'Flies' is not among the classes"),
        ([lstm, str(runs[1]), "--beam", "3"], 2, "--beam is for captioners"),
        ([lstm, str(runs[1]), "--split", "tset"], 3, "has no split 'tset'"),
    ]
    for arguments, code, message in cases:
        assert run(["compare", *arguments, "--data", data, "--out", str(tmp_path / "out")]) == code, arguments
        told = capsys.readouterr()
        *_, last = told.err.splitlines()  # what it did until then may stand before
        assert message in last
    clips = read_dataset(data).root
    (clips / CLASSES[0]).rename(clips / "Spins")
    assert run(["compare", *map(str, runs), "--data", data, "--out", str(tmp_path / "out")]) == 3
    assert "its class is 'Spins'; lstm knows GoesLeft, GoesRight" in capsys.readouterr().err


def test_scores_of_ranked_labels_equal_those_of_probabilities():
    chance = torch.Generator().manual_seed(0)
    classes = tuple("abcdefg")
    probabilities = torch.rand(40, 7, generator=chance).softmax(1).numpy()
    references = {str(i): classes[i * i % 6] for i in range(40)}
    outputs = {str(i): [classes[k] for k in (-row).argsort()[:5]] for i, row in enumerate(probabilities)}
    expected = recognition(list(references.values()), probabilities, classes)
    found = score_labels(references, outputs, classes).corpus
    assert found["top-1"] == pytest.approx(expected.top_1)
    assert found["top-5"] == pytest.approx(expected.top_k)
    assert found["macro F1"] == pytest.approx(expected.macro_f1)
    there = [expected.per_class[c] for c in set(references.values())]
    assert found["per class"] == pytest.approx(sum(there) / len(there))
