"""Whole runs with detected words and captions without pictures: trained, exported, fitted, trained on."""

import csv
import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import seesay
from seesay.artifact import TEXTS, read_artifact
from seesay.cli import run
from seesay.errors import UsageError
from seesay.exporting import check_parity, export_artifact
from seesay.exporting.calibration import GUIDED
from seesay.models.decoders.attention import DetectedWords
from seesay.models.decoders.words import WordTable
from seesay.text.mentions import Mentions
from seesay.training import load_config, train
from seesay.training.detected import Detected

COLORS = ("red", "green", "blue")
SMALL = [
    "encoder.name=test_efficientnet",
    "encoder.weights=random",
    "encoder.size=64",
    "decoder.hidden=16",
    "decoder.heads=2",
    "decoder.feed_forward=16",
    "decoder.words=3",
    "text.min_count=1",
    "text.unpaired_per_step=4",
    "detector.positives=3",
    "training.start_from=null",
    "training.batch_size=6",
    "training.epochs=2",
    "training.warmup_steps=1",
    "training.precision=float32",
    "training.max_length=6",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Colored pictures with captions that name their color, and captions of other pictures."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    with (folder / "captions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "caption", "split"])
        for i in range(24):
            noise = rng.integers(0, 60, (64, 64, 3), dtype=np.uint8)
            noise[..., i % 3] += 180
            Image.fromarray(noise).save(folder / f"{i}.png")
            for said in (f"a {COLORS[i % 3]} wall", f"the wall is {COLORS[i % 3]}"):
                writer.writerow([f"{i}.png", said, "train" if i < 18 else "dev"])
    lines = [f"{i}.jpg\ta {COLORS[i % 3]} zebra stands" for i in range(30) for _ in range(2)]
    (folder / "others.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    settings = [*SMALL, f"text.unpaired={{{root / 'others.tsv'}: 1}}"]
    train("everyday", settings, f"csv:{root / 'captions.csv'}", out, features=root / "features")
    return out


@pytest.fixture(scope="module")
def exported(root, trained, tmp_path_factory):
    data = f"csv:{root / 'captions.csv'}"
    out = tmp_path_factory.mktemp("exported") / "model"
    texts = [str(root / "others.tsv")]
    return export_artifact(trained, out, quantize="int8", neighbors=data, texts=texts, fit_to=[data])


def test_words_of_captions_without_pictures_are_known(trained):
    words = read_artifact(trained).manifest
    assert "zebra" in words.vocabulary["tokens"]
    assert set(COLORS) <= set(words.model["detector"]["words"])


def test_the_exported_model_detects_chooses_and_says_how_sure_it_is(root, exported, capsys):
    assert TEXTS in exported.files
    assert not check_parity(exported, [str(root / "0.png"), str(root / "1.png")]).differing
    captioner = seesay.load(exported.root)
    assert captioner.confident
    caption = captioner(str(root / "2.png"))
    assert 0 <= caption.confidence <= 1
    assert caption.sure == (caption.confidence >= captioner.chooser.selection.sure)
    assert {word for word, _ in caption.words} <= set(exported.manifest.model["detector"]["words"])
    photo = str(root / "2.png")
    assert run(["caption", photo, "--model", str(exported.root), "--json", "--words", "--confident", "0"]) == 0
    entry = json.loads(capsys.readouterr().out)[0]
    assert entry["captions"][0]["text"] == caption.text
    assert entry["captions"][0]["sure"] is True
    assert entry["captions"][0]["confidence"] == pytest.approx(caption.confidence, abs=1e-3)
    assert all(set(word) == {"word", "probability"} for word in entry["words"])
    assert run(["caption", photo, "--model", str(exported.root), "--confident", "1"]) == 0
    assert ": (not sure) perhaps: " in capsys.readouterr().out
    assert run(["caption", photo, "--model", str(exported.root), "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert rows[0]["caption"] == caption.text
    assert rows[0]["sure"] in ("true", "false")


def test_detected_words_guide_the_search_of_a_model_that_nothing_was_fitted_to(root, trained, tmp_path):
    selection = export_artifact(trained, tmp_path / "plain").manifest.selection
    assert selection == GUIDED
    captioner = seesay.load(tmp_path / "plain")
    assert captioner.chooser.guides
    assert not captioner.confident
    assert captioner(str(root / "2.png")).confidence is None


def test_what_does_not_say_how_sure_it_is_refuses_to_be_asked(root, capsys):
    assert run(["caption", str(root / "0.png"), "--model", "clips", "--confident", "0.5"]) == 2
    assert "does not say how sure it is" in capsys.readouterr().err
    assert run(["caption", str(root / "0.png"), "--model", "clips", "--confident", "2"]) == 2
    assert "from 0 to 1" in capsys.readouterr().err
    assert run(["caption", str(root / "0.png"), "--model", "clips", "--words"]) == 2
    assert "detects no words" in capsys.readouterr().err


def test_training_on_keeps_the_words_and_the_detector(root, trained, tmp_path):
    rows = [f"{root / str(i)}.png,my own {COLORS[i % 3]} door,{'train' if i < 2 else 'dev'}" for i in range(4)]
    (tmp_path / "own.csv").write_text("\n".join(["image,caption,split", *rows]) + "\n", "utf-8")
    more = [*SMALL[:-6], "detector.words=0", "training.epochs=1", f"training.start_from={trained}"]
    data = f"csv:{tmp_path / 'own.csv'}"
    train("everyday", [*more, "text.keep=true"], data, tmp_path / "on", features=root / "features")
    before, after = read_artifact(trained).manifest, read_artifact(tmp_path / "on").manifest
    assert after.model["detector"] == before.model["detector"]
    assert {"zebra", "door"} <= set(after.vocabulary["tokens"])
    with pytest.raises(UsageError, match=r"text\.keep=true"):
        train("everyday", [*more, "text.keep=false"], data, tmp_path / "off", features=root / "features")


def test_the_reward_of_detected_words(root, trained, tmp_path):
    """Self-critical training reads captions without pictures too, and words that nothing supports cost reward."""
    more = [
        *SMALL,
        "training.epochs=1",
        f"training.start_from={trained}",
        f"text.unpaired={{{root / 'others.tsv'}: 1}}",
    ]
    reward = ["self_critical.from_epoch=0", "self_critical.unpaired=0.5", "self_critical.unsupported=0.2"]
    data = f"csv:{root / 'captions.csv'}"
    train("everyday", [*more, *reward], data, tmp_path / "run", features=root / "features")
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert 0 <= float(row["unsupported"]) <= 6
    assert float(row["reward"]) == float(row["reward"])


def test_what_nothing_supports_is_counted():
    shares = np.array([[1, 0, 0, 0], [0, 0.5, 0, 0]], np.float32)  # what people said of two pictures
    found = torch.tensor([[0.0, 0.9, 0.1, 0.0], [0.9, 0.0, 0.0, 0.0]])
    mentions = Mentions(["dog", "cat", "bird", "man"], Counter(["dog", "cat", "bird", "man", "men", "dogs"]))
    config = load_config("everyday", [])
    detected = Detected(config, found, None, None, SimpleNamespace(vocabulary=None), None, shares, mentions)
    captions = [
        [["a", "dog", "and", "a", "cat"], ["a", "bird", "sees", "a", "man", "and", "a", "man"]],
        [["the", "dogs"], ["birds", "bird"]],
    ]
    assert detected.unsupported([0, 1], captions).tolist() == [[0, 2], [0, 1]]


def test_a_word_that_is_certain_in_bfloat16_has_finite_odds():
    reads = DetectedWords(8, 2)
    with torch.autocast("cpu", torch.bfloat16):
        found, mean = reads(WordTable(5, 8), torch.ones(1, 3, dtype=torch.bfloat16), torch.tensor([2, 3, 4]))
    assert found.isfinite().all()
    assert mean.isfinite().all()


def test_settings_that_do_not_go_together():
    with pytest.raises(UsageError, match=r"self_critical\.unpaired needs captions without pictures"):
        load_config("everyday", ["self_critical.unpaired=0.5"])
    with pytest.raises(UsageError, match=r"self_critical\.unsupported needs a decoder that reads detected words"):
        load_config("default", ["self_critical.unsupported=0.5"])
    with pytest.raises(UsageError, match=r"detector\.words needs a decoder that reads detected words"):
        load_config("everyday", ["decoder.words=0"])
    with pytest.raises(UsageError, match="needs a CNN that stays as it is"):
        load_config("everyday", ["finetune.from_epoch=1"])
