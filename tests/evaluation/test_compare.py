"""Captioners side by side: figures equal to what the parts give alone, kept between calls, wrong input in one line."""

import csv
import json
import math
import re
import shutil
import subprocess
import sys

import pytest
import torch
from results import compare

from seesay.cli import run
from seesay.data import read_dataset
from seesay.errors import ArtifactError, DataError, UsageError
from seesay.evaluation.measures import MetricRow
from seesay.evaluation.systems import find_systems, short_names
from seesay.exporting import export_artifact, load_model, save_model
from seesay.metrics import compare as significance
from seesay.metrics import score
from seesay.metrics.scores import possible_metrics
from seesay.models.captioner import CaptionModel
from seesay.runtime import Captioner
from seesay.text import Vocabulary, tokenize
from seesay.training import load_config
from seesay.training.run import describe_run

SMALL = [
    "encoder.name=test_efficientnet",
    "encoder.weights=random",
    "encoder.size=64",
    "decoder.hidden=16",
    "decoder.embedding=16",
    "text.min_count=1",
]
BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "timm", "lightning", "yaml", "pydantic", "matplotlib"}:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)
sys.meta_path.insert(0, Block())
"""
HISTORY = "epoch,loss,dev CIDEr-D,seconds,captions_per_second\n0.0,3.5,0.1,20.0,30.0\n1.0,3.0,0.2,40.0,60.0\n"


def make_run(folder, data, seed, *settings):
    """What a finished run leaves, with random weights."""
    torch.manual_seed(seed)
    config = load_config("merge", [*SMALL, *settings])
    dataset = read_dataset(data)
    words = [tokenize(text) for s in dataset.split("train") for text in s.references]
    model = CaptionModel.build(config.encoder, config.decoder, Vocabulary.build(words, config.text.min_count))
    scores = {"CIDEr-D": 0.1 * seed, "Bleu_4": 0.2, "ROUGE_L": 0.3, "distinct": 0.5, "loss": 3.0}
    save_model(model.eval(), describe_run(model, config, dataset, scores), folder)
    (folder / "config.json").write_text(json.dumps(config.model_dump(mode="json")))
    (folder / "metrics.csv").write_text(HISTORY)
    return folder


def make_evaluation(folder, captions, **scores):
    folder.mkdir()
    (folder / "predictions.json").write_text(json.dumps([{"image_id": i, "caption": c} for i, c in captions.items()]))
    (folder / "scores.json").write_text(json.dumps({"split": "dev", "CIDEr-D": 0.5, **scores}))
    return folder


@pytest.fixture
def data(tiny_flickr8k):
    return f"flickr8k:{tiny_flickr8k}"


@pytest.fixture
def runs(tmp_path, data):
    return [make_run(tmp_path / "lstm", data, 1), make_run(tmp_path / "gru", data, 2, "decoder.cell=gru")]


def test_figures_are_those_of_the_parts(runs, data, tmp_path):
    train = {s.id: s.references for s in read_dataset(data).split("train")}
    theirs = {i: texts[0] for i, texts in train.items()}
    evaluated = make_evaluation(tmp_path / "people", theirs)
    found = compare([*map(str, runs), str(evaluated)], tmp_path / "out", data, "train")
    assert found.names == ("lstm", "gru", "people")
    values = {m.key: m.values for m in found.measures}
    metrics, _ = possible_metrics(8)
    captions = {}
    with (tmp_path / "out" / "captions.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            for name in found.names:
                captions.setdefault(name, {})[row["id"]] = row[f"{name}: caption"]
    assert captions["people"] == theirs
    scores = {name: score(outputs, train, metrics) for name, outputs in captions.items()}
    for key, value in scores["gru"].corpus.items():
        if key != "CIDEr":
            assert values[key][1] == pytest.approx(value)
    expected = significance(scores["people"], scores["lstm"])["ROUGE_L"]
    assert found.differences["people"]["ROUGE_L"] == expected
    assert expected.first > expected.second
    model = load_model(runs[1])
    assert values["parameters"][1] == sum(p.numel() for p in model.parameters())
    assert values["decoder_parameters"] == (
        *(sum(p.numel() for p in load_model(r).decoder.parameters()) for r in runs),
        None,
    )
    assert values["perplexity"][0] == pytest.approx(math.exp(values["loss"][0]))
    assert values["loss"][2] is None
    assert values["training_seconds"] == (60.0, 60.0, None)
    assert values["training_captions_per_second"][0] == pytest.approx((20 * 30 + 40 * 60) / 60)
    assert values["captions_per_second_ratio"][0] == 1.0
    assert values["captions_per_second"][1] > 0
    assert found.settings == {"decoder.cell": {"lstm": "lstm", "gru": "gru"}}
    assert "sha256=" in found.signature
    for photo in found.disputed:
        spread = max(photo.values.values()) - min(photo.values.values())
        assert spread == pytest.approx(
            max(s.items["CIDEr-D"][photo.sample.id] for s in scores.values())
            - min(s.items["CIDEr-D"][photo.sample.id] for s in scores.values())
        )


def test_page_markdown_and_tables(runs, data, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(["compare", *map(str, runs), "--data", data, "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "perplexity" in told.out
    assert "gru - lstm" in told.out
    assert "only 2 photos" in told.err
    page = (out / "index.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 4  # two photos, drawn and disputed
    assert page.count("<svg") == 2
    assert 'src="http' not in page
    assert "<td>× 1.00</td>" in page
    text = (out / "comparison.md").read_text("utf-8")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert "| BLEU-4 |" in text
    assert all(line.endswith("|") for line in tables)
    for name in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    saved = json.loads((out / "comparison.json").read_text("utf-8"))
    with (out / "comparison.csv").open(newline="", encoding="utf-8") as handle:
        rows = {row["measure"]: row for row in csv.DictReader(handle)}
    assert float(rows["loss"]["gru"]) == saved["measures"]["loss"]["gru"]


def test_a_second_call_captions_and_measures_nothing_again(runs, data, tmp_path, monkeypatch):
    first = compare([str(r) for r in runs], tmp_path / "out", data, "train")

    def never(*_):
        raise AssertionError("captioned again")

    with monkeypatch.context() as patch:
        patch.setattr(Captioner, "caption_pixels", never)
        again = compare([str(r) for r in runs], tmp_path / "out", data, "train")
    assert again == first
    # A kill leaves some lines, and half of one: the others are made again.
    file = next((tmp_path / "out" / "predictions").glob("gru-*.jsonl"))
    whole = file.read_text()
    file.write_text("".join(whole.splitlines(keepends=True)[:3]) + '{"id": "red_')
    counted = []
    original = Captioner.caption_pixels
    monkeypatch.setattr(
        Captioner,
        "caption_pixels",
        lambda self, pixels, options: counted.append(len(pixels)) or original(self, pixels, options),
    )
    assert compare([str(r) for r in runs], tmp_path / "out", data, "train").measures[0] == first.measures[0]
    assert sum(counted) == 5
    assert sorted(map(_item, file.read_text().splitlines())) == sorted(map(_item, whole.splitlines()))
    # Other search settings or weights are other predictions.
    compare([str(r) for r in runs], tmp_path / "out", data, "train", beam=1)
    assert len(list((tmp_path / "out" / "predictions").glob("gru-*.jsonl"))) == 2


def _item(line):
    return json.loads(line)["id"]


def test_exported_and_not_say_the_same(runs, data, tmp_path):
    export_artifact(runs[0], tmp_path / "exported", quantize="none")
    found = compare([str(runs[0]), str(tmp_path / "exported")], tmp_path / "out", data)
    values = {m.key: m.values for m in found.measures}
    assert values["loss"][0] == pytest.approx(values["loss"][1], abs=1e-4)
    assert values["Bleu_1"][0] == values["Bleu_1"][1]
    assert values["engine"] == ("PyTorch", "ONNX Runtime")
    assert any("PyTorch, others on ONNX Runtime" in note for note in found.notes)
    assert values["parameters"][0] == values["parameters"][1]


def test_recorded_scores_without_data(runs, tmp_path):
    found = compare([str(r) for r in runs], tmp_path / "out")
    values = {m.key: m.values for m in found.measures}
    assert values["CIDEr-D"] == pytest.approx((0.1, 0.2))
    assert values["perplexity"][0] == pytest.approx(math.exp(3.0))
    assert (tmp_path / "out" / "curves.png").exists()
    with pytest.raises(UsageError, match="none of the runs has recorded scores on 'test'"):
        compare([str(r) for r in runs], tmp_path / "out", split="test")


def test_scores_against_other_references_are_refused_or_said(runs, data, tiny_flickr8k, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny_flickr8k, other)
    file = other / "Flickr8k.token.txt"
    file.write_text(file.read_text().replace("A yellow circle .", "Something yellow ."))
    second = make_run(tmp_path / "elsewhere", f"flickr8k:{other}", 3)
    with pytest.raises(DataError, match=r"different photos or references of 'dev'.*--data"):
        compare([str(runs[0]), str(second)], tmp_path / "out")
    outputs = {s.id: "a dog" for s in read_dataset(data).split("dev")}
    signature = score(outputs, {i: ["a cat"] for i in outputs}).signature
    evaluated = make_evaluation(tmp_path / "people", outputs, signature=signature)
    found = compare([str(runs[0]), str(evaluated)], tmp_path / "out", data)
    assert any(note.startswith("people was evaluated against other references") for note in found.notes)
    with pytest.raises(DataError, match="different photos or references"):
        compare([str(runs[0]), str(evaluated)], tmp_path / "out")


def test_other_training_data_and_vocabularies_are_said(runs, data, tiny_flickr8k, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny_flickr8k, other)
    file = other / "Flickr8k.token.txt"
    file.write_text(file.read_text().replace("A red circle .", "Something scarlet ."))
    second = make_run(tmp_path / "elsewhere", f"flickr8k:{other}", 3)
    notes = " ".join(compare([str(runs[0]), str(second)], tmp_path / "out", data).notes)
    assert "elsewhere was trained on other photos or captions than lstm" in notes
    assert "different vocabularies" in notes


def test_predictions_of_other_photos_or_not_of_all_are_refused(runs, data, tmp_path):
    dev = [s.id for s in read_dataset(data).split("dev")]
    strange = make_evaluation(tmp_path / "strange", dict.fromkeys([*dev, "x.jpg"], "a dog"))
    with pytest.raises(DataError, match=r"strange: holds captions of 1 photo\(s\) that are not in dev of .*'x.jpg'"):
        compare([str(runs[0]), str(strange)], tmp_path / "out", data)
    half = make_evaluation(tmp_path / "half", dict.fromkeys(dev[:1], "a dog"))
    with pytest.raises(DataError, match=r"half: holds no caption of 1 of the 2 photos"):
        compare([str(runs[0]), str(half)], tmp_path / "out", data)


def test_photos_that_do_not_open_are_passed_over_for_all(runs, data, tiny_flickr8k, tmp_path):
    train = read_dataset(data).split("train")
    evaluated = make_evaluation(tmp_path / "people", {s.id: s.references[0] for s in train[1:]})
    train[0].media.write_bytes(b"no picture")
    found = compare([str(runs[0]), str(evaluated)], tmp_path / "out", data, "train")
    assert found.count == 7
    assert any(note.startswith("1 photo(s) do not open") for note in found.notes)
    only = make_evaluation(tmp_path / "again", {s.id: s.references[1] for s in train[1:]})
    assert compare([str(evaluated), str(only)], tmp_path / "out", data, "train").count == 7


def test_wrong_use_is_one_line(runs, data, tmp_path, capsys):
    for name in ("empty", "begun", "halfway", "many"):
        (tmp_path / name).mkdir()
    for name in ("begun", "halfway"):
        (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / "halfway" / "metrics.csv").write_text(HISTORY)
    shutil.copytree(runs[0], tmp_path / "many" / "point" / "seed1")
    (tmp_path / "file").write_text("")
    lstm = str(runs[0])
    cases = [
        ([lstm], 2, "two runs or more"),
        ([lstm, lstm], 2, "named twice"),
        ([lstm, str(tmp_path / "empty")], 2, "is no run: it holds neither seesay.json"),
        ([lstm, str(tmp_path / "begun")], 2, "a run without a finished epoch"),
        ([lstm, str(tmp_path / "halfway")], 2, "not finished (2 epoch(s) so far)"),
        ([lstm, str(tmp_path / "many")], 2, "holds 1 run(s) and is none itself; name them"),
        ([lstm, str(tmp_path / "nowhere")], 4, "no such file or folder"),
        ([lstm, "deflaut"], 2, "Did you mean 'default'?"),
        ([lstm, str(runs[1]), "--split", "tset"], 3, "has no split 'tset'. Did you mean 'test'?"),
        ([lstm, str(runs[1]), "--beam", "0"], 2, "beam is 0"),
    ]
    for arguments, code, message in cases:
        assert run(["compare", *arguments, "--data", data, "--out", str(tmp_path / "out")]) == code, arguments
        told = capsys.readouterr()
        assert message in told.err
        assert told.err.count("\n") == 1
    assert run(["compare", *map(str, runs), "--out", str(tmp_path / "file")]) == 2
    assert "file: cannot be written" in capsys.readouterr().err


def test_a_table_of_epochs_that_is_none_is_named(runs, tmp_path):
    (runs[0] / "metrics.csv").write_text("epoch,loss\n0,three\n")
    with pytest.raises(ArtifactError, match=r"metrics.csv: not a table of epochs"):
        find_systems([str(r) for r in runs])


def test_models_made_for_use_are_compared_without_pytorch(data, tmp_path):
    outputs = make_evaluation(tmp_path / "outputs", {s.id: "a dog" for s in read_dataset(data).split("dev")})
    call = ["compare", "default", str(outputs), "--data", data, "--split", "val", "--out", str(tmp_path / "out")]
    code = f"{BLOCK}\nfrom seesay.cli import run; sys.exit(run({call!r}))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "perplexity" in found.stdout
    assert "plots are left out" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_names_are_as_short_as_tells_them_apart():
    assert short_names(["/a/lstm", "/a/gru.zip"]) == ["lstm", "gru"]
    assert short_names(["/s/cell=lstm/seed1", "/s/cell=gru/seed1", "/s/x"]) == [
        "cell=lstm/seed1",
        "cell=gru/seed1",
        "x",
    ]
    assert short_names(["/a/m", "/b/m", "/b/m.zip"]) == ["a/m", "/b/m", "/b/m.zip"]


def test_best_values_are_told_by_what_is_shown():
    assert MetricRow("", "", "", "", (0.5, 0.50001, 0.4), 1).best() == {0, 1}
    assert MetricRow("", "", "", "", (3.0, None, 2.0), -1).best() == {2}
    assert MetricRow("", "", "", "", (1.0, 1.0), 1).best() == set()
