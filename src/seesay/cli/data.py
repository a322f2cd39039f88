"""`seesay data`: what is in a data set, what is wrong with it, and the same packed into tars."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from seesay.cli.common import progress, table
from seesay.errors import DataError
from seesay.printable import printable

EXAMPLES = """\b
Examples:
  seesay data check flickr8k:FOLDER
  seesay data check csv:mine.csv
  seesay data check csv:mine.csv,dev=0.1,test=0.1          # splits for data that names none
  seesay data check ucf101:FOLDER,split=2
  seesay data stats coco:FOLDER --json
  seesay data shard coco:FOLDER --out shards               # WebDataset tars; train with --data shards:shards
"""


DATA: str = typer.Argument(..., metavar="FORMAT:PATH", help="A data set: docs/data.md has the formats.")


def add_to(app: typer.Typer) -> None:
    """Make the verbs known."""
    verbs = typer.Typer(
        help="Look into a data set, or pack it.", no_args_is_help=True, rich_markup_mode=None, epilog=EXAMPLES
    )
    verbs.command("check", help="Open every picture or clip and list all faults.", epilog=EXAMPLES)(check)
    verbs.command("stats", help="Pictures, clips, classes, captions and words of each split.", epilog=EXAMPLES)(stats)
    verbs.command("shard", help="Pack a data set into WebDataset tars, with an index.", epilog=EXAMPLES)(shard)
    app.add_typer(verbs, name="data")


def check(
    data: str = DATA,
) -> None:
    """List every fault with file and line; exit code 3 when one of them must be fixed before training."""
    from seesay.data import cannot_be_trained, check_pictures, class_counts, count_faults, read_dataset

    dataset = read_dataset(data, strict=False)
    with progress(f"opening {dataset.modality}s") as on_progress:
        faults = (*dataset.faults, *check_pictures(dataset, on_progress=on_progress))
    for fault in faults:
        print(printable(f"{'must be fixed' if fault.fatal else 'passed over'}: {fault}"))
    parts = [f"{len(dataset.split(name))} {name}" for name in dataset.splits]
    loose = sum(sample.split is None for sample in dataset.samples)
    splits = ", ".join([*parts, *([f"{loose} without a split"] if loose else [])])
    named = ", ".join(f"{kind} {count}" for kind, count in count_faults(faults).items())
    classes = class_counts(dataset)
    if classes:
        print(table([{"class": label, **counts} for label, counts in classes.items()]))
    print(printable(f"{dataset.modality}s: {len(dataset.samples)} ({splits}); faults: {named or 'none'}"))
    if why := cannot_be_trained(dataset):
        print(printable(f"cannot be trained on as it is: {why}"))
    fatal = sum(fault.fatal for fault in faults)
    if fatal:
        raise DataError(f"{fatal} fault(s) must be fixed before training")


def stats(
    data: str = DATA,
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
) -> None:
    """Count pictures or clips, classes, captions and words."""
    from seesay.data import dataset_statistics, read_dataset

    found = dataset_statistics(read_dataset(data))
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        print(table([{"split": split, **values} for split, values in found.items()]))


def shard(
    data: str = typer.Argument(..., metavar="FORMAT:PATH", help="The data set that is packed."),
    out: Path = typer.Option(..., "--out", help="A new folder."),
    shard_size: int = typer.Option(1000, "--shard-size", min=1, help="Samples in a tar."),
) -> None:
    """Write tars of photos and their captions or labels, each whole or not at all; the index comes last."""
    from seesay.data import read_dataset
    from seesay.data.shards import write_shards

    dataset = read_dataset(data)
    with progress("packing") as on_progress:
        index = write_shards(dataset, out, shard_size=shard_size, on_progress=on_progress)
    count, size = (sum(one[name] for one in index["shards"]) for name in ("samples", "bytes"))
    print(f"{count} {dataset.modality}s in {len(index['shards'])} shards, {size / 1e6:.1f} MB: --data shards:{out}")
