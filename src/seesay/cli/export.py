"""`seesay export`: a trained model made ready for use without PyTorch."""

from __future__ import annotations

from pathlib import Path

import typer

from seesay.cli.common import note, progress, say
from seesay.extras import training_parts

EXAMPLES = """\b
Examples:
  seesay export runs/default --out model
  seesay export runs/default --out model.zip --quantize int8
  seesay export runs/default --out model --neighbors flickr8k:FOLDER   # better captions, a few MB more
  seesay caption dog.jpg --model model
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("export", help="Make a trained model ready for use without PyTorch.", epilog=EXAMPLES)(export)


def export(
    model: str = typer.Argument(..., metavar="MODEL", help="A run's folder, or any model."),
    out: Path = typer.Option(..., "--out", help="A new folder, or a file ending in .zip."),
    quantize: str = typer.Option("none", "--quantize", help="How weights are kept: none (float32), float16 or int8."),
    neighbors: list[str] | None = typer.Option(
        None,
        "--neighbors",
        metavar="FORMAT:PATH",
        help="Keep what people said of the training pictures, and choose captions that agree with it.",
    ),
    texts: list[str] | None = typer.Option(
        None, "--texts", metavar="FILE", help="IMAGE<tab>CAPTION lines: keep what is said where detected words come."
    ),
    fit_to: list[str] | None = typer.Option(
        None,
        "--fit-to",
        metavar="FORMAT:PATH",
        help="Fit on its dev part how captions are chosen, and how sure they are.",
    ),
    force: bool = typer.Option(False, "--force", help="Write over a .zip that is there."),
    old_neighbors: list[str] | None = typer.Option(None, "--neighbours", hidden=True, help="The same as --neighbors."),
) -> None:
    """Write the networks as ONNX with one copy of the weights, and check that they compute what PyTorch does."""
    with training_parts():
        from typing import Any, cast

        from seesay.exporting import export_artifact

        with progress("looking at the training pictures") as on_progress:
            artifact = export_artifact(
                model,
                out,
                quantize=cast(Any, quantize),
                neighbors=neighbors or old_neighbors,
                texts=texts or [],
                fit_to=fit_to or [],
                force=force,
                on_progress=on_progress,
                warn=say,
            )
    note(f"{out}: {artifact.size / 1e6:.1f} MB, {artifact.manifest.storage} weights, checked against PyTorch")
