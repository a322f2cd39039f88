"""The included models: they are there, small enough, say what they are, and answer."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import seesay
from seesay.artifact import EMBEDDED, WEIGHTS, find_artifact, list_artifacts
from seesay.cli import run

NAMES = [artifact.name for artifact in list_artifacts()]
UCF = ("Archery", "BasketballDunk", "HorseRace", "PlayingPiano", "PlayingViolin", "Surfing")


def test_names_and_sizes(capsys):
    assert NAMES == ["activities", "clips", "default"]
    sizes = {artifact.name: artifact.size / 1e6 for artifact in list_artifacts()}
    assert sizes["default"] < 40
    assert max(sizes["activities"], sizes["clips"]) < 15
    assert sum(file.stat().st_size for file in EMBEDDED.rglob("*") if file.is_file()) < 60e6
    assert run(["models"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["model", *NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_whole_and_says_what_it_is(name):
    artifact = find_artifact(name)
    card = artifact.manifest.card
    for told in ("Trained on", "License", "Limits"):
        assert told in card
    assert re.search(r"[Ss]cored (once|(two|three|four|five) times)", card)  # how often test was looked at
    assert artifact.file(WEIGHTS).is_file()  # whole: its digest is checked
    assert artifact.manifest.scores["test"]


@pytest.mark.parametrize("name", NAMES)
def test_none_tells_of_the_machine_it_was_made_on(name):
    manifest = (find_artifact(name).root / "seesay.json").read_text("utf-8")
    config = find_artifact(name).manifest.training["config"]
    assert config["training"]["epochs"] > 0
    assert [part for part in re.findall(r'"((?:/|~|[A-Za-z]:\\\\)[^"]*)"', manifest) if len(part) > 1] == []


def test_the_captioner_of_photos_agrees_with_its_neighbors():
    captioner = seesay.load("default")
    assert captioner.options().consensus == 2
    assert len(captioner.neighbors.vectors) == 6747  # Flickr8k's and the everyday photos' training parts
    alone = [c.text for c in captioner.caption(["samples/astronaut.jpg"], num=8, consensus=0)[0]]
    agreed = [c.text for c in captioner.caption(["samples/astronaut.jpg"], num=8)[0]]
    assert set(agreed) == set(alone)
    assert agreed != alone


def test_the_captioner_of_photos_detects_words_and_says_how_sure_it_is():
    captioner = seesay.load("default")
    cat, rocket = (captioner(f"samples/{name}.jpg") for name in ("cat", "rocket"))
    assert cat.words[0][0] == "cat"
    assert "cat" in cat.text.split()
    assert cat.sure
    assert not rocket.sure  # it knows no rockets


def test_of_a_chart_a_page_and_a_blank_nothing_is_stated(tmp_path, capsys):
    for name, boxes in (("chart", 8), ("page", 400), ("blank", 0)):
        picture = Image.new("RGB", (640, 480), "white")
        draw = ImageDraw.Draw(picture)
        for i in range(boxes):
            x, y = (60 + 70 * i, 40 + 25 * i) if name == "chart" else (30 + 14 * (i % 40), 30 + 42 * (i // 40))
            draw.rectangle((x, y, *((x + 45, 450) if name == "chart" else (x + 6, y + 14))), fill=(20, 60, 160))
        picture.save(tmp_path / f"{name}.png")
    assert run(["caption", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.endswith("(not sure) perhaps: chart, text") for line in lines)


def test_photos_and_clips_without_a_model_named(tmp_path, capsys):
    pytest.importorskip("av", reason="clips need PyAV: pip install 'seesay[video]'")
    from clips import encode

    rng = np.random.default_rng(0)
    (tmp_path / "clip.mp4").write_bytes(encode(list(rng.integers(0, 256, (12, 64, 96, 3), dtype=np.uint8))))
    assert run(["caption", str(tmp_path), "samples/cat.jpg", "--json"]) == 0
    clip, photo = json.loads(capsys.readouterr().out)
    assert (clip["model"], photo["model"]) == ("clips", "default")
    assert clip["captions"][0]["text"]
    assert run(["recognize", str(tmp_path / "clip.mp4"), "--top", "6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)[0]
    assert found["model"] == "activities"
    assert tuple(sorted(p["label"] for p in found["predictions"])) == UCF
    assert sum(p["probability"] for p in found["predictions"]) == pytest.approx(1, abs=1e-4)


def test_activities_on_real_clips(clip_data):
    """Of the official test part, two clips of each class."""
    recognizer = seesay.load("activities")
    root = clip_data / "ucf101-6"
    chosen = {label: sorted((root / label).glob("v_*_g0[1-7]_c0[12].avi"))[:2] for label in UCF}
    right = [recognizer(clip)[0].label == label for label, clips in chosen.items() for clip in clips]
    assert len(right) == 12
    assert sum(right) >= 11


def test_clips_on_real_clips(clip_data):
    """A word of what people said of each of ten test clips, on the whole."""
    from seesay.data import read_dataset

    samples = read_dataset(f"msvd:{clip_data / 'msvd-486'}").split("test")[::17][:10]
    captioner = seesay.load("clips")
    said = [captioner(sample.media).text for sample in samples]
    common = {"a", "is", "the", "are", "in", "on", "and", "of", "with", "man", "woman"}
    met = [
        bool((set(text.split()) - common) & set(" ".join(sample.references).lower().split()))
        for text, sample in zip(said, samples, strict=True)
    ]
    assert sum(met) >= 7


def test_every_embedded_model_says_data_terms_and_origin() -> None:
    notice = (Path(__file__).parent.parent / "NOTICE").read_text("utf-8")
    for artifact in list_artifacts():
        training = artifact.manifest.training
        assert training["data"], artifact.name
        for word in ("encoder:", "Apache-2.0"):
            assert word in training["license"], f"{artifact.name}: license says no {word}"
        assert f"- {artifact.name}: " in notice, f"NOTICE says nothing of {artifact.name}"
