"""`seesay ablate`: what is tried of a recipe, and what becomes of it."""

import csv
import json

import numpy as np
import pytest

from seesay.cli import run
from seesay.errors import UsageError
from seesay.experiments.ablation import choose, variants_of
from seesay.experiments.significance import pool
from seesay.metrics import score
from seesay.training.config import load_config

TINY = ["encoder=test_efficientnet", "encoder.weights=random", "encoder.size=64", "decoder.hidden=8"]
TINY += ["decoder.embedding=8", "text.min_count=1", "training.epochs=1"]


def settings_of(recipe, *overrides):
    return {" ".join(v.settings) for v in variants_of(load_config(recipe, overrides))}


def test_every_part_of_a_captioner_is_removed_or_swapped():
    assert {
        "vectors.source=cbow",
        "decoder=show_attend_tell",
        "decoder.norm=false",
        "decoder.cell=gru",
        "decoder.layers=2",
        "decoder.dropout=0.0",
        "training.label_smoothing=0.0",
        "training.augmented_copies=4",
        "training.beam=1",
        "training.lr=0.0005",
        "training.lr=0.0045",
        "decoder.hidden=128",
        "decoder.hidden=512",
    } <= settings_of("merge")
    assert {"finetune.from_epoch=null", "self_critical.from_epoch=null", "decoder=merge"} <= settings_of("default")
    literal = settings_of("inceptionv3_lstm_glove")
    assert {"vectors.source=learned vectors.tune=true", "decoder.norm=true", "training.ema=0.998"} <= literal
    assert "finetune.from_epoch=null" not in literal
    assert {"decoder.conditioning=init", "decoder.conditioning=pre"} <= settings_of("where_merge")


def test_a_recognizer_is_not_asked_for_words():
    found = settings_of("lrcn_activity")
    assert {"classifier.bidirectional=true", "classifier.cell=gru", "classifier.hidden=128"} <= found
    assert not [text for text in found if text.startswith(("decoder", "text", "vectors"))]


@pytest.mark.parametrize(
    "recipe", ["merge", "default", "show_attend_tell", "lrcn_activity", "tanti_merge", "transformer"]
)
def test_what_is_tried_differs_from_the_recipe_and_can_be(recipe):
    base = load_config(recipe)
    for variant in variants_of(base):
        assert load_config(recipe, list(variant.settings)) != base, variant


def test_parts_are_chosen_by_name():
    found = variants_of(load_config("merge"))
    assert {v.part for v in choose(found, ["norm", "cell"])} == {"norm", "cell"}
    assert {v.kind for v in choose(found, ["numbers"])} == {"number"}
    with pytest.raises(UsageError, match="Did you mean 'norm'"):
        choose(found, ["nrom"])


def test_seeds_are_pooled_item_by_item():
    references = {"a": ["a dog runs fast"], "b": ["a cat sleeps well"]}
    runs = [score(c, references) for c in ({"a": "a dog runs fast", "b": "no"}, {"a": "no", "b": "a cat sleeps well"})]
    both = pool(runs)
    assert both.items["ROUGE_L"] == {"a": pytest.approx(0.5), "b": pytest.approx(0.5)}
    assert both.corpus["ROUGE_L"] == pytest.approx(np.mean([r.corpus["ROUGE_L"] for r in runs]))


def test_the_verb_trains_compares_and_writes(tiny_flickr8k, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("seesay.experiments.measure.possible_metrics", lambda items: (["bleu", "rouge", "cider"], []))
    out = tmp_path / "out"
    call = ["ablate", "merge", *TINY, "--only", "cell", "--seeds", "2"]
    assert run([*call, "--list"]) == 0
    assert "decoder.cell=gru" in capsys.readouterr().out
    call += ["--data", f"flickr8k:{tiny_flickr8k}", "--out", str(out)]
    assert run(call) == 0
    printed = capsys.readouterr().out
    with (out / "ablation.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["to"] for row in rows] == ["the recipe", "decoder.cell=gru"]
    assert [row["seeds"] for row in rows] == ["2", "2"]
    assert 0 < float(rows[1]["p"]) <= 1
    interval = rows[1]["95 % interval"].removeprefix("'")  # so that no spreadsheet takes a minus for a formula
    assert interval in printed
    for name in ("index.html", "ablation.md", "ablation.png"):
        assert (out / name).stat().st_size > 0
    config = json.loads((out / "decoder.cell=gru" / "merge" / "seed2" / "config.json").read_text())
    assert (config["decoder"]["cell"], config["training"]["seed"]) == ("gru", 2)


def test_what_is_wrong_is_said_in_a_line(capsys):
    assert run(["ablate", "merge"]) == 2
    assert "give --data" in capsys.readouterr().err
    assert run(["ablate", "merge", "--only", "nothing", "--list"]) == 2
    assert "There are: parts, numbers, vectors" in capsys.readouterr().err
