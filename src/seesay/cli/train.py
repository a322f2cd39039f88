"""`seesay train`: a recipe and a data set in, a model out."""

from __future__ import annotations

import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seesay.cli.common import is_quiet, note, progress
from seesay.cli.photos import show_notes
from seesay.extras import training_parts
from seesay.progress import ProgressCallback

if TYPE_CHECKING:
    from seesay.training.callbacks import Callback
    from seesay.training.progress import Progress

EXAMPLES = """\b
Examples:
  seesay train default --data flickr8k:FOLDER --out runs/default
  seesay train merge training.epochs=5 decoder.hidden=512 --data csv:mine.csv --out runs/mine
  seesay train default --data flickr8k:FOLDER --out runs/default --resume
  torchrun --nproc-per-node 2 -m seesay train default --data coco:FOLDER --out runs/coco
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("train", help="Train a model by a recipe.", epilog=EXAMPLES)(train)


def train(
    recipe: str = typer.Argument(..., metavar="RECIPE|FILE.yaml", help="A recipe's name (seesay recipes) or file."),
    settings: list[str] = typer.Argument(None, metavar="[key=value…]", help="Settings in place of the recipe's."),
    data: str = typer.Option(..., "--data", metavar="FORMAT:PATH", help="Pictures or clips, and captions."),
    out: Path = typer.Option(..., "--out", help="The run's folder."),
    resume: bool = typer.Option(False, "--resume", help="Go on from the last checkpoint in --out."),
) -> None:
    """Train; progress is logged to standard error, figures to --out."""
    try:
        with progress("starting") as on_progress, training_parts():
            from seesay.training import train as run

            show_log()
            run(recipe, settings or [], data, out, resume=resume, callbacks=[bar(on_progress)])
    except KeyboardInterrupt:  # said once the bar is gone: it would break the command at the terminal's width
        if (out / "last.safetensors").is_file():
            given = ["seesay", "train", recipe, *(settings or []), "--data", data, "--out", str(out), "--resume"]
            note(f"go on with: {shlex.join(given)}")
        else:
            note("nothing is saved yet: a checkpoint is written after the first epoch, and every few minutes")
        raise


def show_log() -> None:
    """Have training's lines on standard error; called within `progress`, so that they go above the bar."""
    if sys.stderr.isatty():  # the bar has what is said within an epoch
        logging.getLogger("seesay.training.steps").setLevel(logging.WARNING)
    show_notes(False)  # the log has them already
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("seesay").setLevel(logging.WARNING if is_quiet() else logging.INFO)


def bar(on_progress: ProgressCallback) -> Callback:
    """A callback that moves the progress bar."""
    from seesay.training.callbacks import Callback

    class Bar(Callback):
        def on_step(self, progress: Progress, steps: int) -> None:
            sums = progress.sums
            loss, speed = sums["loss"] / sums["count"], sums["captions"] / sums["seconds"]
            on_progress(progress.step, steps, f"epoch {progress.epoch + 1}  loss {loss:.3f}  {speed:.0f} captions/s")

        def on_progress(self, done: int, total: int, what: str | None = None) -> None:
            on_progress(done, total, what)

    return Bar()
