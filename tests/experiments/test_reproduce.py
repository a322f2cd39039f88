"""`seesay reproduce` on a tiny data set, and its scores against a plain reading of their definition."""

import json
import math
from collections import Counter

import pytest

from seesay.cli import run
from seesay.data import read_dataset
from seesay.experiments.comparisons import COMPARISONS
from seesay.experiments.reproduce import paper_scores
from seesay.files import cache_folder
from seesay.text import STOP_WORDS, Learned, tokenize
from seesay.training.config import load_config
from seesay.training.loop import Trainer

TINY = [
    "encoder.weights=random",
    "encoder.size=64",
    "decoder.embedding=8",
    "decoder.hidden=8",
    "text.min_count=1",
]


def corpus_bleu(hypotheses, references):
    """BLEU-4 by Papineni et al. 2002, section 2.3, written out."""
    matched, total, length, wanted = [0] * 4, [0] * 4, 0, 0
    for words, people in zip(hypotheses, references, strict=True):
        length += len(words)
        wanted += min((abs(len(r) - len(words)), len(r)) for r in people)[1]
        for n in range(4):
            grams, *others = (Counter(tuple(t[i : i + n + 1]) for i in range(len(t) - n)) for t in (words, *people))
            matched[n] += sum(min(count, max(o[gram] for o in others)) for gram, count in grams.items())
            total[n] += sum(grams.values())
    if not all(matched):
        return 0.0
    precision = math.exp(sum(math.log(m / t) for m, t in zip(matched, total, strict=True)) / 4)
    return precision * min(1, math.exp(1 - wanted / length))


def test_the_scores_are_what_their_definition_says(tiny_flickr8k):
    samples = read_dataset(f"flickr8k:{tiny_flickr8k}").split("train")
    captions = {s.id: f"{'the ' * i}{s.references[1]}" for i, s in enumerate(samples[:5])}
    captions[samples[5].id] = "a picture of nothing"
    # With and without four words in a row anywhere.
    for known in ({"red", "circle", "square", "dark", "picture", "ground"}, {"red", "green", "circle", "dark"}):
        found = paper_scores(captions, samples, Learned(remove_stop_words=True), known)

        def prepare(text, known=known):
            return [word for word in tokenize(text) if word in known and word not in STOP_WORDS]

        hypotheses = [prepare(captions[s.id]) for s in samples[:6]]
        references = [[prepare(text) for text in s.references] for s in samples[:6]]
        assert found["BLEU"] == pytest.approx(corpus_bleu(hypotheses, references), abs=1e-8)
        assert (found["BLEU"] > 0) == ("ground" in known)
        each = [corpus_bleu([t], [r]) for t, r in zip(hypotheses, references, strict=True)]
        assert found["BLEU of sentences"] == pytest.approx(sum(each) / 6, abs=1e-8)
    whole = paper_scores({s.id: s.references[1] for s in samples}, samples, Learned(), None)
    assert whole == dict.fromkeys(("BLEU", "BLEU of sentences", "BLEU-1 of sentences", "ROUGE"), pytest.approx(1))


def test_bleu_1_of_sentences_is_a_mean_of_clipped_precisions(tiny_flickr8k):
    samples = read_dataset(f"flickr8k:{tiny_flickr8k}").split("train")[:2]
    captions = {samples[0].id: "one red red circle", samples[1].id: samples[1].references[0]}
    found = paper_scores(captions, samples, Learned(clean="tutorial"), None)
    assert found["BLEU-1 of sentences"] == pytest.approx((3 / 4 + 1) / 2)


def test_both_are_trained_scored_and_set_beside_the_paper(tiny_flickr8k, tmp_path, monkeypatch, capsys):
    # METEOR's data is converted once for all tests.
    (tmp_path / "cache").mkdir()
    cache_folder("meteor").mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "meteor").symlink_to(cache_folder("meteor").resolve())
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    call = ["reproduce", "lstm-vs-gru", *TINY, "--data", f"flickr8k:{tiny_flickr8k}", "--out", str(out)]
    call += ["--encoder", "test_efficientnet", "--epochs", "1"]
    assert run(call) == 0
    printed = capsys.readouterr().out
    assert "CIDEr-D against LSTM, in points" in printed
    assert ", p " in printed
    assert (out / "index.html").is_file()
    for figures in COMPARISONS["lstm-vs-gru"].paper.values():
        assert all(f"{value:g}" in printed for value in figures.values())
    kept = json.loads((out / "lstm-vs-gru.json").read_text("utf-8"))
    assert [t["system"] for t in kept["trained"]] == ["LSTM", "GRU"]
    for trained in kept["trained"]:
        assert f"{trained['figures']['loss']:.5f}" in printed
        assert f"{trained['standard']['CIDEr-D']:.4f}" in printed
        assert trained["signature"] in printed
        assert f"{trained['system']}, seed 1: {trained['answer']}" in printed
        text = json.loads((out / f"{trained['system'].lower()}-1" / "config.json").read_text())["text"]
        assert text["clean"] == "tutorial"

    def never(self):
        raise AssertionError("a finished run is trained again")

    monkeypatch.setattr(Trainer, "_epoch", never)
    monkeypatch.setattr("seesay.experiments.reproduce.evaluate", never)
    assert run(call) == 0
    assert capsys.readouterr().out == printed


def test_the_two_recipes_differ_in_their_cell_alone():
    lstm, gru = (load_config(COMPARISONS["lstm-vs-gru"].recipes[cell]).model_dump() for cell in ("LSTM", "GRU"))
    assert (lstm["decoder"].pop("cell"), gru["decoder"].pop("cell")) == ("lstm", "gru")
    assert lstm.pop("name") != gru.pop("name")
    assert lstm == gru


def test_an_unknown_comparison_names_the_one_there_is(capsys):
    assert run(["reproduce", "lstm-vs-gro", "--data", "csv:x", "--out", "y"]) == 2
    assert "Did you mean 'lstm-vs-gru'?" in capsys.readouterr().err
