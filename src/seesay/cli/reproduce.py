"""`seesay reproduce`: a published comparison, run again and set beside its table."""

from __future__ import annotations

import logging
from pathlib import Path

import typer

from seesay.cli.common import is_quiet, note, progress, table
from seesay.errors import UsageError
from seesay.extras import training_parts

COMPARISONS = ("lstm-vs-gru", "inceptionv3-vs-mobilenet", "where-to-put-the-image", "lrcn-activity")
EXAMPLES = """\b
Examples:
  seesay reproduce lstm-vs-gru --data flickr8k:FOLDER --out runs/lstm-vs-gru
  seesay reproduce lstm-vs-gru vectors.source=glove.6B.200d.txt --data flickr8k:FOLDER --out runs/lstm-vs-gru
  seesay reproduce lstm-vs-gru --encoder tf_efficientnet_lite2 --seeds 3 --data flickr8k:FOLDER --out runs/lite2
  seesay reproduce where-to-put-the-image --encoder tf_efficientnet_lite2 --data flickr8k:FOLDER --out runs/where
  seesay reproduce lrcn-activity --seeds 3 --data ucf101:FOLDER --out runs/lrcn
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("reproduce", help="Run a published comparison again.", epilog=EXAMPLES)(reproduce)


def reproduce(
    comparison: str = typer.Argument(..., metavar="|".join(COMPARISONS), help="Which one."),
    settings: list[str] = typer.Argument(None, metavar="[key=value…]", help="Settings in place of the recipes'."),
    data: str = typer.Option(..., "--data", metavar="FORMAT:PATH", help="Pictures and captions: train, dev and test."),
    out: Path = typer.Option(..., "--out", help="A folder; what is finished there is not done again."),
    encoder: str | None = typer.Option(None, "--encoder", help="A CNN in place of the paper's."),
    epochs: int | None = typer.Option(None, "--epochs", min=1, help="In place of the recipes'."),
    seeds: int = typer.Option(1, "--seeds", min=1, help="How many runs of each system; mean ± spread is printed."),
) -> None:
    """Train each system of the comparison, score it, and print the paper's table beside ours."""
    from seesay.registry import nearest

    if comparison not in COMPARISONS:
        raise UsageError(
            f"no comparison {comparison!r}.{nearest(comparison, COMPARISONS)} There are: {', '.join(COMPARISONS)}"
        )
    chosen = [*([f"encoder.name={encoder}"] if encoder else []), *(settings or [])]
    chosen += [f"training.epochs={epochs}"] if epochs else []
    with training_parts():
        from seesay.experiments.reproduce import reproduce as run
        from seesay.report import write
        from seesay.report.reproduction import write_reproduction

        with progress("evaluating on test") as on_progress:
            logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
            logging.getLogger("seesay").setLevel(logging.WARNING if is_quiet() else logging.INFO)
            found = run(comparison, data, out, chosen, range(1, seeds + 1), on_progress, write)
        file = write_reproduction(found, out)
    print(table(found.rows()))
    print()
    for line in found.comparison.how:
        print(line)
    print("\nBy the usual metrics, against the references as they are:")
    print(table(found.standard_rows()))
    print(found.trained[0].signature)
    print(f"\nThe test item {found.item}:")
    for trained in found.trained:
        print(f"  {trained.system}, seed {trained.seed}: {trained.answer}")
    note(f"the page is {file}; runs, predictions and all figures are in {out}")
