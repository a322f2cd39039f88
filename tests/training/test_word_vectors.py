"""Word vectors and removed words in whole runs on a tiny data set."""

import json
from types import SimpleNamespace

import pytest
import torch

from seesay.errors import UsageError
from seesay.models.decoders import DECODERS
from seesay.models.decoders.inject import InjectConfig, InjectDecoder
from seesay.text import STOP_WORDS, Vocabulary
from seesay.training import train
from seesay.training.batches import CaptionTargets
from seesay.training.callbacks import Callback
from seesay.training.checkpoints import read_checkpoint
from seesay.training.config import load_config
from seesay.training.sections import TextSettings, VectorSettings
from seesay.training.vectors import give_vectors

SMALL = [
    "encoder=test_efficientnet",
    "encoder.weights=random",
    "encoder.size=64",
    "decoder.hidden=16",
    "decoder.embedding=3",
    "text.min_count=1",
    "training.batch_size=3",
    "training.warmup_steps=2",
    "training.epochs=2",
    "training.weight_decay=0.1",
]
TABLE = "decoder.embedding.weight"


@pytest.fixture
def run(tiny_flickr8k, tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))

    def go(name, *settings, recipe="merge", **options):
        return train(recipe, [*SMALL, *settings], f"flickr8k:{tiny_flickr8k}", tmp_path / name, **options)

    return go


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "vectors.txt"
    file.write_text("red 1 0 0\nblue 0 1 0\ngreen 0 0 1\nzebra 1 1 1\ncircle 0 1 1\nbroken 1\n")
    return file


def words(out):
    tokens = json.loads((out / "seesay.json").read_text("utf-8"))["vocabulary"]["tokens"]
    return {token: i for i, token in enumerate(tokens)}


def test_fixed_vectors_are_in_the_model_as_they_are_in_the_file(run, file, caplog):
    with caplog.at_level("INFO", logger="seesay.training"):
        out = run("fixed", f"vectors.source={file}", "vectors.tune=false")
    table, ids = read_checkpoint(out / "best.safetensors")[0][TABLE], words(out)
    assert table[ids["red"]].tolist() == [1, 0, 0]
    assert table[ids["circle"]].tolist() == [0, 1, 1]
    kept = json.loads((out / "seesay.json").read_text("utf-8"))["training"]["vectors"]
    # The train photos are red, green and blue ones.
    assert kept == {"source": str(file), "dimension": 3, "covered": round(4 / (len(ids) - 4), 4)}
    assert f"{100 * 4 / (len(ids) - 4):.1f} % of the {len(ids) - 4} words have one" in caplog.text
    assert "1 lines are passed over, the first is line 6: 1 numbers, not 3" in caplog.text


def test_a_decoder_that_scales_its_table_reads_what_the_file_says(run, file):
    out = run("scaled", f"vectors.source={file}", "vectors.tune=false", "training.epochs=1", recipe="where_par")
    table, ids = read_checkpoint(out / "best.safetensors")[0][TABLE], words(out)
    decoder = InjectDecoder(InjectConfig(embedding=3, hidden=16), len(ids), 24)
    decoder.embedding.weight.data = table
    read = decoder.embedding(torch.tensor([ids["red"], ids["circle"]]))
    torch.testing.assert_close(read, torch.tensor([[1.0, 0, 0], [0, 1, 1]]))


def test_tuned_vectors_move(run, file):
    out = run("tuned", f"vectors.source={file}", "training.epochs=1")
    red = read_checkpoint(out / "last.safetensors")[0][f"model.{TABLE}"][words(out)["red"]]
    assert red.tolist() != [1, 0, 0]
    assert torch.allclose(red, torch.tensor([1.0, 0.0, 0.0]), atol=0.1)


def test_a_resumed_run_reads_no_file(run, file):
    class Stop(Exception):
        pass

    class StopAfter(Callback):
        def on_epoch(self, progress):
            raise Stop

    settings = [f"vectors.source={file}", "vectors.tune=false"]
    whole = run("whole", *settings)
    with pytest.raises(Stop):
        run("broken", *settings, callbacks=[StopAfter()])
    file.unlink()
    broken = run("broken", *settings, resume=True)
    one, other = (read_checkpoint(out / "last.safetensors")[0] for out in (whole, broken))
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    about = [json.loads((out / "seesay.json").read_text("utf-8"))["training"] for out in (whole, broken)]
    assert about[0]["vectors"] == about[1]["vectors"]


def test_vectors_trained_on_the_captions_cover_every_word(run):
    out = run("cbow", "vectors.source=cbow", "training.epochs=1")
    assert json.loads((out / "vectors.json").read_text()) == {"source": "cbow", "dimension": 3, "covered": 1.0}


def test_what_does_not_fit_names_the_setting(run, file):
    with pytest.raises(UsageError, match=r"has 3 numbers a word, the decoder takes 5: set decoder\.embedding=3"):
        run("a", f"vectors.source={file}", "decoder.embedding=5")
    with pytest.raises(UsageError, match=r"vectors\.source: 'skipgramm' cannot be read"):
        run("b", "vectors.source=skipgramm")
    with pytest.raises(UsageError, match="would fix random vectors"):
        load_config("merge", ["vectors.tune=false"])


@pytest.mark.parametrize("name", ["attention", "transformer"])
def test_a_decoder_whose_output_is_its_table(name, tiny_flickr8k, tmp_path, monkeypatch, file):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    settings = [s for s in SMALL if "embedding" not in s]
    settings += [f"decoder={name}", "decoder.hidden=12", "decoder.heads=2", "decoder.feed_forward=8"]
    data = f"flickr8k:{tiny_flickr8k}"
    with pytest.raises(UsageError, match=r"vectors\.tune=false: the output layer of \w+Decoder is its table"):
        train("merge", [*settings, "vectors.source=cbow", "vectors.tune=false"], data, tmp_path / "a")
    with pytest.raises(UsageError, match=r"set decoder\.hidden=3"):
        train("merge", [*settings, f"vectors.source={file}"], data, tmp_path / "b")
    train("merge", [*settings, "vectors.source=skipgram", "training.epochs=1"], data, tmp_path / "c")


def small_decoder(name, words):
    small = {"hidden": 8, "heads": 2, "embedding": 8, "attention": 8, "feed_forward": 8, "static": (2,), "dynamic": 2}
    kind = DECODERS[name]
    settings = {key: value for key, value in small.items() if key in kind.config_class.model_fields}
    return kind(kind.config_class(**settings), words, 8).eval()


def test_every_decoder_reads_the_vectors_as_they_are():
    """Whatever the scale at which its own words begin."""
    captions = [[f"word{i % 9}", f"word{i % 7}", "dog"] for i in range(40)]
    vocabulary = Vocabulary.build(captions, 1)
    read = {}
    for source in ("cbow", "skipgram"):
        for name in sorted(DECODERS):
            decoder = small_decoder(name, len(vocabulary))
            if decoder.tied:
                continue
            give_vectors(
                SimpleNamespace(decoder=decoder, vocabulary=vocabulary), captions, VectorSettings(source=source), 1
            )
            with torch.no_grad():
                found = decoder.embedding(torch.arange(4, len(vocabulary)))
            torch.testing.assert_close(found, read.setdefault(source, found), msg=name)
    assert not torch.allclose(read["cbow"], read["skipgram"])


def test_every_decoder_that_says_words_by_its_table_says_so():
    """A change of the table that is read must not change the output layer, unless the decoder is `tied`."""
    for name in sorted(DECODERS):
        decoder = small_decoder(name, 9)
        table = decoder.embedding
        hidden = torch.randn(1, decoder.project.in_features if hasattr(decoder, "project") else 8)
        before = decoder.output(hidden)
        with torch.no_grad():
            table.weight += 1
        assert decoder.tied == (not torch.equal(decoder.output(hidden), before)), name


def test_stop_words_and_rare_words_are_left_out(tiny_flickr8k):
    from seesay.data import read_dataset

    samples = read_dataset(f"flickr8k:{tiny_flickr8k}").split("train")
    for settings in (TextSettings(remove_stop_words=True, min_count=9, drop_rare=True), TextSettings(min_count=9)):
        texts = [settings.learned.words(text) for sample in samples for text in sample.references]
        vocabulary = Vocabulary.build(texts, settings.min_count)
        book = CaptionTargets(samples, vocabulary, settings)
        said = {vocabulary.tokens[i] for captions in book.ids for ids in captions for i in ids}
        assert (vocabulary.unk in {i for c in book.ids for ids in c for i in ids}) == (not settings.drop_rare)
        assert bool(said & STOP_WORDS) == (not settings.remove_stop_words)
        assert "circle" in said
