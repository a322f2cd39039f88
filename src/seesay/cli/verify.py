"""`seesay verify`: what a model holds and refers to, and whether it is what it says, without running it."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from seesay.cli.common import say, table

EXAMPLES = """\b
Examples:
  seesay verify default
  seesay verify downloaded.zip
  seesay verify folder-of-onnx-and-safetensors --json
Exit codes: 0 nothing is refused, 2 no such model, 4 something is refused.
"""
_REFUSED = 4


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("verify", help="What a model holds, whether its sums hold, and what is refused.", epilog=EXAMPLES)(
        verify
    )


def verify(
    model: str = typer.Argument(..., metavar="MODEL", help="Name, folder or .zip of a model, SeeSay's or not."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
) -> None:
    """Look at a model without running anything in it."""
    from seesay.artifact import EMBEDDED, MANIFEST
    from seesay.artifact.verify import verify_model

    embedded = EMBEDDED / model
    found = verify_model(embedded if "/" not in model and (embedded / MANIFEST).is_file() else Path(model))
    if as_json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        rows = [
            {
                "file": file.name,
                "bytes": file.size or "",
                "SHA-256": file.sha256 or "-",
                "holds": file.holds,
                "refers to": ", ".join(file.refers),
            }
            for file in found.files
        ]
        print(f"{found.kind}{f' {found.name!r}, task {found.task}' if found.name else ''}\n{table(rows)}")
    for fault in found.faults:
        say(f"{found.source}: {fault}")
    for file in found.files:
        for fault in file.faults:
            say(f"{found.source}: {file.name}: {fault}")
    if not found.sound:
        raise typer.Exit(_REFUSED)
    if not as_json:
        print("nothing is refused")
