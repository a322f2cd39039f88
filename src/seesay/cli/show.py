"""`seesay models`, `seesay recipes` and `seesay doctor`: what there is."""

from __future__ import annotations

import json

import typer

from seesay.cli.common import note, table


def add_to(app: typer.Typer) -> None:
    """Make the verbs known."""
    app.command(
        "models",
        help="List the included models: sizes, and scores on test.",
        epilog="Example: seesay models --card default",
    )(models)
    app.command("recipes", help="List the included recipes.", epilog="Example: seesay recipes --show default")(recipes)
    app.command("doctor", help="What is installed, and what is missing.", epilog="Example: seesay doctor --json")(
        doctor
    )


def models(
    card: str | None = typer.Option(None, "--card", help="Print this model's card."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
) -> None:
    """Names, sizes and scores of the embedded models."""
    from seesay.artifact import find_artifact, list_artifacts
    from seesay.metrics.figures import shown

    if card:
        print(find_artifact(card).manifest.card)
        return
    rows = [
        {
            "model": a.name,
            "task": a.manifest.task,
            "MB": round(a.size / 1e6, 1),
            "words": sum(not word.startswith("<") for word in a.manifest.vocabulary.get("tokens", ())),
            **{
                f"test {name}": round(v, 4) if as_json else shown(name, v)
                for name, v in a.manifest.scores.get("test", {}).items()
                if isinstance(v, float)
            },
        }
        for a in list_artifacts()
    ]
    print(json.dumps(rows, indent=1) if as_json else table(rows))


def recipes(show: str | None = typer.Option(None, "--show", help="Print this recipe.")) -> None:
    """Names of recipes, where their encoder's weights come from, and what each is."""
    from seesay.recipes import list_recipes, recipe_file, weights_of

    if show:
        print(recipe_file(show).read_text("utf-8"), end="")
    else:
        print(table([{"recipe": n, "weights": weights_of(n), "what": line} for n, line in list_recipes().items()]))
        note("weights: installed with seesay[train], downloaded from timm's hub at the first use, or random")


def doctor(as_json: bool = typer.Option(False, "--json", help="Print it as JSON.")) -> None:
    """Versions, threads, bfloat16, and how to install what is missing."""
    from seesay.cli.doctor import examine

    found = examine()
    print(json.dumps(found, indent=1) if as_json else table([{"what": k, "found": v} for k, v in found.items()]))
