"""`seesay recognize` and `seesay evaluate` of recognizers, end to end."""

import csv
import json
import sys

import pytest
import torch
from activities import CLASSES, draw_activities
from clips import MODALITIES, write
from hostile_clips import make_hostile_clips
from PIL import Image

from seesay.cli import run
from seesay.errors import MediaError
from seesay.exporting import export_artifact
from seesay.exporting.weights import describe_classifier, save_model
from seesay.media import FrameSampling, frames_of
from seesay.media.source import WebPicture
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.encoders import EncoderConfig


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("recognize")
    torch.manual_seed(0)
    config = CLASSIFIERS["recurrent"].config_class(hidden=8)
    model = ClassifyModel.build(EncoderConfig(name="test_efficientnet", weights="random", size=32), config, CLASSES)
    save_model(model.eval(), describe_classifier(model, config, "tiny", FrameSampling("uniform", 4)), root / "run")
    export_artifact(root / "run", root / "model", quantize="none")
    draw_activities(root / "clips")
    return root


def test_json_is_one_list_with_labels_and_errors(folder, tmp_path, capsys):
    (tmp_path / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42 no clip")
    good = folder / "clips" / "GoesLeft" / "0.gif"
    code = run(["recognize", str(good), str(tmp_path / "broken.mp4"), "--model", str(folder / "model"), "--json"])
    shown = capsys.readouterr()
    first, second = json.loads(shown.out)
    assert code == 1
    assert first.keys() == {"path", "predictions", "model", "error"}
    assert first["path"] == str(good)
    assert first["model"] == "tiny"
    assert first["error"] is None
    assert {one["label"] for one in first["predictions"]} == set(CLASSES)
    assert second["predictions"] == []
    assert "broken.mp4" in second["error"]
    assert shown.err.count("\n") == 1


def test_lines_tables_and_text(folder, capsys):
    call = ["recognize", str(folder / "clips"), "--model", str(folder / "model"), "--top", "1"]
    assert run(call) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert "0.gif: Goes" in lines[0]
    assert run([*call, "--jsonl"]) == 0
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 8
    assert run([*call, "--csv"]) == 0
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    assert header == ["path", "label", "probability", "error"]
    assert len(rows) == 8


def test_every_good_clip_among_broken_ones_is_answered(folder, tmp_path, capsys):
    good = [write(tmp_path / "good" / f"{name}.{name.split('.')[-1]}", 12, **kind) for name, kind in MODALITIES.items()]
    made = make_hostile_clips(tmp_path / "hostile", good, 60, seed=1)
    assert run(["recognize", *map(str, made), "--model", str(folder / "model"), "--jsonl"]) == 1
    shown = capsys.readouterr()
    rows = [json.loads(line) for line in shown.out.splitlines()]
    answered = {row["path"] for row in rows if row["predictions"]}
    assert [row["path"] for row in rows] == [str(path) for path in made]
    assert {str(path) for path, sound in made.items() if sound} <= answered
    faults = [row["error"] for row in rows if not row["predictions"]]
    assert len(faults) > 15
    assert shown.err.splitlines() == [f"seesay: {fault}" for fault in faults]


def test_a_timeline_is_a_table_and_a_plot(folder, tmp_path):
    clip = folder / "clips" / "GoesRight" / "0.gif"
    file = tmp_path / "time.csv"
    assert (
        run(["recognize", str(clip), "--model", str(folder / "model"), "--timeline", str(file), "--every", "0.5"]) == 0
    )
    header, *rows = csv.reader(file.read_text().splitlines())
    assert header == ["seconds", *CLASSES]
    assert [row[0] for row in rows] == ["0", "0.5"]
    assert all(sum(map(float, row[1:])) == pytest.approx(1, abs=1e-4) for row in rows)
    assert (tmp_path / "time.png").read_bytes().startswith(b"\x89PNG")


def test_a_timeline_of_a_clip_whose_picture_begins_late(folder, tmp_path):
    clip_corpus = pytest.importorskip("clip_corpus")
    late = clip_corpus.Picture(begin=75, colors=[0] * 50)
    (tmp_path / "late.mp4").write_bytes(clip_corpus.make(late, clip_corpus.Sound(seconds=5.0)))
    file = tmp_path / "time.csv"
    call = ["recognize", str(tmp_path / "late.mp4"), "--model", str(folder / "model"), "--timeline", str(file)]
    assert run([*call, "--every", "0.5"]) == 0
    times = [float(row[0]) for row in list(csv.reader(file.read_text().splitlines()))[1:]]
    assert times == [3.0, 3.5, 4.0], "moments at which two seconds begin, the first where the picture does"


@pytest.mark.parametrize(
    ("named", "written"),
    [("a.csv", ["a.csv", "a.png"]), ("a.PNG", ["a.csv", "a.png"]), ("run.1", ["run.1.csv", "run.1.png"])],
)
def test_a_timeline_is_called_what_was_asked_for(folder, tmp_path, named, written):
    clip = folder / "clips" / "GoesRight" / "0.gif"
    assert run(["recognize", str(clip), "--model", str(folder / "model"), "--timeline", str(tmp_path / named)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == written


def test_without_matplotlib_a_timeline_is_a_table(folder, tmp_path, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("timeline", "plots"):
        monkeypatch.delitem(sys.modules, f"seesay.report.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    call = ["recognize", str(folder / "clips" / "GoesRight" / "0.gif"), "--model", str(folder / "model"), "--timeline"]
    assert run([*call, str(tmp_path / "t")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert "pip install matplotlib; the table is written without it" in capsys.readouterr().err
    assert run([*call, str(tmp_path / "t.png")]) == 6
    assert capsys.readouterr().err == "seesay: the plot of --timeline needs matplotlib: pip install matplotlib\n"


def test_nothing_that_is_read_is_written_over(folder, tmp_path, capsys):
    model = ["--model", str(folder / "model")]
    clip = tmp_path / "clip.gif"
    clip.write_bytes((folder / "clips" / "GoesLeft" / "0.gif").read_bytes())
    photo = tmp_path / "photo.png"
    Image.new("RGB", (40, 40)).save(photo)
    (tmp_path / "clip.txt").symlink_to(clip)
    before = {path: path.read_bytes() for path in (clip, photo, tmp_path / "clip.txt")}
    for call in (
        [str(clip), "--out", str(tmp_path / "clip.txt")],
        [str(clip), "--json", "--out", str(tmp_path / "." / "clip.txt")],
        [str(photo), "--timeline", str(tmp_path / "photo.csv")],
    ):
        assert run(["recognize", *call, *model]) == 2, call
        shown = capsys.readouterr()
        assert "would be written over" in shown.err
        assert shown.out == ""
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_is_wrong_with_a_timeline_is_said_before_any_work(folder, tmp_path, capsys):
    clip, model = str(folder / "clips" / "GoesLeft" / "0.gif"), ["--model", str(folder / "model")]
    (tmp_path / "there.png").mkdir()
    for call, message in (
        (["--timeline", "."], "--timeline .: . is a folder"),
        (["--timeline", str(tmp_path / "there.csv")], "there.png is a folder"),
        (["--timeline", str(tmp_path / "t.csv"), "--every", "0"], "above 0"),
        (["--timeline", str(tmp_path / "t.csv"), "--window", "nan"], "above 0"),
        (["--timeline", str(tmp_path / "t.csv"), "--out", str(tmp_path / "t.csv")], "is a file of --timeline"),
        (["--every", "2"], "--every and --window are for --timeline and --camera"),
    ):
        assert run(["recognize", clip, *call, *model]) == 2, call
        shown = capsys.readouterr()
        assert message in shown.err
        assert shown.err.count("\n") == 1
        assert shown.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["there.png"]


def test_a_camera_and_a_stream_are_followed(folder, monkeypatch, capsys):
    """A file stands for both: neither is there in a test."""
    clip = folder / "clips" / "GoesRight" / "1.gif"
    opened = []

    def frames(source, *rest, **more):
        opened.append(source)
        return frames_of(clip, *rest, **more)

    monkeypatch.setattr("seesay.runtime.recognizer.frames_of", frames)
    address = "http://camera.example/live.m3u8"
    call = ["recognize", "--model", str(folder / "model"), "--every", "0.5", "--top", "1"]
    assert run([*call, "--camera", "0", "--jsonl"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["path"], row["seconds"]) for row in rows] == [("camera 0", 0), ("camera 0", 0.5)]
    assert run([*call, "--camera", address, "--allow-url", "--csv"]) == 0
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    assert header == ["path", "seconds", "label", "probability", "error"]
    assert [row[:2] for row in rows] == [[address, "0.0"], [address, "0.5"]]
    assert opened == [0, WebPicture(address)]
    assert run([*call, "--camera", address]) == 2
    assert "allow that with --allow-url" in capsys.readouterr().err
    assert run([*call, "--camera", "front"]) == 2
    assert "neither a camera's number" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["--jsonl", "--csv"])
@pytest.mark.parametrize(
    ("end", "code", "said"),
    [(KeyboardInterrupt(), 130, "interrupted"), (MediaError("camera 0: unplugged"), 1, "camera 0: unplugged")],
    ids=["interrupted", "unplugged"],
)
def test_what_a_camera_showed_is_kept_when_it_ends(folder, tmp_path, monkeypatch, capsys, form, end, code, said):
    out = tmp_path / "new" / "seen.txt"

    def frames(source, *rest, **more):
        for number, frame in enumerate(frames_of(folder / "clips" / "GoesRight" / "1.gif", *rest, **more)):
            if number == 3:
                raise end
            yield frame
            assert number < 1 or out.read_text(), "each row is written as soon as it is known"

    monkeypatch.setattr("seesay.runtime.recognizer.frames_of", frames)
    call = ["recognize", "--model", str(folder / "model"), "--camera", "0", "--every", "0.01", "--top", "1", form]
    assert run([*call, "--out", str(out)]) == code
    assert capsys.readouterr().err == f"seesay: {said}\n"
    assert len(out.read_text().splitlines()) == 3 + (form == "--csv")
    assert [path.name for path in out.parent.iterdir()] == ["seen.txt"]


def test_a_camera_that_is_not_there_leaves_no_file(folder, tmp_path, capsys):
    call = ["recognize", "--model", str(folder / "model"), "--camera", "97", "--jsonl", "--out", str(tmp_path / "a")]
    assert run(call) == 1
    assert "no such camera" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_wrong_use_is_one_line(folder, capsys):
    clip, model = str(folder / "clips" / "GoesLeft" / "0.gif"), ["--model", str(folder / "model")]
    for call, message in (
        ([*model], "name clips, or a --camera"),
        ([clip, "--json", "--csv", *model], "choose one"),
        ([clip, "--camera", "0", *model], "one of the two"),
        (["--camera", "0", "--json", *model], "has no end"),
        ([clip, "--top", "0", *model], "must be 1 or more"),
        ([str(folder / "clips"), "--timeline", "x.csv", *model], "is of one clip"),
        ([clip, "--model", "default"], "recognizes no activities; use seesay caption"),
    ):
        assert run(["recognize", *call]) == 2, call
        shown = capsys.readouterr().err
        assert message in shown
        assert shown.count("\n") == 1


def test_captioning_with_a_recognizer_says_what_to_use(folder, samples, capsys):
    assert run(["caption", str(samples[0]), "--model", str(folder / "model")]) == 2
    assert "use seesay recognize" in capsys.readouterr().err


def test_evaluate_scores_a_split_and_writes_a_page(folder, tmp_path, capsys):
    data = ["--data", f"tiny_activities:{folder / 'clips'}", "--split", "train", "--out", str(tmp_path)]
    assert run(["evaluate", str(folder / "model"), *data, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["clips"] == 4
    assert sum(map(sum, shown["confusion"])) == 4
    assert shown["top-1"] == (shown["confusion"][0][0] + shown["confusion"][1][1]) / 4
    assert shown["per_class"].keys() == set(CLASSES)
    assert len(json.loads((tmp_path / "predictions.json").read_text())) == 4
    assert len((tmp_path / "per_clip.csv").read_text().splitlines()) == 5
    page = (tmp_path / "report.html").read_text()
    assert "GoesLeft" in page
    assert "data:image/png" in page
    assert (tmp_path / "confusion.png").exists()
    assert run(["evaluate", str(folder / "model"), *data, "--top-k", "5"]) == 2
    assert "--top-k is of sentences" in capsys.readouterr().err
    assert run(["evaluate", str(folder / "model"), *data]) == 0
    assert "top-1" in capsys.readouterr().out
