"""`seesay recognize`: clips in, activities out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seesay.cli.common import note, output, progress, same_file, say
from seesay.cli.photos import LeftOut, MaxPixels, MaxSeconds
from seesay.cli.writing import Encoding, EncodingOption, PredictionWriter, form_of
from seesay.errors import MediaError, MissingPartError, UsageError
from seesay.files import CsvWriter

if TYPE_CHECKING:
    from seesay.media.source import WebPicture
    from seesay.runtime import Recognizer

EXAMPLES = """\b
Examples:
  seesay recognize clip.mp4 --model model
  seesay recognize clip.mp4 --model frames --model flow   # late fusion
  seesay recognize clips/ --model model --top 3 --jsonl --out found.jsonl
  seesay recognize clip.mp4 --model model --timeline over-time.csv
  seesay recognize --camera 0 --model model
  seesay recognize --camera https://host/live.m3u8 --allow-url --jsonl
  seesay recognize note.txt --model model-of-texts
  seesay recognize sounds/ --model model-of-sounds --json
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command(
        "recognize", help="Name the activity that each clip shows, or the class of each text or sound.", epilog=EXAMPLES
    )(recognize)


def recognize(
    paths: list[str] = typer.Argument(
        None,
        metavar="PATH…",
        help="Files, folders, globs, '-' for a list on standard input, addresses with --allow-url.",
    ),
    model: list[str] | None = typer.Option(
        None,
        "--model",
        help="A model's name, folder or .zip, else the embedded one; repeated: their probabilities are averaged.",
    ),
    top: int = typer.Option(5, "--top", help="Activities for each clip."),
    as_json: bool = typer.Option(False, "--json", help="One JSON list, with probabilities."),
    as_jsonl: bool = typer.Option(False, "--jsonl", help="One JSON object a line, as they are done."),
    as_csv: bool = typer.Option(False, "--csv", help="A table: path, label, probability, error."),
    encoding: EncodingOption = Encoding.utf8,
    out: Path | None = typer.Option(
        None, "--out", help="Write to this file, whole or not at all, as its ending says: .txt, .json, .jsonl or .csv."
    ),
    timeline: Path | None = typer.Option(
        None, "--timeline", help="Of one clip: probabilities over time, as FILE.csv and, plotted, as FILE.png."
    ),
    every: float | None = typer.Option(
        None, "--every", help="Seconds between judgments, with --timeline and --camera. [default: 1]"
    ),
    window: float | None = typer.Option(
        None, "--window", help="Seconds judged together, with --timeline and --camera. [default: 4]"
    ),
    camera: str | None = typer.Option(
        None, "--camera", help="In place of paths: a camera, 0 is the first, or, with --allow-url, a stream's address."
    ),
    allow_url: bool = typer.Option(False, "--allow-url", help="Fetch http(s) addresses."),
    allow_private: bool = typer.Option(False, "--allow-private", help="Of your own network and machine, too."),
    max_pixels: MaxPixels = None,
    max_seconds: MaxSeconds = None,
) -> None:
    """Recognize clips; those that cannot be read are named, the others go on, and the exit code is 1."""
    form = form_of(as_json=as_json, as_jsonl=as_jsonl, as_csv=as_csv, out=out, encoding=encoding)
    if (camera is None) == (not paths):
        raise UsageError("name clips, or a --camera, one of the two")
    if camera is not None and (timeline or form == "json"):
        raise UsageError("--camera has no end: use --jsonl or --csv, without --timeline")
    if camera is None and timeline is None and (every, window) != (None, None):
        raise UsageError("--every and --window are for --timeline and --camera")
    if top < 1:
        raise UsageError(f"--top {top}: it must be 1 or more")
    live = None if camera is None else _live(camera, allow_url, allow_private)
    written = [] if timeline is None else _table_and_plot(timeline)
    if out is not None and any(out.resolve() == file.resolve() for file in written):
        raise UsageError(f"--out {out}: is a file of --timeline; name another")
    from seesay.engines import open_networks
    from seesay.media import find_endings, printable
    from seesay.media.modality import SOUND_SUFFIXES, TEXT_SUFFIXES
    from seesay.runtime import load_recognizer
    from seesay.runtime.limits import set_max_pixels, set_max_seconds
    from seesay.runtime.recognizer import WINDOW

    set_max_seconds(max_seconds)
    recognizer = load_recognizer(model or None, networks=open_networks)
    suffixes = {"text": TEXT_SUFFIXES, "sound": SOUND_SUFFIXES}.get(recognizer.modality)
    if suffixes is not None and (camera is not None or timeline is not None or allow_url):
        raise UsageError(
            f"{recognizer.name} judges whole {recognizer.modality}s: --camera, --timeline and --allow-url are for clips"
        )
    seconds = {"every": 1.0 if every is None else every, "window": WINDOW if window is None else window}
    if live is not None or timeline is not None:
        recognizer.spacing(**seconds)  # what is wrong is refused before anything is read
    if live is not None:
        following = recognizer.follow(live, **seconds)
        begun = list(itertools.islice(following, 1))  # what cannot be opened is told before a file is made
        moments = itertools.chain(begun, following)
        with output(out, endless=True) as stream:
            writer = PredictionWriter(stream, form, recognizer.name, moments=True, encoding=encoding)
            name = f"camera {live}" if isinstance(live, int) else camera
            for second, probabilities in moments:
                writer.add(name, recognizer.best(probabilities, top), None, round(second, 2))
        return
    if max_pixels is not None:
        set_max_pixels(recognizer, max_pixels)
    left_out = LeftOut()
    found: list[Any] = []

    def sources() -> Iterator[Any]:
        for source in find_endings(paths, suffixes) if suffixes else _clips(paths, allow_url, allow_private, left_out):
            found.append(source)
            if timeline is not None and len(found) > 1:
                raise UsageError("--timeline is of one clip, and several were named")
            for file in [*([] if out is None else [out]), *written]:
                if same_file(source, file):
                    raise UsageError(f"{file}: would be written over, and is to be read; name another file")
            yield source

    failed = 0
    with output(out) as stream, progress("recognizing") as on_progress:
        writer = PredictionWriter(stream, form, recognizer.name, encoding=encoding)
        for index, result in recognizer.stream(sources(), top=top):
            if isinstance(result, MediaError):
                failed += 1
                say(str(result))
                writer.add(found[index], [], str(result))
            else:
                writer.add(found[index], result, None)
            on_progress(index + 1, len(found))
        writer.finish()
    left_out.finish()
    if not found:
        raise UsageError(f"no {recognizer.modality}s were named")
    if timeline is not None and not failed:
        _timeline(recognizer, found[0], written, seconds, printable(found[0]))
    if failed:
        raise typer.Exit(1)


def _clips(paths: list[str], allow_url: bool, allow_private: bool, left_out: LeftOut) -> Iterator[Any]:
    from seesay.media import find_media

    return (
        source for source, _ in find_media(paths, allow_url=allow_url, allow_private=allow_private, left_out=left_out)
    )


def _live(camera: str, allow_url: bool, allow_private: bool) -> int | WebPicture:
    """What --camera names.

    Raises:
        UsageError: neither a camera's number nor an address, or an address without --allow-url.
    """
    from seesay.media.source import WebPicture, is_url

    if camera.isdecimal():
        return int(camera)
    if not is_url(camera):
        raise UsageError(f"--camera {camera}: is neither a camera's number (0 is the first) nor a stream's address")
    if not allow_url:
        raise UsageError(f"--camera {camera}: is on the web; allow that with --allow-url")
    return WebPicture(camera, allow_private)


def _table_and_plot(file: Path) -> list[Path]:
    """The two files of --timeline: its name with each ending, which it may have already.

    Raises:
        UsageError: one cannot be written.
        MissingPartError: the plot was named, and nothing to plot with is installed; else only the table is written.
    """
    stem = file.with_suffix("") if file.suffix.lower() in (".csv", ".png") else file
    written = [stem.with_name(stem.name + ending) for ending in (".csv", ".png")] if stem.name else [file]
    for one in written:
        if one.is_dir():
            raise UsageError(f"--timeline {file}: {one} is a folder; name a file")
    try:
        import seesay.report.timeline  # noqa: F401
    except ModuleNotFoundError as error:
        part = str(error.name).partition(".")[0]
        lack = f"the plot of --timeline needs {part}: pip install {part}"
        if file.suffix.lower() == ".png":
            raise MissingPartError(lack) from None
        say(f"{lack}; the table is written without it")
        del written[1:]
    return written


def _timeline(recognizer: Recognizer, source: Any, written: list[Path], seconds: dict[str, float], title: str) -> None:
    """Write the table, row by row, and the plot beside it."""
    rows = []
    table_file, *plot_files = written
    with output(table_file) as stream:
        table = CsvWriter(stream)
        table.writerow(["seconds", *recognizer.labels])
        for second, probabilities in recognizer.timeline(source, **seconds):
            table.writerow([f"{second:g}", *(f"{p:.6f}" for p in probabilities)])
            rows.append((second, probabilities))
    note(f"probabilities over time: {table_file}")
    for plot_file in plot_files:
        from seesay.report.timeline import plot

        plot(rows, recognizer.labels, title, plot_file)
        note(f"plotted: {plot_file}")
