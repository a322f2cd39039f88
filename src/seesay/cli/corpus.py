"""`seesay corpus`: jobs over millions of photos and clips, resumable, on one machine or a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typing_extensions import Unpack

from seesay.cli.common import progress, say, table
from seesay.cli.corpus_options import (
    Address,
    Attempts,
    Column,
    Dest,
    EngineName,
    Format,
    ItemSeconds,
    Metrics,
    Model,
    Out,
    Resume,
    ShardSize,
    Sources,
    Threads,
    Workers,
    engine_of,
    limits_of,
)
from seesay.cli.photos import LeftOut, MaxPixels
from seesay.cli.search import GroupedCommand, search_options
from seesay.errors import UsageError
from seesay.search_options import SearchSettings

if TYPE_CHECKING:
    from seesay.apps.corpus.engines import Engine
    from seesay.apps.corpus.progress import Tally

EXAMPLES = """\b
Examples:
  seesay corpus caption photos/ --out captions
  seesay corpus caption photos/ --out captions --resume        # after a kill, or with more --workers
  seesay corpus caption csv:photos.csv --column file --format parquet --out captions
  seesay corpus caption 'tar:photos-{000..099}.tar' --out s3://bucket/captions
  seesay corpus recognize clips/ --model activities --out found
  seesay corpus features photos/ --format parquet --out vectors
  seesay corpus caption s3://bucket/photos/ --engine ray --address auto --workers 64 --out s3://bucket/captions
  seesay corpus status captions                                # from another terminal, too
  seesay corpus verify captions
  seesay corpus retry captions
"""


def add_to(app: typer.Typer) -> None:
    """Make the verbs known."""
    verbs = typer.Typer(
        help="Run jobs over millions of photos and clips.", no_args_is_help=True, rich_markup_mode=None, epilog=EXAMPLES
    )
    add = verbs.command
    add("caption", cls=GroupedCommand, help="Caption every photo or clip of a corpus.", epilog=EXAMPLES)(caption)
    add("recognize", help="Classify every clip, text or sound of a corpus.", epilog=EXAMPLES)(recognize)
    add("features", help="Encode every photo or clip of a corpus as a vector.", epilog=EXAMPLES)(features)
    add("status", help="Say how far a job is, and list its bad items.", epilog=EXAMPLES)(status)
    add("verify", help="Compare every shard with its record and with the list of items.", epilog=EXAMPLES)(verify)
    add("retry", help="Try a job's bad items again.", epilog=EXAMPLES)(retry)
    app.add_typer(verbs, name="corpus")


@search_options()
def caption(
    sources: Sources,
    out: Out,
    model: Model = None,
    engine: EngineName = "local",
    workers: Workers = None,
    address: Address = None,
    shard_size: ShardSize = 10_000,
    format: Format = "jsonl",
    resume: Resume = False,
    column: Column = None,
    tokens: bool = typer.Option(False, "--tokens", help="Keep each word's log-probability, too."),
    threads: Threads = 1,
    item_seconds: ItemSeconds = 60.0,
    attempts: Attempts = 3,
    metrics: Metrics = None,
    max_pixels: MaxPixels = None,
    **search: Unpack[SearchSettings],
) -> None:
    """Caption a corpus; items that cannot be read are listed, the others go on, and the exit code is 1."""
    chosen = {name: value for name, value in search.items() if value not in (None, [])}
    options = {"search": chosen, "tokens": tokens, "max_pixels": max_pixels}
    made = engine_of(engine, workers, address, limits_of(item_seconds, attempts))
    _run(
        "caption", sources, out, model, options, made, shard_size, format, resume, column, threads, metrics
    )  # fmt: skip


def recognize(
    sources: Sources,
    out: Out,
    model: Model = None,
    top: int = typer.Option(5, "--top", help="Classes for each item."),
    engine: EngineName = "local",
    workers: Workers = None,
    address: Address = None,
    shard_size: ShardSize = 10_000,
    format: Format = "jsonl",
    resume: Resume = False,
    column: Column = None,
    threads: Threads = 1,
    item_seconds: ItemSeconds = 60.0,
    attempts: Attempts = 3,
    metrics: Metrics = None,
    max_pixels: MaxPixels = None,
) -> None:
    """Classify a corpus; items that cannot be read are listed, the others go on, and the exit code is 1."""
    options = {"top": top, "max_pixels": max_pixels}
    made = engine_of(engine, workers, address, limits_of(item_seconds, attempts))
    _run(
        "recognize", sources, out, model, options, made, shard_size, format, resume, column, threads, metrics
    )  # fmt: skip


def features(
    sources: Sources,
    out: Out,
    model: Model = None,
    engine: EngineName = "local",
    workers: Workers = None,
    address: Address = None,
    shard_size: ShardSize = 10_000,
    format: Format = "parquet",
    resume: Resume = False,
    column: Column = None,
    threads: Threads = 1,
    item_seconds: ItemSeconds = 60.0,
    attempts: Attempts = 3,
    metrics: Metrics = None,
    max_pixels: MaxPixels = None,
) -> None:
    """Encode a corpus with a captioner's CNN; items that cannot be read are listed, and the exit code is 1."""
    made = engine_of(engine, workers, address, limits_of(item_seconds, attempts))
    _run(
        "features", sources, out, model, {"max_pixels": max_pixels}, made, shard_size, format, resume, column, threads,
        metrics,
    )  # fmt: skip


def status(
    dest: Dest,
    bad: bool = typer.Option(False, "--bad", help="List the bad items and why, one JSON object a line."),
    as_json: bool = typer.Option(False, "--json", help="As one JSON object."),
) -> None:
    """Read a job's records, and what it says of itself if it runs."""
    from seesay.apps.corpus.inspection import bad_items, job_status
    from seesay.apps.corpus.progress import clock

    if bad:
        for one in bad_items(dest):
            print(json.dumps(one))
        return
    found = job_status(dest)
    if as_json:
        print(json.dumps(found, indent=1))
        return
    live = found.pop("running")
    rows = [{"": name, " ": ", ".join(v) if isinstance(v, list) else str(v)} for name, v in found.items()]
    if live:
        left = "" if live["eta"] is None else f", {clock(live['eta'])} left"
        by = f"{live['workers']} {live['engine']} workers, process {live['pid']} on {live['host']}"
        rows.append({"": "running", " ": f"{live['rate']:.1f} items/s{left}; {by}"})
    print(table(rows).partition("\n")[2])


def verify(
    dest: Dest,
    repair: bool = typer.Option(False, "--repair", help="Take back the records of wrong shards, for --resume."),
) -> None:
    """Print one line for each fault; exit code 1 where there is one."""
    from seesay.apps.corpus.inspection import verify_job

    with progress("verifying") as on_progress:
        faults = verify_job(dest, repair=repair, on_progress=on_progress)
    for fault in faults:
        print(fault)
    if faults:
        raise typer.Exit(1)
    print("every shard is what its record says")


def retry(
    dest: Dest,
    engine: EngineName = "local",
    workers: Workers = None,
    address: Address = None,
    item_seconds: ItemSeconds = 60.0,
    attempts: Attempts = 3,
    metrics: Metrics = None,
) -> None:
    """Open the bad items once more, for example when a store was out of reach; good rows stay as they are."""
    from seesay.apps.corpus.running import retry_job

    made = engine_of(engine, workers, address, limits_of(item_seconds, attempts))
    with progress("trying again") as on_progress:
        tally, failed = retry_job(dest, made, metrics=metrics, on_progress=on_progress)
    _finish(tally, failed, dest)


def _run(
    task: str,
    sources: list[str],
    out: str,
    model: list[str] | None,
    options: dict[str, Any],
    engine: Engine,
    shard_size: int,
    form: str,
    resume: bool,
    column: str | None,
    threads: int,
    metrics: Path | None,
) -> None:
    from seesay.apps.corpus.job import Job
    from seesay.apps.corpus.running import run_job
    from seesay.apps.corpus.shards import FORMATS, check_format
    from seesay.apps.corpus.sources import list_items
    from seesay.apps.corpus.tasks import TASKS, model_sha256

    if form not in FORMATS:
        raise UsageError(f"--format {form}: there are: {', '.join(FORMATS)}")
    check_format(form)
    models = tuple(model or ())
    known = TASKS[task](models, options, threads)  # what is wrong is refused before anything is listed
    left_out = LeftOut()
    job = Job(
        task=task,
        models=models,
        model_sha256=model_sha256(task, models),
        sources=tuple(sources),
        options={**options, "column": column},
        format=form,
        shard_size=shard_size,
        batch=known.batch,
        threads=threads,
    )
    reads = known.reads
    del known
    with progress(task) as on_progress:
        tally, failed = run_job(
            out,
            job,
            lambda: list_items(sources, reads, column=column, left_out=left_out),
            engine,
            resume=resume,
            metrics=metrics,
            on_progress=on_progress,
            on_note=say,
        )
    left_out.finish()
    _finish(tally, failed, out)


def _finish(tally: Tally, failed: list[str], out: str) -> None:
    """One line of what was done.

    Raises:
        Exit: with code 1, where an item is bad or a shard is not done.
    """
    for line in failed:
        say(line)
    job = tally.job
    say(f"{tally.done} of {job.items} items in {tally.shards} of {job.shards} shards, {tally.bad} bad: {out}")
    if tally.bad:
        say(f"list the bad ones: seesay corpus status {out} --bad; try them again: seesay corpus retry {out}")
    if tally.bad or failed:
        raise typer.Exit(1)
