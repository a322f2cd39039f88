"""`seesay sweep`: what does a setting do? Many runs from one recipe, and their mean and spread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seesay.cli.common import note, progress, say, table
from seesay.cli.train import bar, show_log
from seesay.extras import training_parts

if TYPE_CHECKING:
    from seesay.experiments.summary import SweepResult

EXAMPLES = """\b
Examples:
  seesay sweep merge decoder.cell=lstm,gru --data flickr8k:FOLDER --out sweeps/cell
  seesay sweep merge decoder.hidden=128,256,512 decoder.cell=lstm,gru --seeds 5 --data csv:mine.csv --out sweeps/size
  seesay sweep merge training.beam=1,2,3,5,10 --data csv:mine.csv --out sweeps/beam    # trains once for each seed
  seesay sweep lrcn_activity classifier.cell=lstm,gru --data ucf101:FOLDER --out sweeps/recurrent
  seesay sweep merge training.lr=1e-4..1e-2,log decoder.dropout=0.0..0.7 --trials 20 --data csv:mine.csv --out tuned
"""
TRAINING_STOPPED = 5


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("sweep", help="Train every choice of some settings, and compare.", epilog=EXAMPLES)(sweep)


def sweep(
    recipe: str = typer.Argument(..., metavar="RECIPE|FILE.yaml", help="A recipe's name (seesay recipes) or file."),
    settings: list[str] = typer.Argument(
        None, metavar="[key=a,b,c…]", help="Settings and the values they take; with --trials also key=low..high[,log]."
    ),
    data: str = typer.Option(..., "--data", metavar="FORMAT:PATH", help="Pictures or clips, and captions or labels."),
    out: Path = typer.Option(..., "--out", help="Folder of the runs, tables and plots; a second call goes on there."),
    seeds: int | None = typer.Option(None, "--seeds", min=1, help="Runs of each choice. [default: 3; 1 with --trials]"),
    trials: int | None = typer.Option(None, "--trials", min=1, help="Search with Optuna, this many choices in all."),
) -> None:
    """Runs that are finished are not trained again, interrupted ones go on, failed ones are reported at the end."""
    with progress("starting") as on_progress, training_parts():
        from seesay.experiments.search_space import read_plan
        from seesay.experiments.significance import against_best
        from seesay.experiments.sweep import sweep as run
        from seesay.report import write
        from seesay.report.sweep import table_of, trial_table

        show_log()
        plan = read_plan(recipe, settings or [], seeds or (1 if trials else 3))

        def written(found: SweepResult) -> None:
            write(found, out)

        if trials:
            from seesay.experiments.trials import search

            found = search(plan, trials, data, out, callbacks=[bar(on_progress)], on_result=written)
            print(table(_as_rows(*trial_table(found.trials, plan.spec))))
            errors = [f"trial {t.number}: {t.error}" for t in found.trials if t.error]
        else:
            found = run(plan, data, out, callbacks=[bar(on_progress)], on_result=written)
            if rows := found.rows:
                print(table(_as_rows(*table_of(rows, plan.spec))))
            if gaps := against_best(found.outcomes, data):
                print("\nAgainst the best (95 % interval over items, seeds pooled):")
                print(table(gaps))
            errors = [f"{o.run}: {o.error}" for o in found.outcomes if o.error]
    for line in errors:
        say(f"failed: {line}")
    note(f"the page is {out / 'index.html'}")
    if errors:
        raise typer.Exit(TRAINING_STOPPED)


def _as_rows(heading: list[str], lines: list[list[str]]) -> list[dict[str, str]]:
    return [dict(zip(heading, line, strict=True)) for line in lines]
