"""`seesay evaluate`: caption or recognize a split, score it, and show it."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from typing_extensions import Unpack

from seesay.cli.common import note, progress, table
from seesay.cli.search import GroupedCommand, search_options
from seesay.errors import UsageError
from seesay.printable import printable, printable_json
from seesay.search_options import SearchSettings

EXAMPLES = """\b
Examples:
  seesay evaluate default --data flickr8k:FOLDER --split test
  seesay evaluate model --data csv:mine.csv --split dev --beam 5 --out report
  seesay evaluate a --with b --with c --data coco:FOLDER --split test
  seesay evaluate clips --data msvd:FOLDER --split test   # with what a constant sentence scores
  seesay evaluate recognizer --data ucf101:FOLDER --split test
  seesay evaluate frames --with flow --data ucf101:FOLDER --split test
  seesay evaluate model.zip --data coco:FOLDER --split dev --json
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command(
        "evaluate", cls=GroupedCommand, help="Caption or recognize a split, score it, and show it.", epilog=EXAMPLES
    )(evaluate)


@search_options(without=("num", "groups", "diversity", "must", "must_not"))
def evaluate(
    model: str = typer.Argument(..., metavar="MODEL", help="An exported model: name, folder or .zip."),
    data: str = typer.Option(..., "--data", metavar="FORMAT:PATH", help="Pictures or clips, and captions."),
    split: str = typer.Option(..., "--split", help="train, dev (val) or test."),
    others: list[str] | None = typer.Option(
        None, "--with", metavar="MODEL", help="Another model, for an ensemble; may be repeated."
    ),
    out: Path | None = typer.Option(None, "--out", help="Folder for predictions, scores and the report page."),
    as_json: bool = typer.Option(False, "--json", help="Print the scores as JSON."),
    **search: Unpack[SearchSettings],
) -> None:
    """Write the predictions, then score them; the signature line says how."""
    from seesay.artifact import find_artifact
    from seesay.runtime.loading import recognizes

    models = [model, *(others or [])]
    folder = out or Path(f"evaluation-{'+'.join(Path(one).stem for one in models)}-{split}")
    if recognizes(find_artifact(model)):
        given = [name for name, value in search.items() if value not in (None, False)]
        if given:
            raise UsageError(f"--{given[0].replace('_', '-')} is of sentences, and {model} recognizes; leave it out")
        _evaluate_recognizer(models, data, split, folder, as_json)
        return
    from seesay.evaluation.captions import evaluate as run
    from seesay.report import write

    with progress("captioning") as on_progress:
        result = run(models, data, split, predictions=folder / "predictions.json", on_progress=on_progress, **search)
        write(result, folder)
    if as_json:
        print(json.dumps(result.to_json(), indent=1))
        return
    from seesay.metrics.figures import figure_of, for_people, shown

    constant = result.constant.get("scores", {})
    rows = [
        {
            "": figure_of(name).label,
            result.model: shown(name, value).rjust(5),
            **({"constant sentence": shown(name, constant[name]) if name in constant else ""} if constant else {}),
            " ": figure_of(name).meaning,
        }
        for name, value in {**result.scores, **result.health}.items()
    ]
    print(table(rows))
    if constant:
        print(f"constant sentence: {result.constant['caption']!r}, the most frequent of the training data")
    if result.certainty:
        from seesay.report.certainty import certainty_lines

        for line in certainty_lines(result.certainty):
            print(printable(line))
    print(printable(for_people(result.signature)))
    for line in result.notes:
        note(line)
    note(f"predictions, scores of each photo and the report page are in {folder}")


def _evaluate_recognizer(models: list[str], data: str, split: str, folder: Path, as_json: bool) -> None:
    from seesay.evaluation.recognition import evaluate_recognition
    from seesay.report import write

    with progress("recognizing") as on_progress:
        saved = folder / "predictions.json"
        result = evaluate_recognition(models, data, split, predictions=saved, on_progress=on_progress)
        write(result, folder)
    if as_json:
        print(printable_json(result.to_json(), indent=1))
        return
    from seesay.metrics.figures import figure_of, for_people, shown

    figures = [
        {"": figure_of(name).label, result.model: shown(name, value), " ": figure_of(name).meaning}
        for name, value in result.figures.items()
    ]
    print(table(figures))
    counts = result.scores.confusion.sum(1)
    rows = [
        {"class": name, f"{result.modality}s": int(count), "accuracy": shown("top-1", share)}
        for (name, share), count in zip(result.scores.per_class.items(), counts, strict=True)
    ]
    print(f"\n{table(rows)}")
    print(printable(for_people(result.signature)))
    for line in result.notes:
        note(line)
    note(f"predictions, scores and the report page are in {folder}")
