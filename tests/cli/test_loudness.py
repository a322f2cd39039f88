"""--quiet and --verbose before and behind the verb, and the script that completes."""

import logging
import shutil
import subprocess
from pathlib import Path

import pytest

from seesay.cli import run
from seesay.cli.photos import show_notes

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(autouse=True)
def as_before():
    yield
    run(["--version"])  # loudness is the command's: the next one starts anew
    show_notes(False)
    assert not [h for h in logging.getLogger("seesay").handlers if not isinstance(h, logging.NullHandler)]


@pytest.mark.parametrize("place", ["before", "behind"])
def test_verbose_shows_the_log(place, capsys):
    call = ["caption", str(SAMPLES / "cat.jpg"), "--beam", "1"]
    assert run(["--verbose", *call] if place == "before" else [*call, "--verbose"]) == 0
    shown = capsys.readouterr()
    assert "default: loaded in " in shown.err
    assert "default: 1 captioned in " in shown.err
    assert shown.out.startswith(str(SAMPLES / "cat.jpg"))


def test_quiet_leaves_results_and_faults(tmp_path, capsys):
    (tmp_path / "drawing.svg").write_text("<svg/>")
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    shutil.copy(SAMPLES / "cat.jpg", tmp_path / "cat.jpg")
    assert run(["caption", str(tmp_path), "--beam", "1", "--quiet"]) == 1
    shown = capsys.readouterr()
    assert shown.out.count("\n") == 1
    assert shown.err.count("\n") == 1
    assert "broken.jpg" in shown.err
    assert run(["caption", str(tmp_path), "--beam", "1"]) == 1
    assert "left out" in capsys.readouterr().err  # without --quiet a note is there


def complete(script, *words):
    call = 'source "$0"; COMP_WORDS=(seesay "$@"); COMP_CWORD=$#; _seesay; printf "%s\\n" "${COMPREPLY[@]}"'
    return subprocess.run(
        ["bash", "-c", call, script, *words], capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_verbs_options_and_names_without_python(tmp_path, capsys):
    assert run(["completion", "bash"]) == 0
    script = tmp_path / "seesay.bash"
    script.write_text(capsys.readouterr().out)
    assert complete(script, "capt") == ["caption"]
    assert complete(script, "caption", "--no-c") == ["--no-charge-end"]
    assert complete(script, "train", "merge_b") == ["merge_blstm"]
    assert complete(script, "caption", "--model", "def") == ["default"]
    assert complete(script, "data", "ch") == ["check"]
    assert "python" not in script.read_text()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(shell, tmp_path, capsys):
    assert run(["completion", shell]) == 0
    script = tmp_path / shell
    script.write_text(capsys.readouterr().out)
    assert "merge_blstm" in script.read_text()
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(script)], check=True)


def test_an_unknown_shell_is_one_line(capsys):
    assert run(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of" in capsys.readouterr().err


def test_doctor_lists_plug_ins(monkeypatch, capsys):
    from importlib.metadata import EntryPoint

    from seesay.cli import doctor

    entry = EntryPoint("mine", "package.of.mine:Metric", "seesay.metrics")
    monkeypatch.setattr(doctor, "list_plugins", lambda: [entry])
    assert run(["doctor"]) == 0
    assert "plug-in: metric mine" in capsys.readouterr().out
