"""`seesay caption`: photos in, sentences out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer

from seesay.cli.common import as_text, output, progress, say
from seesay.cli.search import (
    Beam,
    Diversity,
    GroupedCommand,
    Groups,
    LengthPower,
    MaxLength,
    MinLength,
    Must,
    MustNot,
    Sample,
    Seed,
    Temperature,
    TopK,
    TopP,
)
from seesay.errors import MediaError, MissingPartError, UsageError

if TYPE_CHECKING:
    from seesay.runtime import Caption, Captioner, SearchSettings

UNMET = "holds all that it must"
EXAMPLES = """\b
Examples:
  seesay caption dog.jpg
  seesay caption photos/ --jsonl --out captions.jsonl
  seesay caption 'holiday/*.jpg' --num 3 --beam 5
  seesay caption dog.jpg --sample --temperature 0.8 --top-k 50 --top-p 0.9 --seed 1 --num 5
  seesay caption dog.jpg --beam 6 --groups 3 --num 3
  seesay caption dog.jpg --must dog --must 'red ball' --must-not man
  seesay caption dog.jpg --model a --model b   # an ensemble
  seesay caption dog.jpg --explain looked      # pictures of where the model looked, and a page
  find . -name '*.png' | seesay caption - --csv
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command("caption", cls=GroupedCommand, help="Say in a sentence what is in each photo.", epilog=EXAMPLES)(
        caption
    )


def caption(
    paths: list[str] = typer.Argument(
        ...,
        metavar="PATH…",
        help="Files, folders, globs, '-' for a list on standard input, addresses with --allow-url.",
    ),
    model: list[str] | None = typer.Option(
        None, "--model", help="A model's name, folder or .zip, else the embedded one; repeated for an ensemble."
    ),
    beam: Beam = None,
    num: int | None = typer.Option(None, "--num", help="Captions for each photo, at most --beam. [default: 1]"),
    as_json: bool = typer.Option(False, "--json", help="One JSON list, with scores and words."),
    as_jsonl: bool = typer.Option(False, "--jsonl", help="One JSON object a line, as they are done."),
    as_csv: bool = typer.Option(False, "--csv", help="A table: path, caption, score, error."),
    out: Path | None = typer.Option(None, "--out", help="Write to this file, whole or not at all."),
    explain: Path | None = typer.Option(None, "--explain", help="Folder for pictures of where it looked, and a page."),
    allow_url: bool = typer.Option(False, "--allow-url", help="Fetch http(s) addresses."),
    min_length: MinLength = None,
    max_length: MaxLength = None,
    length_power: LengthPower = None,
    sample: Sample = False,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    seed: Seed = None,
    groups: Groups = None,
    diversity: Diversity = None,
    must: Must = None,
    must_not: MustNot = None,
) -> None:
    """Caption photos; those that cannot be read are named, the others go on, and the exit code is 1."""
    if as_json + as_jsonl + as_csv > 1:
        raise UsageError("--json, --jsonl and --csv: choose one")
    import seesay
    from seesay.media import find_pictures, printable

    search: SearchSettings = {
        "beam": beam,
        "num": num,
        "min_length": min_length,
        "max_length": max_length,
        "length_power": length_power,
        "sample": sample,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
        "groups": groups,
        "diversity": diversity,
        "must": must,
        "must_not": must_not,
    }
    captioner = seesay.load(model or None)
    options = captioner.options(**search)  # what is wrong is refused before anything is read
    _note_unknown(captioner, must_not or [])
    pages = _explainer(explain, captioner)
    found: list[Any] = []

    def sources() -> Any:
        for source in find_pictures(paths, allow_url=allow_url):
            if out is not None and isinstance(source, Path) and _same(source, out):
                raise UsageError(f"--out {out}: is one of the pictures; name another file")
            found.append(source)
            yield source

    failed = 0
    with output(out) as stream, progress("captioning") as tell:
        writer = _Writer(
            stream, captioner.name, "json" if as_json else "jsonl" if as_jsonl else "csv" if as_csv else ""
        )
        for index, result in captioner.stream(sources(), **search):
            if isinstance(result, MediaError):
                failed += 1
                say(str(result))
                writer.add(found[index], [], str(result))
                if pages:
                    pages.fail(str(result))
            else:
                writer.add(found[index], result, None)
                if pages:
                    pages.add(found[index], result)
                if not result[0].satisfied:
                    failed += 1
                    say(f"{printable(found[index])}: no sentence of up to {options.max_length} words {UNMET}")
            tell(index + 1, len(found))
        writer.finish()
    if pages:
        say(f"where the model looked: {pages.finish()}")
    if not found:
        raise UsageError("no pictures were named")
    if failed:
        raise typer.Exit(1)


def _same(picture: Path, out: Path) -> bool:
    try:
        return out.exists() and picture.samefile(out)
    except OSError:
        return False


class _Writer:
    """Results in the form asked for, each as soon as it can be."""

    def __init__(self, stream: IO[str], model: str, form: str) -> None:
        self.stream, self.model, self.form = stream, model, form
        self.entries: list[dict[str, Any]] = []
        if form == "csv":
            import csv

            self.table = csv.writer(stream)
            self.table.writerow(["path", "caption", "score", "error"])

    def add(self, source: object, captions: list[Caption], error: str | None) -> None:
        """One photo's captions, or its error."""
        from seesay.media import printable

        path = as_text(source)
        if self.form == "csv":
            for one in captions:
                self.table.writerow([path, one.text, one.score, "" if one.satisfied else f"not one {UNMET}"])
            if error:
                self.table.writerow([path, "", "", error])
        elif self.form:
            captions_json = [one.to_json() for one in captions]
            entry = {"path": path, "captions": captions_json, "model": self.model, "error": error}
            if self.form == "json":
                self.entries.append(entry)
                return
            self.stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
        else:
            for one in captions:
                self.stream.write(f"{printable(source)}: {one.text}\n")
        self.stream.flush()

    def finish(self) -> None:
        """What can only be written at the end."""
        if self.form == "json":
            json.dump(self.entries, self.stream, ensure_ascii=False, indent=1)
            self.stream.write("\n")


def _note_unknown(captioner: Captioner, words: list[str]) -> None:
    """Say which forbidden words the model never says anyhow: they may be misspelt."""
    from seesay.runtime.settings import near_words, unknown_words

    for word in unknown_words(captioner.vocabulary, words):
        say(f"--must-not {word}: the model does not know it and never says it.{near_words(captioner.vocabulary, word)}")


def _explainer(folder: Path | None, captioner: Captioner) -> Any:
    if folder is None:
        return None
    from seesay.report.attention import AttentionPages

    if captioner.attends:
        return AttentionPages(folder, captioner.name)
    try:
        from seesay.report.gradcam import GradCam
    except ImportError as error:
        raise MissingPartError(
            f"--explain: {captioner.name} has no attention, and Grad-CAM in its place needs PyTorch: "
            "pip install 'seesay[train]'"
        ) from error
    return AttentionPages(folder, captioner.name, GradCam([member.artefact for member in captioner.members]))
