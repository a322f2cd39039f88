"""What a person sees of a run: a table of epochs that fits a terminal, one warning, and the command that goes on."""

import logging

import pytest

pytest.importorskip("torch")

from seesay.cli import run
from seesay.training.callbacks import Report, clock
from seesay.training.progress import Progress


def row(epoch, distinct):
    scores = {"dev loss": 3.0, "dev Bleu_4": 0.2, "dev ROUGE_L": 0.45, "dev CIDEr-D": 0.412, "dev distinct": distinct}
    return {"epoch": float(epoch), "loss": 2.5, **scores, "seconds": 3.0, "captions_per_second": 100.0}


def test_a_table_grows_by_a_row_an_epoch_with_one_heading_and_one_warning(caplog):
    caplog.set_level(logging.INFO, "seesay.training")
    report, progress = Report(3), Progress()
    for epoch in range(3):
        progress.history.append(row(epoch, 0.01))
        progress.epoch, progress.best_epoch = epoch + 1, 0
        report.on_epoch(progress)
    heading, first, warning, second, third = (record.getMessage() for record in caplog.records)
    assert heading.split() == [
        "epoch",
        "loss",
        "dev",
        "loss",
        "BLEU-4",
        "ROUGE-L",
        "CIDEr-D",
        "distinct",
        "passed",
        "left",
    ]
    assert first.split()[:7] == ["1/3", "2.500", "3.000", "20.0", "45.0", "41.2", "1.0"]
    assert first.endswith(" best")
    assert not second.endswith(" best")
    assert third.split()[0] == "3/3"
    assert third.split()[-1] == "0:00"
    assert "says the same of every picture" in warning
    assert max(map(len, (heading, first, second, third))) <= 80


def test_clock():
    assert [clock(s) for s in (0, 67, 3909)] == ["0:00", "1:07", "1:05:09"]


def test_after_an_interruption_the_command_that_goes_on_is_said(monkeypatch, tmp_path, capsys):
    def interrupted(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("seesay.training.train", interrupted)
    call = ["train", "merge", "training.epochs=4", "--data", "csv:my photos.csv", "--out", str(tmp_path)]
    assert run(call) == 130
    assert "nothing is saved yet" in capsys.readouterr().err
    (tmp_path / "last.safetensors").touch()
    assert run(call) == 130
    goes_on = f"go on with: seesay train merge training.epochs=4 --data 'csv:my photos.csv' --out {tmp_path} --resume"
    assert goes_on in capsys.readouterr().err


def test_the_command_that_goes_on_is_said_after_the_bar_so_that_no_terminal_breaks_it(monkeypatch, tmp_path):
    from contextlib import contextmanager

    shown = []

    @contextmanager
    def progress(title):
        try:
            yield lambda done, total, what=None: None
        finally:
            shown.append("bar gone")

    def interrupted(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("seesay.training.train", interrupted)
    monkeypatch.setattr("seesay.cli.train.progress", progress)
    monkeypatch.setattr("seesay.cli.train.note", shown.append)
    assert run(["train", "merge", "--data", "csv:mine.csv", "--out", str(tmp_path)]) == 130
    assert shown[0] == "bar gone"
    assert len(shown) == 2
