"""`seesay train`: a recipe and a data set in, a model out."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seesay.cli.common import progress
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
    with training_parts():
        from seesay.training import train as run

        with progress("starting") as on_progress:
            show_log()
            run(recipe, settings or [], data, out, resume=resume, callbacks=[bar(on_progress)])


def show_log() -> None:
    """Have training's lines on standard error; called within `progress`, so that they go above the bar."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("seesay").setLevel(logging.INFO)


def bar(on_progress: ProgressCallback) -> Callback:
    """A callback that moves the progress bar."""
    from seesay.training.callbacks import Callback

    class Bar(Callback):
        def on_step(self, progress: Progress, steps: int) -> None:
            sums = progress.sums
            loss, speed = sums["loss"] / sums["count"], sums["captions"] / sums["seconds"]
            on_progress(progress.step, steps, f"epoch {progress.epoch}  loss {loss:.3f}  {speed:.0f} captions/s")

        def on_progress(self, done: int, total: int, what: str | None = None) -> None:
            on_progress(done, total, what)

    return Bar()
