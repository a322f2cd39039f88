"""`seesay train`: a recipe and a data set in, a model out."""

from __future__ import annotations

from pathlib import Path

import typer

from seesay.cli.needs import training_parts

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
    data: str = typer.Option(..., "--data", metavar="FORMAT:PATH", help="Pictures and captions."),
    out: Path = typer.Option(..., "--out", help="The run's folder."),
    resume: bool = typer.Option(False, "--resume", help="Go on from the last checkpoint in --out."),
) -> None:
    """Train; progress is logged to standard error, figures to --out."""
    with training_parts():
        import logging

        from seesay.training import train as run

        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        logging.getLogger("seesay").setLevel(logging.INFO)
        run(recipe, settings or [], data, out, resume=resume)
