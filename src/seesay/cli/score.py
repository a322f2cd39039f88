"""`seesay score`: any system's captions against references."""

from __future__ import annotations

import gc
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seesay.cli.common import output, say, table
from seesay.errors import UsageError
from seesay.files import CsvWriter
from seesay.printable import printable

if TYPE_CHECKING:
    from seesay.metrics import Scores
    from seesay.metrics.files import CaptionFile

EXAMPLES = """\b
Examples:
  seesay score results.json captions_val.json              # COCO results, COCO annotations
  seesay score mine.txt refs0.txt refs1.txt                # plain text, an item a line
  seesay score mine.csv refs.jsonl --metrics bleu,cider --per-item items.csv
  seesay score mine.json refs.json --against theirs.json   # is the difference more than luck?
  seesay score mine.json refs.json --metrics all --json
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("score", help="Score any system's captions against references.", epilog=EXAMPLES)(score)


def score(
    hypotheses: Path = typer.Argument(..., metavar="HYPOTHESES", help="Captions: COCO results, JSON, CSV, text."),
    references: list[Path] = typer.Argument(..., metavar="REFERENCES…", help="COCO annotations, JSON, CSV, text."),
    metrics: str | None = typer.Option(
        None, "--metrics", help="all, or some of bleu,rouge,meteor,cider,cider-plain,health. [default: the usual ones]"
    ),
    against: Path | None = typer.Option(None, "--against", metavar="FILE", help="A second system to compare with."),
    samples: int = typer.Option(1000, "--samples", min=100, help="Sets drawn for --against."),
    per_item: Path | None = typer.Option(None, "--per-item", metavar="FILE", help="CSV of every item's scores."),
    frequencies: Path | None = typer.Option(
        None, "--frequencies", metavar="FILE", help="Stored document frequencies for CIDEr; else the references'."
    ),
    java: bool = typer.Option(False, "--java", help="Also run METEOR's jar and SPICE, where Java is."),
    as_json: bool = typer.Option(False, "--json", help="Print the scores as JSON."),
) -> None:
    """Print corpus scores and the signature line; ids that are missing on either side stop it."""
    from seesay.metrics import compare, diversity, health, read_frequencies
    from seesay.metrics.figures import figure_of, for_people, shown, shown_gap
    from seesay.metrics.files import match_items, read_hypotheses, read_references

    gc.disable()  # hundreds of thousands of small objects, none in cycles: looking for these takes a tenth of the time
    programs: list[str] = []
    if java:
        from seesay.metrics.java import preflight

        programs, lacking = preflight()
        if lacking:
            say(lacking)
    _keep_inputs(per_item, [hypotheses, *references, *(f for f in (against, frequencies) if f)])
    reference_file = read_references(references)
    hypothesis_file = match_items(read_hypotheses(hypotheses), reference_file)
    for note in (*reference_file.notes, *hypothesis_file.notes):
        say(note)
    names, with_health = _metrics(metrics, len(hypothesis_file.captions))
    table_of_counts = read_frequencies(frequencies) if frequencies else None
    found = _score(hypothesis_file, reference_file, names, table_of_counts)
    figures: dict[str, Any] = dict(found.corpus)
    several = any(len(texts) > 1 for texts in hypothesis_file.captions.values())
    if with_health:
        figures |= asdict(health([texts[0] for texts in hypothesis_file.captions.values()]))
        figures |= asdict(diversity(hypothesis_file.captions.values())) if several else {}
        figures = {name: value for name, value in figures.items() if value is not None}
    figures |= _by_java(programs, hypothesis_file, reference_file)
    differences = {}
    if against:
        other = match_items(read_hypotheses(against), reference_file)
        for note in other.notes:
            say(note)
        ordered = {item: other.captions[item] for item in hypothesis_file.captions}
        second = _score(type(other)(other.path, ordered, other.by_line), reference_file, names, table_of_counts)
        differences = compare(found, second, samples=samples)
    if per_item:
        _write_items(per_item, hypothesis_file, found)
    if as_json:
        compared = {
            "against": {name: {**asdict(d), "difference": d.first - d.second} for name, d in differences.items()},
            "samples": samples,
        }
        compared = compared if differences else {}
        print(json.dumps({**figures, **compared, "signature": found.signature}, indent=1))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name.ljust(width)}  {shown(name, value).rjust(5)}  {figure_of(name).meaning}".rstrip())
    if differences:
        rows = [
            {
                "": name,
                hypotheses.name: shown(name, d.first),
                f"{against.name if against else ''} ": shown(name, d.second),
                "difference": shown_gap(name, d.first - d.second),
                "95 % interval": f"{shown_gap(name, d.low)} … {shown_gap(name, d.high)}",
                "p": f"{d.p:.3f}",
            }
            for name, d in differences.items()
        ]
        print(f"\n{table(rows)}\npaired bootstrap, {samples} sets of {len(hypothesis_file.captions)} items")
    if found.signature:
        print(printable(for_people(found.signature)))


def _keep_inputs(per_item: Path | None, inputs: list[Path]) -> None:
    if per_item is not None and per_item.exists():
        for file in inputs:
            if file.exists() and file.samefile(per_item):
                raise UsageError(f"--per-item {per_item}: is one of the files to be read; name another")


def _metrics(asked: str | None, items: int) -> tuple[list[str], bool]:
    """The metrics to compute, and whether signs of health are asked for; what is left out is said."""
    from seesay.metrics.registry import METRICS, metric_called
    from seesay.metrics.scores import possible_metrics

    possible, notes = possible_metrics(items)
    if asked is None:
        for note in notes:
            say(note)
        return possible, True
    if asked == "all":
        return list(METRICS), True
    names = [metric_called(name) for name in asked.split(",") if name.strip()]
    unknown = [name for name in names if name not in (*METRICS, "health")]
    if unknown or not names:
        raise UsageError(f"--metrics {asked}: choose all, or some of {', '.join((*METRICS, 'health'))}")
    return [name for name in names if name != "health"], "health" in names


def _score(hypothesis_file: CaptionFile, reference_file: CaptionFile, names: list[str], frequencies: Any) -> Scores:
    """Scores of the first caption of each item; what is odd about the captions is said."""
    from seesay.metrics import Scores
    from seesay.metrics import score as compute
    from seesay.text import tokenize

    most = max(map(len, hypothesis_file.captions.values()))
    if most > 1:
        say(
            f"{hypothesis_file.path}: up to {most} captions for an item; the first of each is scored, "
            "all count for diversity"
        )
    empty = [item for item, texts in hypothesis_file.captions.items() if not tokenize(texts[0])]
    if empty:
        named = ", ".join(map(repr, empty[:3])) + (", …" if len(empty) > 3 else "")
        say(f"{hypothesis_file.path}: {len(empty)} empty caption(s) ({named}); each is scored 0")
    blank = [item for item in hypothesis_file.captions if not all(map(str.strip, reference_file.captions[item]))]
    if blank:
        named = ", ".join(map(repr, blank[:3])) + (", …" if len(blank) > 3 else "")
        say(f"{reference_file.path}: {len(blank)} item(s) have an empty reference ({named}); it counts as one")
    captions = {item: texts[0] for item, texts in hypothesis_file.captions.items()}
    references = {item: reference_file.captions[item] for item in captions}
    return compute(captions, references, names, frequencies=frequencies, fork=True) if names else Scores({}, {}, "")


def _by_java(programs: list[str], hypothesis_file: CaptionFile, reference_file: CaptionFile) -> dict[str, float]:
    from seesay.metrics import java

    known = {"meteor": ("METEOR (jar)", java.meteor), "spice": ("SPICE", java.spice)}
    captions = {item: texts[0] for item, texts in hypothesis_file.captions.items()}
    return {known[name][0]: known[name][1](captions, reference_file.captions)[0] for name in programs}


def _write_items(file: Path, hypothesis_file: CaptionFile, found: Scores) -> None:
    with output(file) as handle:
        rows = CsvWriter(handle)
        rows.writerow(["id", "caption", *found.items])
        for item, texts in hypothesis_file.captions.items():
            text = texts[0].encode("utf-8", "backslashreplace").decode()
            rows.writerow([item, text, *(f"{values[item]:.6f}" for values in found.items.values())])
