"""The options of a search, the same for every verb that captions, and help that shows options in groups."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

LENGTH, SAMPLING, DIVERSE, WORDS = "Length", "Sampling", "Diverse beams", "Required and forbidden words"

Beam = Annotated[int | None, typer.Option("--beam", help="Sentences followed at a time; 1 is greedy. [default: 3]")]
MinLength = Annotated[
    int | None, typer.Option("--min-length", help="Fewest words in a caption. [default: 1]", rich_help_panel=LENGTH)
]
MaxLength = Annotated[
    int | None, typer.Option("--max-length", help="Most words in a caption. [default: 20]", rich_help_panel=LENGTH)
]
LengthPower = Annotated[
    float | None,
    typer.Option(
        "--length-power",
        help="A caption's score is divided by its length to this power; smaller is shorter. [default: the model's]",
        rich_help_panel=LENGTH,
    ),
]
ChargeEnd = Annotated[
    bool | None,
    typer.Option(
        "--charge-end/--no-charge-end",
        help="Whether a caption cut at its most words is charged for the end that it lacks. [default: the model's]",
        rich_help_panel=LENGTH,
    ),
]
Consensus = Annotated[
    float | None,
    typer.Option(
        "--consensus",
        help="What agreement with the captions of similar training pictures counts, for a model that keeps these; "
        "0: nothing. [default: the model's]",
    ),
]
Sample = Annotated[
    bool, typer.Option("--sample", help="Draw captions at random; they may repeat.", rich_help_panel=SAMPLING)
]
Temperature = Annotated[
    float | None,
    typer.Option("--temperature", help="Below 1 for likelier words. [default: 1]", rich_help_panel=SAMPLING),
]
TopK = Annotated[
    int | None,
    typer.Option("--top-k", help="Among so many of the likeliest words. [default: all]", rich_help_panel=SAMPLING),
]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p",
        help="Among the fewest likeliest words that have this probability together. [default: 1]",
        rich_help_panel=SAMPLING,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", help="The same gives the same captions. [default: 0]", rich_help_panel=SAMPLING),
]
Groups = Annotated[
    int | None,
    typer.Option(
        "--groups",
        help="Divide the beam in so many groups that avoid each other's words. [default: 1]",
        rich_help_panel=DIVERSE,
    ),
]
Diversity = Annotated[
    float | None,
    typer.Option("--diversity", help="How strongly they do. [default: 0.5]", rich_help_panel=DIVERSE),
]
Must = Annotated[
    list[str] | None,
    typer.Option("--must", help="A word or phrase that must be said; may be repeated.", rich_help_panel=WORDS),
]
MustNot = Annotated[
    list[str] | None,
    typer.Option("--must-not", help="A word that must not be said; may be repeated.", rich_help_panel=WORDS),
]


class GroupedCommand(TyperCommand):
    """A command whose help shows options under the headings that they name, in plain text."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or kind, []).append(record)
        for heading in sorted(groups, key=["Arguments", "Options"].__contains__, reverse=True):
            with formatter.section(heading):
                formatter.write_dl(groups[heading])
