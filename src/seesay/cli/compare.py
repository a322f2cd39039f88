"""`seesay compare`: which model is better, and is it more than luck?"""

from __future__ import annotations

from pathlib import Path

import typer

from seesay.cli.common import note, progress, table
from seesay.extras import training_parts
from seesay.printable import printable, printable_json

EXAMPLES = """\b
Examples:
  seesay compare runs/lstm runs/gru --data flickr8k:FOLDER --out compared     # on dev
  seesay compare default mine mine.zip --data csv:mine.csv --split test --out compared
  seesay compare evaluation-a-test evaluation-b-test --data coco:FOLDER --split test --out compared
  seesay compare runs/lstm runs/average --data ucf101:FOLDER --split test --out compared    # recognizers of clips
  seesay compare runs/lstm runs/gru --out compared         # what they recorded while training; at once
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("compare", help="Put captioners, or recognizers, side by side.", epilog=EXAMPLES)(compare)


def compare(
    runs: list[str] = typer.Argument(
        ..., metavar="RUN…", help="Folders of runs, models, evaluations; the first is compared with."
    ),
    out: Path = typer.Option(..., "--out", help="Folder for the page, Markdown, tables, plots and predictions."),
    data: str | None = typer.Option(
        None, "--data", metavar="FORMAT:PATH", help="All judge its photos or clips. [default: recorded scores]"
    ),
    split: str = typer.Option("dev", "--split", help="dev (val) or test."),
    beam: int | None = typer.Option(
        None, "--beam", help="Sentences followed at a time, by captioners. [default: their own]"
    ),
    speed: bool = typer.Option(True, "--speed/--no-speed", help="Time each model, with --data: most of the time."),
    as_json: bool = typer.Option(False, "--json", help="Print all figures as JSON."),
) -> None:
    """Caption or recognize the same by each, score it, write a page; a second call takes what the first has done."""
    from seesay.evaluation.compare import compare as run
    from seesay.evaluation.tasks import LABELS
    from seesay.metrics.figures import for_people, shown_gap
    from seesay.report import write

    with progress("reading", lines=True) as on_progress, training_parts():
        found = run(runs, data, split, beam=beam, speed=speed, predictions=out / "predictions", on_progress=on_progress)
        page = write(found, out)
    if as_json:
        print(printable_json(found.to_json(), indent=1))
    else:
        rows = [{"": m.label, **dict(zip(found.names, m.shown(), strict=True))} for m in found.measures]
        print(table(rows))
        for name, each in found.differences.items():
            lines = [
                {
                    f"{name} - {found.names[0]}": LABELS.get(score, score),
                    "difference": shown_gap(score, d.first - d.second),
                    "95 % interval": f"{shown_gap(score, d.low)} … {shown_gap(score, d.high)}",
                    "p": f"{d.p:.3f}",
                }
                for score, d in each.items()
            ]
            print(f"\n{table(lines)}")
        if found.differences:
            print(f"paired bootstrap, 1000 sets of {found.count} {found.modality}s")
        for remark in found.remarks:
            print(printable(remark))
        if found.signature:
            print(printable(for_people(found.signature)))
    for line in found.notes:
        note(line)
    note(f"the page is {page}")
