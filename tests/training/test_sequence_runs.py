"""Runs on texts and sounds, from files to a model; what does not open, and settings that do not belong together."""

import json
import logging

import pytest
import torch
from sequences import tone, write_wav

from seesay.artifact import read_artifact
from seesay.errors import DataError, UsageError
from seesay.exporting.weights import load_any_model
from seesay.training import load_config, train
from seesay.training.checkpoints import read_checkpoint
from seesay.training.features import extract_dataset

QUICK = ["training.epochs=2", "training.batch_size=4", "classifier.hidden=8", "encoder.channels=[8]"]
TEXT = [*QUICK, "encoder.length=8", "encoder.embedding=8", "encoder.min_count=1"]
SOUND = [*QUICK, "encoder.rate=8000", "encoder.seconds=0.4", "encoder.mels=20"]


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("SEESAY_CACHE", str(tmp_path / "cache"))
    for label, words in (("up", "it goes up"), ("down", "down it goes")):
        for number in range(8):
            write_wav(tmp_path / "sounds" / label / f"{number}.wav", tone(300 if label == "up" else 900))
            (tmp_path / "texts" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "texts" / label / f"{number}.txt").write_text(f"{words} {number}")
    return tmp_path


def test_a_run_on_texts_leaves_a_model_with_its_words(data):
    out = train("cnn_lstm_text", TEXT, f"folders:{data}/texts", data / "run")
    model = load_any_model(out)
    assert model.labels == ("down", "up")
    assert {"it", "goes", "up", "down"} <= set(model.vocabulary.tokens)
    described = read_artifact(out).manifest
    assert described.preprocessing == {"kind": "text", "length": 8}
    assert described.training["config"]["encoder"]["embedding"] == 8
    assert json.loads((out / "config.json").read_text())["encoder"]["name"] == "text_cnn"
    # Nothing was encoded once and kept.
    assert not (data / "cache" / "features").exists()


def test_resuming_gives_the_weights_of_an_unbroken_run(data):
    whole = train("cnn_lstm_text", TEXT, f"folders:{data}/texts", data / "whole")
    first = read_checkpoint(whole / "last.safetensors")[0]
    again = train("cnn_lstm_text", TEXT, f"folders:{data}/texts", data / "whole", resume=True)
    assert all(
        torch.equal(value, first[name]) for name, value in read_checkpoint(again / "last.safetensors")[0].items()
    )


def test_sounds_that_do_not_open_are_passed_over_and_counted(data, caplog):
    (data / "sounds" / "up" / "3.wav").write_bytes(b"RIFF")
    write_wav(data / "sounds" / "down" / "3.wav", [0.0] * 100)
    with caplog.at_level(logging.INFO, "seesay.training"):
        out = train("cnn_lstm_audio", SOUND, f"folders:{data}/sounds", data / "run")
    assert "sounds; faults in the data passed over: 2" in caplog.text
    assert read_artifact(out).manifest.preprocessing["kind"] == "sound"


def test_texts_of_which_none_can_be_read_stop_the_run(data):
    for file in (data / "texts").rglob("*.txt"):
        file.write_bytes(b"\0\1\2")
    with pytest.raises(DataError, match="no word"):
        train("cnn_lstm_text", TEXT, f"folders:{data}/texts", data / "run")


def test_another_model_of_the_same_words_is_begun_with_and_no_other(data):
    first = train("cnn_lstm_text", TEXT, f"folders:{data}/texts", data / "first")
    begun = [*TEXT, f"training.start_from={first}"]
    train("cnn_lstm_text", begun, f"folders:{data}/texts", data / "second")
    for file in (data / "texts").rglob("*.txt"):
        file.write_text(file.read_text().replace("goes", "went"))
    with pytest.raises(UsageError, match="its vocabulary is another"):
        train("cnn_lstm_text", begun, f"folders:{data}/texts", data / "third")


@pytest.mark.parametrize(
    ("recipe", "data_kind", "said"),
    [
        ("cnn_lstm_text", "sounds", "holds sounds, and cnn_lstm_text reads texts"),
        ("cnn_lstm_audio", "texts", "holds texts, and cnn_lstm_audio reads sounds"),
        ("lrcn_small", "sounds", "holds sounds, and lrcn_small reads clips"),
        ("merge", "texts", "holds texts, and merge reads pictures"),
    ],
)
def test_a_recipe_takes_what_it_reads(data, recipe, data_kind, said):
    with pytest.raises(UsageError, match=said):
        train(recipe, [], f"folders:{data / data_kind}", data / "run")


@pytest.mark.parametrize(
    ("recipe", "override", "said"),
    [
        ("cnn_lstm_text", "finetune.from_epoch=null", "begins with random weights: finetune.from_epoch=0"),
        ("cnn_lstm_text", "finetune.from_epoch=1", "finetune.from_epoch=0"),
        ("cnn_lstm_audio", "finetune.until_epoch=3", "no until_epoch"),
        ("cnn_lstm_audio", "finetune.augment=true", "finetune.augment=false"),
        ("cnn_lstm_audio", "finetune.batch_norm=false", "finetune.batch_norm=true"),
        ("cnn_lstm_text", "clip.frames=4", "clip and training.augmented_copies are for pictures"),
        ("cnn_lstm_text", "classifier=conv_lstm", "classifier conv_lstm the grids of pictures"),
        ("cnn_lstm_text", "encoder.kernel=2", "kernel must be odd"),
        ("cnn_lstm_text", "encoder.lenght=2", "Did you mean 'length'"),
        ("cnn_lstm_text", "encoder.size=2", "unknown key 'encoder.size'"),
        ("cnn_lstm_text", "encoder=small_cnn", "classifier judges clips"),
        ("lrcn_small", "encoder=text_cnn", "clip and training.augmented_copies are for pictures"),
        ("merge", "encoder=sound_cnn", "give classifier"),
    ],
)
def test_settings_that_do_not_belong_together_are_refused(recipe, override, said):
    with pytest.raises(UsageError, match=said) as raised:
        load_config(recipe, [override])
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize("encoder", ["text_cnn", "test_efficientnet"])
def test_nothing_is_encoded_once_of_texts(data, encoder):
    with pytest.raises(UsageError, match="random weights and learns"):
        extract_dataset(
            f"folders:{data}/texts",
            load_config("merge", ["encoder.size=64"]).encoder.model_copy(update={"name": encoder}),
            data / "f",
        )
