"""`seesay ablate`: what is each part of a recipe worth, and how much does each number matter?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seesay.cli.common import note, progress, say, table
from seesay.cli.train import bar, show_log
from seesay.extras import training_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seesay.experiments.ablation import Ablated

EXAMPLES = """\b
Examples:
  seesay ablate merge --list                                               # what would be tried
  seesay ablate merge --data flickr8k:FOLDER --out ablations/merge
  seesay ablate inceptionv3_lstm_glove encoder=tf_efficientnet_lite2 --only parts --data flickr8k:FOLDER --out a
  seesay ablate where_merge encoder=tf_efficientnet_lite2 --only norm --only cell --data csv:mine.csv --out b
  seesay ablate lrcn_activity --only numbers --data ucf101:FOLDER --out c
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("ablate", help="Remove, swap or change one thing of a recipe at a time.", epilog=EXAMPLES)(ablate)


def ablate(
    recipe: str = typer.Argument(..., metavar="RECIPE|FILE.yaml", help="A recipe's name (seesay recipes) or file."),
    settings: list[str] = typer.Argument(None, metavar="[key=value…]", help="Settings of all runs."),
    data: str = typer.Option("", "--data", metavar="FORMAT:PATH", help="Pictures or clips, and captions or labels."),
    out: Path = typer.Option(None, "--out", help="Folder of the runs, table and plot; a second call goes on there."),
    seeds: int = typer.Option(3, "--seeds", min=1, help="Runs of the recipe and of each variant."),
    only: list[str] = typer.Option(None, "--only", metavar="PART", help="parts, numbers, or one of --list; repeat it."),
    list_only: bool = typer.Option(False, "--list", help="Print what would be tried, and stop."),
) -> None:
    """Train the recipe and each variant with the same seeds; print what each difference is worth, with significance."""
    from seesay.errors import UsageError

    with training_parts():
        from seesay.experiments.ablation import ablate as run
        from seesay.experiments.ablation import choose, variants_of
        from seesay.training.config import load_config

        chosen = choose(variants_of(load_config(recipe, settings or [])), only or [])
        if list_only:
            print(table([{"part": v.part, "changed to": v.name} for v in chosen]))
            return
        if not data or out is None:
            raise UsageError("ablate: give --data FORMAT:PATH and --out FOLDER (or --list)")
        from seesay.report.ablation import HEADING, table_of, write_ablation

        def write(found: Sequence[Ablated]) -> None:
            write_ablation(f"{recipe}: what each part is worth", found, out)

        with progress("starting") as on_progress:
            show_log()
            found = run(
                recipe,
                settings or [],
                data,
                out,
                seeds=seeds,
                only=only or [],
                callbacks=[bar(on_progress)],
                on_ablated=write,
            )
    print(table([dict(zip(HEADING, line, strict=True)) for line in table_of(found)]))
    print(found[0].scores[0].signature)
    note(f"the page is {out / 'index.html'}")
    failed = [f"{o.run}: {o.error}" for one in found for o in one.outcomes if o.error]
    for line in failed:
        say(f"failed: {line}")
    if failed:
        raise typer.Exit(5)
