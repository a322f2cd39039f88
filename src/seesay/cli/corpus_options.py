"""The options that the verbs of `seesay corpus` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seesay.errors import UsageError

if TYPE_CHECKING:
    from seesay.apps.corpus.engines import Engine
    from seesay.apps.corpus.runner import Limits

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE…",
        help="Folders, files, globs, '-' for a list; list:, csv:, jsonl:, parquet: or tar:FILE; fsspec addresses.",
    ),
]
Out = Annotated[str, typer.Option("--out", help="The job's folder, or an fsspec address such as s3://bucket/folder.")]
Dest = Annotated[str, typer.Argument(metavar="DEST", help="A job's folder or address: its --out.")]
Model = Annotated[
    list[str] | None,
    typer.Option("--model", help="A model's name, folder or .zip, else the embedded one; repeated: an ensemble."),
]
EngineName = Annotated[str, typer.Option("--engine", help="local: processes of this machine; ray: a Ray cluster.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes, each with a model. [default: one a core]")
]
Address = Annotated[
    str | None,
    typer.Option("--address", help="Of a Ray cluster; auto: this machine's. [default: Ray is started here]"),
]
ShardSize = Annotated[int, typer.Option("--shard-size", min=1, help="Items in a shard: most that a kill loses.")]
Format = Annotated[str, typer.Option("--format", help="Of the shards: jsonl, parquet, or tar with the photos.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the job that is in --out.")]
Column = Annotated[str | None, typer.Option("--column", help="Column of tables that holds paths or bytes.")]
Threads = Annotated[
    int, typer.Option("--threads", min=1, help="Threads of a worker's networks; other numbers may round differently.")
]
ItemSeconds = Annotated[float, typer.Option("--item-seconds", help="Longest that one item may take to open.")]
Attempts = Annotated[int, typer.Option("--attempts", min=1, help="Times that an item is tried before it is bad.")]
Metrics = Annotated[
    Path | None, typer.Option("--metrics", help="Write progress to this file for Prometheus's node exporter.")
]


def limits_of(item_seconds: float, attempts: int) -> Limits:
    """What a worker may take.

    Raises:
        UsageError: a limit that is not above 0.
    """
    from seesay.apps.corpus.runner import Limits

    if not item_seconds > 0:
        raise UsageError(f"--item-seconds {item_seconds:g}: it must be above 0")
    return Limits(item_seconds=item_seconds, attempts=attempts)


def engine_of(engine: str, workers: int | None, address: str | None, limits: Limits) -> Engine:
    """What --engine names.

    Raises:
        UsageError: there is no such engine.
    """
    from seesay.cores import usable_cores

    if engine not in ("local", "ray"):
        raise UsageError(f"--engine {engine}: there are: local, ray")
    if engine == "local":
        if address is not None:
            raise UsageError("--address is of a Ray cluster; add --engine ray")
        from seesay.apps.corpus.engines import LocalEngine

        return LocalEngine(workers or usable_cores(), limits)
    from seesay.apps.corpus.ray_engine import RayEngine

    if address is not None and workers is None:
        raise UsageError("--workers: say how many of the cluster's CPUs take part")
    return RayEngine(workers or usable_cores(), limits, address)
