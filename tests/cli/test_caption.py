import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from seesay.cli import run


def command(*arguments, stdin=b"", **options):
    return subprocess.run(
        [sys.executable, "-m", "seesay", *map(str, arguments)], input=stdin, capture_output=True, check=False, **options
    )


def test_plain_output_is_a_line_a_photo_in_input_order(samples, capsys):
    chosen = [str(samples[i]) for i in (2, 0, 1)]
    assert run(["caption", *chosen]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == chosen
    assert all(re.fullmatch(r"[^:]+: (\(not sure\) perhaps: )?[a-z', -]+", line) for line in lines)
    assert run(["caption", *chosen, "--confident", "0"]) == 0
    assert all(re.fullmatch(r"[^:]+: [a-z' -]+", line) for line in capsys.readouterr().out.splitlines())


def test_json_is_one_list_of_the_promised_shape(samples, capsys):
    assert run(["caption", str(samples[0]), "--json", "--num", "2", "--beam", "4"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert set(entry) == {"path", "captions", "model", "error"}
    assert (entry["path"], entry["model"], entry["error"]) == (str(samples[0]), "default", None)
    assert len(entry["captions"]) == 2
    for caption in entry["captions"]:
        assert set(caption) == {"text", "score", "tokens", "confidence", "sure"}
        assert caption["text"] == " ".join(token["token"] for token in caption["tokens"])
        assert all(set(token) == {"token", "logprob"} and token["logprob"] <= 0 for token in caption["tokens"])


def test_a_file_that_cannot_be_read_is_named_and_the_rest_go_on(samples, tmp_path, capsys):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(samples[0].read_bytes()[:2000])
    missing = tmp_path / "missing.jpg"
    assert run(["caption", str(broken), str(samples[0]), str(missing), "--json"]) == 1
    printed = capsys.readouterr()
    first, second, third = json.loads(printed.out)
    assert first["captions"] == third["captions"] == []
    assert "truncated" in first["error"]
    assert "missing.jpg" in third["error"]
    assert second["error"] is None
    assert second["captions"]
    assert len(printed.err.splitlines()) == 2
    assert "Traceback" not in printed.err


def test_jsonl_and_csv(samples, tmp_path, capsys):
    missing = str(tmp_path / "missing.jpg")
    assert run(["caption", str(samples[0]), missing, "--jsonl"]) == 1
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [bool(e["error"]) for e in entries] == [False, True]
    assert run(["caption", str(samples[0]), missing, "--csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["path"] for row in rows] == [str(samples[0]), missing]
    assert rows[0]["caption"]
    assert rows[1]["error"]


def test_out_is_whole_or_not_at_all(samples, tmp_path, capsys):
    out = tmp_path / "captions.json"
    assert run(["caption", str(samples[0]), "--json", "--out", str(out)]) == 0
    assert json.loads(out.read_text("utf-8"))[0]["captions"]
    before = out.read_bytes()
    assert run(["caption", str(samples[0]), "--out", str(out), "--model", "nothing"]) == 2
    assert out.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["captions.json"]
    assert run(["caption", str(samples[0]), "--out", str(out / "captions.txt")]) == 2
    assert "captions.json: cannot be made" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert run(["caption", str(samples[0]), "--out", str(tmp_path / "new" / "folder" / "captions.txt")]) == 0
    assert (tmp_path / "new" / "folder" / "captions.txt").read_text("utf-8").startswith(str(samples[0]))


def test_folders_globs_and_lists(samples, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/1.png", "a/b/2.jpg"):
        Image.new("RGB", (64, 48), "red").save(tmp_path / name)
    folder = command("caption", tmp_path / "a").stdout.decode().splitlines()
    assert [Path(line.split(": ")[0]).name for line in folder] == ["1.png", "2.jpg"]
    pattern = command("caption", f"{tmp_path}/a/*.png").stdout.decode().splitlines()
    assert len(pattern) == 1
    listed = (
        command("caption", "-", stdin=f"{tmp_path}/a/b/2.jpg\n{samples[0]}\n".encode()).stdout.decode().splitlines()
    )
    assert [line.split(": ")[0] for line in listed] == [f"{tmp_path}/a/b/2.jpg", str(samples[0])]


def test_addresses_need_leave():
    found = command("caption", "http://127.0.0.1:9/x.jpg")
    assert found.returncode != 0
    assert b"--allow-url" in found.stderr


def test_an_address_is_fetched_when_allowed(samples):
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(samples[0].read_bytes())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = command(
            "caption", f"http://127.0.0.1:{server.server_port}/x.jpg", "--allow-url", "--allow-private", "--json"
        )
        server.shutdown()
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)[0]["captions"]


def test_explain_makes_a_picture_of_every_word_and_a_page(samples, tmp_path, capsys):
    assert run(["caption", *map(str, samples[:2]), "--confident", "0", "--explain", str(tmp_path / "looked")]) == 0
    texts = [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()]
    page = (tmp_path / "looked" / "index.html").read_text("utf-8")
    pictures = sorted((tmp_path / "looked").glob("*.png"))
    assert len(pictures) == 2
    for picture in pictures:
        assert f'href="{picture.name}"' in page
        with Image.open(picture) as sheet:
            assert sheet.width > 600
    for word in " ".join(texts).split():
        assert f">{word}</span>" in page


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["caption", "x.jpg", "--bean", "3"], 2, "--beam"),
        (["captoin", "x.jpg"], 2, "caption"),
        (["caption"], 2, "PATH"),
        (["caption", "x.jpg", "--beam", "0"], 2, "beam"),
        (["caption", "x.jpg", "--beam", "3", "--num", "5"], 2, "num"),
        (["caption", "x.jpg", "--model", "defalt"], 2, "Did you mean 'default'"),
        (["caption", "x.jpg", "--json", "--csv"], 2, "choose one"),
        (["data", "check", "flicker8k:x"], 2, "Did you mean 'flickr8k'"),
        (["train", "defualt", "--data", "csv:x", "--out", "y"], 2, "Did you mean 'default'"),
        (["evaluate", "default", "--data", "csv:nowhere.csv", "--split", "test"], 3, "nowhere.csv"),
        (["export", "nowhere/run", "--out", "y"], 4, "nowhere/run"),
        (["features", "csv:nowhere.csv", "--encoder", "resnet18", "--out", "y"], 3, "nowhere.csv"),
    ],
)
def test_wrong_use_is_one_line_and_its_exit_code(arguments, code, expected, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == code
    printed = capsys.readouterr().err
    assert expected in printed
    assert "Traceback" not in printed
    assert len(printed.strip().splitlines()) == 1


def test_a_reader_that_leaves_is_no_error(samples):
    call = f"{sys.executable} -m seesay caption {' '.join(map(str, samples))} | head -n 1"
    found = subprocess.run(["bash", "-c", f"set -o pipefail; {call}"], capture_output=True, check=False)
    assert found.stderr == b""
    assert found.stdout.count(b"\n") == 1


def test_every_verb_has_examples(capsys):
    for verb in (
        ["caption"],
        ["train"],
        ["evaluate"],
        ["export"],
        ["features"],
        ["data", "check"],
        ["models"],
        ["doctor"],
    ):
        assert run([*verb, "--help"]) == 0
        printed = capsys.readouterr().out
        assert f"seesay {' '.join(verb)}" in printed.split("Example")[1]


def test_what_there_is(capsys):
    assert run(["models"]) == 0
    assert "default" in capsys.readouterr().out
    assert run(["models", "--card", "default"]) == 0
    assert "Flickr8k" in capsys.readouterr().out
    assert run(["recipes"]) == 0
    assert "merge" in capsys.readouterr().out
    assert run(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seesay"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX file names and FIFOs")
def test_hostile_files_among_good_ones(samples, tmp_path):
    from hostile import make_hostile_folder

    folder = tmp_path / "hostile"
    sound = make_hostile_folder(folder, samples, count=500, seed=1)
    found = command("caption", folder, "--beam", "1", "--json", timeout=500)
    assert found.returncode == 1, found.stderr[-500:]
    assert b"Traceback" not in found.stderr
    entries = json.loads(found.stdout)
    assert all(bool(e["captions"]) != bool(e["error"]) for e in entries)
    captioned = sum(bool(e["captions"]) for e in entries)
    assert captioned >= sum(sound.values()) > 0
    by_name = {Path(e["path"]).name: e for e in entries}
    for path, good in sound.items():
        if good and path.name.isascii() and path.name.isprintable():
            assert by_name[path.name]["captions"], path
