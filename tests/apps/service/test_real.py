"""The service with the embedded models: its captions are the command's, and hostile uploads are answered."""

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hostile import FORMATS, MUTATIONS, bomb, encode
from PIL import Image

from seesay.cli import run

pytestmark = pytest.mark.timeout(600)


def test_captions_are_the_commands_whatever_the_batch(real, samples, capsys, monkeypatch):
    monkeypatch.chdir(samples[0].parent)
    names = [one.name for one in samples[:4]]
    assert run(["caption", *names, "--json", "--num", "2", "--beam", "3"]) == 0
    wanted = json.loads(capsys.readouterr().out)
    with ThreadPoolExecutor(4) as pool:  # each by itself, all at once
        sent = [pool.submit(real.send, (one.name, one.read_bytes()), num=2, beam=3) for one in samples[:4]]
        alone = [entry for one in sent for entry in one.result().json]
    together = real.send(*[(one.name, one.read_bytes()) for one in samples[:4]], num=2, beam=3).json
    for found in (alone, together):
        assert [(e["path"], e["model"], e["error"]) for e in found] == [
            (e["path"], e["model"], e["error"]) for e in wanted
        ]
        for entry, right in zip(found, wanted, strict=True):
            assert [c["text"] for c in entry["captions"]] == [c["text"] for c in right["captions"]]
            for caption, other in zip(entry["captions"], right["captions"], strict=True):
                assert caption["score"] == pytest.approx(other["score"], abs=1e-4)


def test_scenes_of_an_animated_picture_are_the_commands(real, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = [Image.new("RGB", (64, 48), color) for color in ["red"] * 4 + ["blue"] * 4]
    frames[0].save("film.gif", save_all=True, append_images=frames[1:], duration=500)
    assert run(["caption", "film.gif", "--per-scene", "--json"]) == 0
    wanted = json.loads(capsys.readouterr().out)
    found = real.send(("film.gif", (tmp_path / "film.gif").read_bytes()), per_scene="true").json
    assert [(e["start"], e["end"], e["captions"][0]["text"]) for e in found] == [
        (e["start"], e["end"], e["captions"][0]["text"]) for e in wanted
    ]
    assert len(found) == 2


def test_what_cannot_be_read_has_the_commands_line(real, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, data in (("text.jpg", b"a photo of a dog"), ("bomb.png", bomb(30_000))):
        (tmp_path / name).write_bytes(data)
        assert run(["caption", name]) == 1
        line = capsys.readouterr().err.strip().removeprefix("seesay: ")
        answer = real.send((name, data))
        assert (answer.status, answer.json["detail"]) == (422, line)


def test_settings_that_do_not_go_together_are_422(real, samples):
    photo = ("a.jpg", samples[0].read_bytes())
    for settings in ({"num": 3, "beam": 2}, {"sample": "true", "beam": 3}, {"must": "qwertyuiop"}):
        answer = real.send(photo, **settings)
        assert answer.status == 422
        assert answer.json["title"] == "Settings that do not go together"


def test_where_the_model_looked(real, samples):
    caption = real.send(("a.jpg", samples[0].read_bytes()), beam=1, consensus=0, attention="true").json[0]["captions"][
        0
    ]
    look = caption["attention"]
    assert [one["word"] for one in look["words"]] == [one["token"] for one in caption["tokens"]]
    for one in look["words"]:
        assert len(one["weights"]) == look["rows"] * look["columns"]
        assert sum(one["weights"]) == pytest.approx(1, abs=0.01)


def test_hostile_uploads_are_each_a_line_and_kill_nothing(real, samples):
    picture = Image.open(samples[0]).convert("RGB")
    picture.thumbnail((64, 64))
    rng = random.Random(1)
    whole = [(suffix, encode(picture, suffix)) for suffix in FORMATS]
    before = [one.pid for one in real.service.engine.processes]
    for number in range(6):
        files = []
        for _ in range(10):
            suffix, data = whole[rng.randrange(len(whole))]
            files.append((f"{number}.{suffix}", rng.choice(MUTATIONS)(data, rng) or b"?"))
        answer = real.send(*files, beam=1, consensus=0)
        assert answer.status in (200, 422)
        lines = (
            [one["error"] for one in answer.json if one["error"]] if answer.status == 200 else [answer.json["detail"]]
        )
        assert all(line and "\n" not in line for line in lines)
    assert [one.pid for one in real.service.engine.processes] == before
    assert real.service.bodies.held == 0
