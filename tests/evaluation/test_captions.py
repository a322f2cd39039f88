import csv
import json
import re

import pytest
from results import evaluate

from seesay.cli import run
from seesay.errors import DataError
from seesay.evaluation import captions as module
from seesay.metrics import score
from seesay.metrics.scores import possible_metrics


def test_predictions_scores_and_page(tiny_flickr8k, tmp_path, capsys):
    out = tmp_path / "report"
    call = [
        "evaluate",
        "default",
        "--data",
        f"flickr8k:{tiny_flickr8k}",
        "--split",
        "train",
        "--out",
        str(out),
        "--json",
    ]
    assert run(call) == 0
    printed = json.loads(capsys.readouterr().out)
    predictions = {p["image_id"]: p["caption"] for p in json.loads((out / "predictions.json").read_text("utf-8"))}
    assert len(predictions) == printed["photos"] == printed["count"] == 8
    assert printed["modality"] == "photo"
    references = {}
    for line in (tiny_flickr8k / "Flickr8k.token.txt").read_text().splitlines():
        references.setdefault(line.split("#")[0], []).append(line.split("\t")[1])
    metrics, notes = possible_metrics(len(predictions))
    assert printed["notes"] == notes
    expected = score(predictions, {i: references[i] for i in predictions}, metrics)
    for name, value in expected.corpus.items():
        assert printed[name] == pytest.approx(value)
    assert printed["signature"] == expected.signature
    assert json.loads((out / "scores.json").read_text()) == printed
    with (out / "per_photo.csv").open(newline="", encoding="utf-8") as handle:
        rows = {row["id"]: row for row in csv.DictReader(handle)}
    for item, value in expected.items["CIDEr-D"].items():
        assert float(rows[item]["CIDEr-D"]) == pytest.approx(value, abs=1e-6)
    page = (out / "report.html").read_text("utf-8")
    assert all(title in page for title in ("Random photos", "Best", "Worst"))
    assert page.count("data:image/jpeg;base64,") == 24
    assert {"distinct", "novel", "mean_length", "vocabulary"} <= printed.keys()


def test_predictions_are_saved_before_anything_is_scored(tiny_flickr8k, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("scoring broke")

    monkeypatch.setattr(module, "score", fail)
    with pytest.raises(RuntimeError, match="scoring broke"):
        evaluate("default", f"flickr8k:{tiny_flickr8k}", "test", tmp_path / "report")
    assert len(json.loads((tmp_path / "report" / "predictions.json").read_text("utf-8"))) == 2


def test_broken_photos_are_passed_over_and_counted(tiny_flickr8k, tmp_path):
    photos = tiny_flickr8k / "Flicker8k_Dataset"
    (photos / "yellow_bar.jpg").write_bytes((photos / "yellow_bar.jpg").read_bytes()[:300])
    found = evaluate("default", f"flickr8k:{tiny_flickr8k}", "test", tmp_path / "report")
    assert found.count == 1
    assert "CIDEr-D" not in found.scores
    assert re.match(r"1 of 2 photos do not open and are passed over, the first: .*yellow_bar\.jpg: ", found.notes[0])
    assert any("CIDEr is left out" in note for note in found.notes)
    (photos / "yellow_square.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="not one photo of 'test' opens"):
        evaluate("default", f"flickr8k:{tiny_flickr8k}", "test", tmp_path / "report")


def test_text_from_data_is_escaped(tiny_flickr8k, tmp_path):
    tokens = tiny_flickr8k / "Flickr8k.token.txt"
    tokens.write_text(tokens.read_text().replace("A red circle .", "A <script>alert(1)</script> circle ."))
    evaluate("default", f"flickr8k:{tiny_flickr8k}", "train", tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
