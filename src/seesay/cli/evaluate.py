"""`seesay evaluate`: caption a split, score it, and show it."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from seesay.cli.common import progress, say

EXAMPLES = """\b
Examples:
  seesay evaluate default --data flickr8k:FOLDER --split test
  seesay evaluate model --data csv:mine.csv --split dev --beam 5 --out report
  seesay evaluate model.zip --data coco:FOLDER --split dev --json
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("evaluate", help="Caption a split, score it, and show it.", epilog=EXAMPLES)(evaluate)


def evaluate(
    model: str = typer.Argument(..., metavar="MODEL", help="An exported model: name, folder or .zip."),
    data: str = typer.Option(..., "--data", metavar="FORMAT:PATH", help="Pictures and captions."),
    split: str = typer.Option(..., "--split", help="train, dev (val) or test."),
    beam: int | None = typer.Option(None, "--beam", help="Sentences followed at a time. [default: 3]"),
    out: Path | None = typer.Option(None, "--out", help="Folder for predictions, scores and the report page."),
    as_json: bool = typer.Option(False, "--json", help="Print the scores as JSON."),
) -> None:
    """Write the predictions, then score them; the signature line says how."""
    from seesay.report.evaluate import evaluate as run

    folder = out or Path(f"evaluation-{Path(model).stem}-{split}")
    with progress("captioning") as tell:
        result = run(model, data, split, folder, beam=beam, on_progress=tell)
    if as_json:
        print(json.dumps(result.to_json(), indent=1))
        return
    width = max(map(len, [*result.scores, *result.health]))
    for name, value in {**result.scores, **result.health}.items():
        print(f"{name.ljust(width)}  {value:.4f}" if isinstance(value, float) else f"{name.ljust(width)}  {value}")
    print(result.signature)
    for note in result.notes:
        say(note)
    say(f"predictions, scores of each photo and the report page are in {folder}")
