"""`seesay caption` over clips, photos and both, with small random models in the place of the embedded ones."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from clip_models import clip_captioner, colors
from PIL import Image

import seesay
from seesay.cli import run
from seesay.explain.film_strip import CELL, LABEL, film_strip
from seesay.media import Section
from seesay.media.subtitles import subtitles, timestamp

RED, BLUE, GREEN = (250, 20, 20), (20, 20, 250), (20, 250, 20)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of embedded models: `default` of photos and `clips`."""
    root = tmp_path_factory.mktemp("embedded")
    for name, frames in (("default", None), ("clips", 4)):
        made = clip_captioner(tmp_path_factory.mktemp("made") / name, frames=frames)
        shutil.copytree(made.root, root / name)
    return root


@pytest.fixture
def embedded(models, monkeypatch):
    monkeypatch.setattr("seesay.artifact.read.EMBEDDED", models)
    return models


@pytest.fixture
def media(tmp_path):
    """A photo, two clips of colors, the first of two scenes, and another photo."""
    root = tmp_path / "media"
    root.mkdir()
    Image.new("RGB", (40, 30), GREEN).save(root / "1.png")
    colors(root / "2.gif", [RED] * 4 + [BLUE] * 4)
    colors(root / "3.gif", [GREEN, BLUE])
    Image.new("RGB", (40, 30), RED).save(root / "4.jpg")
    return root


def test_photos_go_to_one_model_and_clips_to_the_other_in_their_order(embedded, media, capsys):
    assert run(["caption", str(media), "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [Path(e["path"]).name for e in entries] == ["1.png", "2.gif", "3.gif", "4.jpg"]
    assert [e["model"] for e in entries] == ["default", "clips", "clips", "default"]
    assert all(set(e) == {"path", "captions", "model", "error"} and e["error"] is None for e in entries)
    assert entries[1]["captions"][0]["text"] == seesay.load("clips")(media / "2.gif").text


def test_a_model_of_clips_that_was_named_takes_photos_too(embedded, media, capsys):
    assert run(["caption", str(media), "--model", "clips", "--jsonl"]) == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["model"] for e in entries] == ["clips"] * 4


def test_a_model_of_photos_that_was_named_takes_no_videos(embedded, media, capsys):
    video = pytest.importorskip("clips").write(media / "5.mp4", 3)
    assert run(["caption", str(video), "--model", "default"]) == 1
    assert "5.mp4: is a clip, and default describes photos" in capsys.readouterr().err


def test_scene_by_scene(embedded, media, capsys):
    assert run(["caption", str(media / "2.gif"), str(media / "1.png"), "--per-scene", "--json"]) == 0
    first, second, photo = json.loads(capsys.readouterr().out)
    assert (first["start"], first["end"], second["start"], second["end"]) == (0, 2, 2, 4)
    assert (photo["start"], photo["end"], photo["model"]) == (None, None, "default")
    captioner = seesay.load("clips")
    whole = captioner(Section(media / "2.gif", 2.0, None))
    assert second["captions"][0] == json.loads(json.dumps(whole.to_json()))
    assert run(["caption", str(media / "2.gif"), "--per-scene"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"{media / '2.gif'} 00:00:02.000 --> 00:00:04.000: {whole.text}"
    assert run(["caption", str(media / "2.gif"), "--per-scene", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["start"], row["end"]) for row in rows] == [("0.0", "2.0"), ("2.0", "4.0")]


def test_scenes_as_subtitles(embedded, media, tmp_path, capsys):
    captioner = seesay.load("clips")
    said = [captioner(Section(media / "2.gif", *part)).text for part in ((0.0, 2.0), (2.0, None))]
    assert run(["caption", str(media / "2.gif"), "--out", str(tmp_path / "a.vtt")]) == 0
    assert (tmp_path / "a.vtt").read_text("utf-8") == (
        f"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{said[0]}\n\n00:00:02.000 --> 00:00:04.000\n{said[1]}\n\n"
    )
    assert run(["caption", str(media / "2.gif"), "--per-scene", "--out", str(tmp_path / "a.srt")]) == 0
    assert (tmp_path / "a.srt").read_text("utf-8") == (
        f"1\n00:00:00,000 --> 00:00:02,000\n{said[0]}\n\n2\n00:00:02,000 --> 00:00:04,000\n{said[1]}\n\n"
    )
    before = (tmp_path / "a.vtt").read_bytes()
    for others, told in (
        ([str(media / "3.gif")], "a subtitle file is of one clip"),
        ([str(media / "1.png")], "a subtitle file is of one clip"),
        (["--json"], "is a subtitle file; leave out --json"),
        (["--num", "2"], "one sentence for each scene; leave out --num"),
    ):
        assert run(["caption", str(media / "2.gif"), *others, "--out", str(tmp_path / "a.vtt")]) == 2
        assert told in capsys.readouterr().err
        assert (tmp_path / "a.vtt").read_bytes() == before
    (tmp_path / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42 no clip")
    assert run(["caption", str(tmp_path / "broken.mp4"), "--out", str(tmp_path / "a.vtt")]) == 1
    assert (tmp_path / "a.vtt").read_bytes() == before


def test_a_model_of_photos_describes_the_middle_frame_of_each_scene(embedded, media, capsys):
    assert run(["caption", str(media / "2.gif"), "--per-scene", "--model", "default"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "seesay: default describes photos: of each scene the middle frame\n"
    captioner = seesay.load()
    expected = [captioner(np.full((30, 40, 3), color, np.uint8)).text for color in (RED, BLUE)]
    assert [line.split(": ")[1] for line in printed.out.splitlines()] == expected


def test_a_clip_that_cannot_be_read_is_named_once(embedded, media, capsys):
    broken = media / "6.mp4"
    broken.write_bytes(b"no clip")
    assert run(["caption", str(broken), str(media / "3.gif"), "--per-scene", "--json"]) == 1
    printed = capsys.readouterr()
    entries = json.loads(printed.out)
    assert "6.mp4" in entries[0]["error"]
    assert (entries[0]["start"], entries[0]["captions"]) == (None, [])
    assert entries[1]["captions"]
    assert len(printed.err.splitlines()) == 1


def test_explain_is_a_film_strip_with_the_weight_of_each_frame(embedded, media, tmp_path):
    assert run(["caption", str(media), "--explain", str(tmp_path / "looked")]) == 0
    page = (tmp_path / "looked" / "index.html").read_text("utf-8")
    assert "each frame had for the word" in page
    assert re.search("model (default and clips|clips and default)", page)
    with Image.open(tmp_path / "looked" / "2.png") as strip:
        assert strip.width == LABEL + 4 * CELL
    assert run(["caption", str(media), "--explain", str(tmp_path / "looked"), "--per-scene"]) == 2


def test_a_film_strip_is_warm_where_the_weight_is():
    frames = np.stack([np.full((20, 20, 3), shade, np.uint8) for shade in (0, 120, 255)])
    weights = np.array([[0.1, 0.8, 0.1], [0.0, 0.0, 1.0]], np.float32)
    with_weights = np.asarray(film_strip(frames, ["a", "dog"], weights)).astype(int)
    without = film_strip(frames, ["a", "dog"], None)
    assert with_weights.shape[0] > without.height
    for row, warmest in ((0, 1), (1, 2)):
        top = without.height + 4 + 26 * row
        blue = [with_weights[top, LABEL + 5 + CELL * frame, 2] for frame in range(3)]
        assert int(np.argmin(blue)) == warmest


def test_times_and_marks_of_subtitles():
    assert timestamp(3661.0004) == "01:01:01.000"
    assert timestamp(59.9996) == "00:01:00.000"
    assert timestamp(0.25, comma=True) == "00:00:00,250"
    assert subtitles([(0, 1, "a < b & c")], Path("x.vtt")).endswith("a &lt; b &amp; c\n\n")
    assert subtitles([], Path("x.VTT")) == "WEBVTT\n\n"


@pytest.mark.parametrize(("format", "starts"), [("mp4", 3.0), ("mpegts", 3.0), ("matroska", 3.0)])
def test_scenes_of_a_clip_whose_picture_begins_late(embedded, tmp_path, format, starts):
    """Sound from 0, picture from 3 seconds on: cues are where a player shows the scenes."""
    clip_corpus = pytest.importorskip("clip_corpus")
    late = clip_corpus.Picture(begin=75, colors=[0] * 50 + [1] * 50)
    (tmp_path / "late").write_bytes(clip_corpus.make(late, clip_corpus.Sound(seconds=7.0), format=format))
    assert run(["caption", str(tmp_path / "late"), "--per-scene", "--out", str(tmp_path / "a.srt")]) == 0
    cues = re.findall(r"00:00:(\S+) --> 00:00:(\S+)", (tmp_path / "a.srt").read_text("utf-8"))
    found = [[float(moment.replace(",", ".")) for moment in cue] for cue in cues]
    right = [[starts, starts + 2], [starts + 2, starts + 4]]
    assert np.abs(np.array(found) - right).max() <= 0.07, "sound in MP4 and MPEG streams begins up to a frame before 0"
