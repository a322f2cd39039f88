"""`seesay average`: one model of several models' weights."""

from __future__ import annotations

from pathlib import Path

import typer

from seesay.cli.common import note
from seesay.extras import training_parts

EXAMPLES = """\b
Examples:
  seesay average runs/before runs/after --out runs/mean
  seesay average runs/a runs/b runs/c --shares 0.5,0.35,0.15 --out runs/mean
  seesay export runs/mean --out model
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("average", help="Average the weights of models that come of one ancestor.", epilog=EXAMPLES)(average)


def average(
    models: list[str] = typer.Argument(..., metavar="MODEL…", help="Runs' folders or models, of the same settings."),
    out: Path = typer.Option(..., "--out", help="A new folder, or a file ending in .zip."),
    shares: str | None = typer.Option(None, "--shares", help="Of each model, with commas between; equal if left out."),
) -> None:
    """Write the mean; `seesay export` makes it ready for use without PyTorch."""
    with training_parts():
        from seesay.exporting.average import average_artifacts

        artifact = average_artifacts(models, out, None if shares is None else _numbers(shares))
    parts = artifact.manifest.training["average_of"]
    note(f"{out}: " + " + ".join(f"{part['share']:.3g} {part['model']}" for part in parts))


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not numbers with commas between", param_hint="--shares") from None
