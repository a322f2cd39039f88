"""`seesay caption`: photos and clips in, sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typing_extensions import Unpack

from seesay.cli.common import note, output, progress, same_file, say
from seesay.cli.photos import LeftOut, MaxPixels, MaxSeconds
from seesay.cli.search import GroupedCommand, search_options
from seesay.cli.writing import UNMET, CaptionWriter, Encoding, EncodingOption, form_of
from seesay.errors import MediaError, MissingPartError, UsageError
from seesay.search_options import SearchSettings

if TYPE_CHECKING:
    from seesay.explain.attention import AttentionPages, WordMaps
    from seesay.media.modality import Modality
    from seesay.runtime import Captioner
    from seesay.runtime.describe import Described

EXAMPLES = """\b
Examples:
  seesay caption dog.jpg
  seesay caption photos/ --jsonl --out captions.jsonl
  seesay caption 'holiday/*.jpg' --num 3 --beam 5
  seesay caption dog.jpg --sample --temperature 0.8 --top-k 50 --top-p 0.9 --seed 1 --num 5
  seesay caption dog.jpg --beam 6 --groups 3 --num 3
  seesay caption photos/ --confident 0.7       # and of the others what may be in them
  seesay caption dog.jpg --words
  seesay caption dog.jpg --must dog --must 'red ball' --must-not man
  seesay caption dog.jpg --model a --model b   # an ensemble
  seesay caption dog.jpg --explain looked      # pictures of where the model looked, and a page
  seesay caption clip.mp4 --model runs/clips-exported
  seesay caption film.mp4 --per-scene --out film.vtt
  find . -name '*.png' | seesay caption - --csv
"""


def add_to(app: typer.Typer) -> None:
    """Make the verb known."""
    app.command(
        "caption", cls=GroupedCommand, help="Say in a sentence what is in each photo or clip.", epilog=EXAMPLES
    )(caption)


@search_options()
def caption(
    paths: list[str] = typer.Argument(
        ...,
        metavar="PATH…",
        help="Files, folders, globs, '-' for a list on standard input, addresses with --allow-url.",
    ),
    model: list[str] | None = typer.Option(
        None, "--model", help="A model's name, folder or .zip, else the embedded ones; repeated: an ensemble."
    ),
    confident: float | None = typer.Option(
        None,
        "--confident",
        metavar="P",
        help="State a sentence from this confidence on (0 to 1). [default: the model's]",
    ),
    words: bool = typer.Option(False, "--words", help="Say too which words are detected, and how likely each is."),
    as_json: bool = typer.Option(False, "--json", help="One JSON list, with scores and words."),
    as_jsonl: bool = typer.Option(False, "--jsonl", help="One JSON object a line, as they are done."),
    as_csv: bool = typer.Option(False, "--csv", help="A table: path, caption, score, error."),
    encoding: EncodingOption = Encoding.utf8,
    out: Path | None = typer.Option(
        None,
        "--out",
        help="Write to this file, whole or not at all, as its ending says: .txt, .json, .jsonl, .csv; "
        ".vtt and .srt: a clip's scenes as subtitles.",
    ),
    explain: Path | None = typer.Option(None, "--explain", help="Folder for pictures of where it looked, and a page."),
    per_scene: bool = typer.Option(False, "--per-scene", help="Cut clips into scenes; describe each, with its times."),
    allow_url: bool = typer.Option(False, "--allow-url", help="Fetch http(s) addresses."),
    allow_private: bool = typer.Option(False, "--allow-private", help="Of your own network and machine, too."),
    max_pixels: MaxPixels = None,
    max_seconds: MaxSeconds = None,
    **search: Unpack[SearchSettings],
) -> None:
    """Caption photos and clips; those that cannot be read are named, the others go on, and the exit code is 1."""
    form = form_of(as_json=as_json, as_jsonl=as_jsonl, as_csv=as_csv, out=out, encoding=encoding, subtitles=True)
    from seesay.engines import open_networks
    from seesay.media import find_media, find_pictures, printable
    from seesay.media.subtitles import SUFFIXES
    from seesay.runtime.describe import Describers, describe
    from seesay.runtime.limits import set_max_pixels, set_max_seconds

    cues = out is not None and out.suffix.lower() in SUFFIXES
    if cues and as_json + as_jsonl + as_csv:
        raise UsageError(f"--out {out}: is a subtitle file; leave out --json, --jsonl and --csv")
    if cues and search.get("num") is not None:
        raise UsageError(f"--out {out}: a subtitle file has one sentence for each scene; leave out --num")
    per_scene = per_scene or cues
    if per_scene and explain is not None:
        raise UsageError("--explain shows whole clips and photos; leave out --per-scene, or --explain")
    explainer = None if explain is None else _Explainer(explain)

    if confident is not None and not 0 <= confident <= 1:
        raise UsageError(f"--confident {confident:g}: a confidence is from 0 to 1")

    set_max_seconds(max_seconds)
    left_out = LeftOut()

    def loaded(captioner: Captioner) -> None:
        if max_pixels is not None:
            set_max_pixels(captioner, max_pixels)
        if confident is not None and not captioner.confident:
            raise UsageError(
                f"--confident: {captioner.name} does not say how sure it is; leave it out, or make the model anew: "
                "seesay export MODEL --out DIR --fit-to FORMAT:PATH"
            )
        if words and not captioner.detects:
            raise UsageError(f"--words: {captioner.name} detects no words; leave it out")
        _note_unknown(captioner, search.get("must_not") or [])
        if explainer:
            explainer.know(captioner)

    describers = Describers(model or [], search, loaded, open_networks)
    given = describers.given
    if per_scene and given is not None and given.clip is None and len(given.members) > 1:
        raise UsageError("--per-scene takes one model of photos, not several")
    photos_alone = given is not None and given.clip is None and not per_scene
    count = 0

    def sources() -> Iterator[tuple[Any, Modality]]:
        nonlocal count
        every = find_media(paths, allow_url=allow_url, allow_private=allow_private, left_out=left_out)
        alone = find_pictures(paths, allow_url=allow_url, allow_private=allow_private, left_out=left_out)
        photos: Iterator[tuple[Any, Modality]] = ((one, "picture") for one in alone)
        for source, kind in photos if photos_alone else every:
            if out is not None and same_file(source, out):
                raise UsageError(f"--out {out}: is one of the pictures; name another file")
            count += 1
            if cues and (kind == "picture" or count > 1):
                raise UsageError(f"--out {out}: a subtitle file is of one clip; name one clip alone")
            yield source, kind

    failed = done = 0
    with output(out) as stream, progress("captioning") as on_progress:
        writer = CaptionWriter(
            stream, form, per_scene=per_scene, words=words, subtitles=out if cues else None, encoding=encoding
        )
        noted = False
        for described in describe(sources(), describers, per_scene=per_scene):
            if described.times and described.captioner.clip is None and not noted:
                note(f"{described.captioner.name} describes photos: of each scene the middle frame")
                noted = True
            described = described.judged(confident)
            writer.add(described)
            if isinstance(described.result, MediaError):
                failed += 1
                say(str(described.result))
                if explainer:
                    explainer.fail(str(described.result))
            else:
                if explainer:
                    explainer.add(described)
                if not described.result[0].satisfied:
                    failed += 1
                    longest = described.captioner.options(**search).max_length
                    say(f"{printable(described.source)}: no sentence of up to {longest} words {UNMET}")
            done += 1
            on_progress(done, max(done, count))
        if cues and failed and not writer.timed:
            raise typer.Exit(1)  # and the file stays as it was
        writer.finish()
    left_out.finish()
    if not count:
        raise UsageError("no pictures were named")
    if explainer:
        note(f"where the model looked: {explainer.finish()}")
    if failed:
        raise typer.Exit(1)


def _note_unknown(captioner: Captioner, words: Sequence[str]) -> None:
    """Say which forbidden words the model never says anyhow: they may be misspelt."""
    from seesay.runtime.settings import near_words, unknown_words

    for word in unknown_words(captioner.vocabulary, words):
        note(
            f"--must-not {word}: the model does not know it and never says it.{near_words(captioner.vocabulary, word)}"
        )


class _Explainer:
    """The pages of `--explain`, begun when the first model is known."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages: AttentionPages | None = None
        self.failed: list[str] = []

    def know(self, captioner: Captioner) -> None:
        """Another model takes part.

        Raises:
            MissingPartError: it describes photos without attention, and PyTorch is not there for Grad-CAM.
        """
        from seesay.explain.attention import AttentionPages

        grad_cam = None if captioner.attends or captioner.clip else self._grad_cam(captioner)
        if self.pages is None:  # not before it is certain that there is something to show
            self.pages = AttentionPages(self.folder, captioner.name)
        else:
            self.pages.model += f" and {captioner.name}"
        self.pages.grad_cam = grad_cam or self.pages.grad_cam

    def _grad_cam(self, captioner: Captioner) -> WordMaps:
        try:
            from seesay.explain.gradcam import GradCam
        except ImportError as error:
            raise MissingPartError(
                f"--explain: {captioner.name} has no attention, and Grad-CAM in its place needs PyTorch: "
                "pip install 'seesay[train]'"
            ) from error
        return GradCam([member.artifact for member in captioner.members])

    def add(self, described: Described) -> None:
        """One photo or clip that was described."""
        assert self.pages is not None
        assert not isinstance(described.result, MediaError)
        frames = None
        if described.captioner.clip:
            members = described.captioner.members
            shown = next((one for one in members if one.attends), members[0])
            frames = shown.preprocessing.load(described.source)
        self.pages.add(described.source, described.result, frames)

    def fail(self, error: str) -> None:
        """One that could not be; the error names it."""
        self.failed.append(error)

    def finish(self) -> Path:
        """Write the page."""
        from seesay.explain.attention import AttentionPages

        pages = self.pages or AttentionPages(self.folder, "none")
        for error in self.failed:
            pages.fail(error)
        return pages.finish()
